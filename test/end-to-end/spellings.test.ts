import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { compute } from '../../src/jobs/compute.ts'
import { rollUp } from '../../src/jobs/index.ts'
import { startOfTest } from '../support/context.ts'
import { withServerPerTest } from '../support/fixtures.ts'
import type { Json, TestServer } from '../support/server.ts'

const it = withServerPerTest()
it.beforeEach(async ({ server }) => {
	const sensitive = { sensitive: ['grade'], segments: ['branch'] }
	await server.post('/v1/models', {
		model: 'm',
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
		...sensitive,
	})
})

const rows = 300
const codes = Array.from({ length: rows }, (_, i) => [1, 2, 3, 3][i % 4] as number)
const flags = codes.map((_, i) => i % 3 === 0)
const ids = codes.map((code) => `61770016995829350${code}`)
type Spelling = { code: (x: number) => string; flag: (x: boolean) => string; id: (x: string) => string }

/** JSON text of the values, as one client or another writes them. */
const json: Record<string, Spelling> = {
	integers: { code: String, flag: String, id: String },
	floats: { code: (x) => `${x}.0`, flag: (x) => (x ? '1.0' : '0.0'), id: String },
	texts: { code: (x) => `"${x}"`, flag: (x) => `"${x}"`, id: (x) => `"${x}"` },
	'data frame texts': {
		code: (x) => `"${x}.0"`,
		flag: (x) => (x ? '"True"' : '"False"'),
		id: (x) => `"${x}"`,
	},
}

const ndjson = (spelling: Spelling, more: (i: number) => string) =>
	codes
		.map(
			(code, i) =>
				`{${more(i)}"features":{"grade":${spelling.code(code)},"flag":${spelling.flag(flags[i] as boolean)},"cell":${spelling.id(ids[i] as string)}}}`,
		)
		.join('\n')

const csv = (code: (x: number) => string, flag: (x: boolean) => string) =>
	`grade,flag,cell\n${codes.map((c, i) => `${code(c)},${flag(flags[i] as boolean)},${ids[i]}`).join('\n')}\n`

const parquet = () =>
	new Uint8Array(
		parquetWriteBuffer({
			columnData: [
				{
					name: 'grade',
					data: codes.map((c, i) => (i % 150 === 0 ? null : c)),
					type: 'DOUBLE',
					nullable: true,
				},
				{ name: 'flag', data: flags, type: 'BOOLEAN' },
				{ name: 'cell', data: ids.map(BigInt), type: 'INT64' },
			],
		}),
	)

const baselines: Record<string, () => { type: string; body: BodyInit }> = {
	'CSV of integers': () => ({ type: 'text/csv', body: csv(String, (f) => (f ? '1' : '0')) }),
	'CSV of floats': () => ({
		type: 'text/csv',
		body: csv(
			(c) => `${c}.0`,
			(f) => (f ? 'True' : 'False'),
		),
	}),
	Parquet: () => ({ type: 'application/vnd.apache.parquet', body: parquet() }),
	...Object.fromEntries(
		Object.entries(json).map(([name, spelling]) => [
			`NDJSON of ${name}`,
			() => ({ type: 'application/x-ndjson', body: ndjson(spelling, () => '') }),
		]),
	),
}

const features = ['grade', 'flag', 'cell'].map((name) => ({ name, type: 'categorical' }))
const metric = async (server: TestServer, query: string): Promise<Json[]> =>
	(await server.fetch(`/v1/models/m/metrics?limit=1000&window=1d&${query}`)).body.items

it('integer codes and booleans are the same categories, however baseline and traffic spell them', async ({
	server,
}) => {
	const versions = Object.keys(baselines)
	for (const [v, name] of versions.entries()) {
		const { type, body } = (baselines[name] as (typeof baselines)[string])()
		await server.post('/v1/models/m/versions', { version: name, features })
		const answer = await server.fetch(`/v1/models/m/versions/${encodeURIComponent(name)}/baseline`, {
			method: 'PUT',
			body,
			headers: { 'content-type': type },
		})
		expect([name, answer.status, answer.body.features?.slice(0, 3).map((f: Json) => f.cells)]).toEqual([
			name,
			201,
			[3, 2, 3],
		])
		for (const [d, spelling] of Object.values(json).entries()) {
			const at = new Date(startOfTest - (d + 2) * dayMs).toISOString()
			const sent = ndjson(
				spelling,
				(i) =>
					`"predictionId":"${v}-${d}-${i}","version":"${name}","timestamp":"${at}","score":0.${i % 10},"segment":{"branch":${spelling.code(codes[i] as number)}},`,
			)
			const { body } = await server.fetch('/v1/models/m/predictions', {
				method: 'POST',
				body: sent,
				headers: { 'content-type': 'application/x-ndjson' },
			})
			expect(body.accepted).toBe(rows)
		}
	}
	await rollUp.run(server.context)
	await compute.run(server.context)
	for (const version of versions) {
		const of = `version=${encodeURIComponent(version)}`
		const psi = await metric(server, `metric=drift.psi&${of}`)
		const compared = psi.filter(
			(a) => a.subject.feature !== '$score' && a.subject.feature !== '$decision' && !a.subject.segment,
		)
		expect([version, compared.length]).toEqual([version, 12])
		for (const { value, subject, window } of compared)
			expect([version, subject.feature, window.from, value < 0.05]).toEqual([
				version,
				subject.feature,
				window.from,
				true,
			])
		const unseen = await metric(server, `metric=quality.unseen_categories&${of}`)
		expect(unseen.filter((a) => a.value !== 0 && a.subject.feature !== '$decision')).toEqual([])
	}
	const groups = await metric(server, 'metric=fairness.selection_rate')
	expect(new Set(groups.map((a) => a.subject.group))).toEqual(new Set(['grade=1', 'grade=2', 'grade=3']))
	const segments = await metric(server, 'metric=quality.volume&segment=branch')
	expect(new Set(segments.map((a) => a.subject.segment.value))).toEqual(new Set(['1', '2', '3']))
})

it('texts that are not the same integer are different categories', async ({ server }) => {
	const release = ['1.1', '1.10', '1.1', '007', '7', 'NA']
	const line = (more: string, value: string) => `{${more}"features":{"release":"${value}"}}`
	await server.post('/v1/models/m/versions', {
		version: '1',
		features: [{ name: 'release', type: 'categorical' }],
	})
	const many = Array.from({ length: 300 }, (_, i) => release[i % release.length] as string)
	const answer = await server.fetch('/v1/models/m/versions/1/baseline', {
		method: 'PUT',
		body: many.map((value) => line('', value)).join('\n'),
		headers: { 'content-type': 'application/x-ndjson' },
	})
	expect(answer.body.features[0]).toMatchObject({ name: 'release', cells: 5 })
	const at = new Date(startOfTest - 2 * dayMs).toISOString()
	const traffic = many.map((value, i) =>
		line(
			`"predictionId":"r${i}","version":"1","timestamp":"${at}",`,
			i < 60 ? (['1.100', '1.0', '7.0', '0', '07'][i % 5] as string) : value,
		),
	)
	await server.fetch('/v1/models/m/predictions', {
		method: 'POST',
		body: traffic.join('\n'),
		headers: { 'content-type': 'application/x-ndjson' },
	})
	await rollUp.run(server.context)
	await compute.run(server.context)
	const [unseen] = await metric(server, 'metric=quality.unseen_categories&feature=release')
	expect(unseen?.value).toBe(60)
})
