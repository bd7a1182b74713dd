import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { formatTime } from '../../../src/core/time.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServer()
it.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'm', task: 'binary', positiveLabel: '1', segments: ['cell'] })
	const features = [
		{ name: 'income', type: 'numeric' },
		{ name: 'h3', type: 'categorical' },
	]
	await server.post('/v1/models/m/versions', { version: '1', features })
	await server.post('/v1/models', { model: 'wine', task: 'multiclass' })
	await server.post('/v1/models/wine/versions', { version: '1', features })
	await server.post('/v1/models', { model: 'price', task: 'regression' })
	await server.post('/v1/models/price/versions', { version: '1', features })
})

const at = formatTime(startOfTest - 1000)
const types = { json: 'application/json', ndjson: 'application/x-ndjson' }
const post = (
	server: TestServer,
	body: BodyInit,
	type: keyof typeof types,
	{ kind = 'predictions', model = 'm', encoding = '' } = {},
) =>
	server.fetch(`/v1/models/${model}/${kind}`, {
		method: 'POST',
		body,
		headers: { 'content-type': types[type], ...(encoding && { 'content-encoding': encoding }) },
	})
const row = (id: string, more = '"features":{"income":1,"h3":"a"}') =>
	`{"predictionId":"${id}","version":"1","timestamp":"${at}",${more}}`
const read = async (server: TestServer, id: string, model = 'm') =>
	(await server.fetch(`/v1/models/${model}/predictions/${id}`)).body
const rejected = (body: Json) => body.rejected.map((r: Json) => [r.index, r.code, r.path, r.message])

describe('integers beyond 2^53', () => {
	it('keep their digits where they name something, and are numbers where they count', async ({ server }) => {
		const more = (n: string) =>
			`"features":{"income":${n},"h3":${n},"extra":[${n}]},"segment":{"cell":${n}},"label":${n}`
		const numbers = ['617700169958293503', '617700169958293504']
		const { body } = await post(
			server,
			`[${numbers.map((n, i) => row(`big${i}`, more(n))).join(',')}]`,
			'json',
		)
		expect([body.accepted, body.rejected]).toEqual([2, []])
		for (const [i, n] of numbers.entries())
			expect(await read(server, `big${i}`)).toMatchObject({
				features: { income: Number(n), h3: n },
				segment: { cell: n },
				label: n,
				quality: [
					{ code: 'unknown-feature', path: 'features.extra' },
					{ code: 'unknown-label', path: 'label' },
				],
			})
		// The same as text is the same row.
		const asText = row('big0', more(numbers[0] as string).replace(/"(h3|cell|label)":(\d+)/g, '"$1":"$2"'))
		expect((await post(server, asText, 'ndjson')).body).toMatchObject({ duplicates: 1, rejected: [] })
	})

	it('keep them in feature logs, groups and outcomes, but are numbers to a regression', async ({
		server,
	}) => {
		const n = '9007199254740993'
		const log = (member: string) => `{"subject":"s1","timestamp":"${at}",${member}}`
		expect(
			(await post(server, log(`"features":{"income":${n},"h3":${n}}`), 'ndjson', { kind: 'features' })).body
				.accepted,
		).toBe(1)
		expect(
			(await post(server, log(`"groups":{"cell":${n}}`), 'ndjson', { kind: 'groups' })).body.accepted,
		).toBe(1)
		await post(server, row('s', '"subject":"s1","score":0.5'), 'ndjson')
		expect((await read(server, 's')).features).toEqual({ income: 9007199254740992, h3: n })
		expect((await server.fetch('/v1/models/m/groups/s')).body.groups[0]?.groups ?? {}).toEqual({ cell: n })
		for (const [model, actual] of [
			['wine', n],
			['price', 9007199254740992],
		] as const) {
			await post(server, row('o'), 'ndjson', { model })
			await post(server, `{"predictionId":"o","timestamp":"${at}","actual":${n}}`, 'ndjson', {
				model,
				kind: 'outcomes',
			})
			expect((await read(server, 'o', model)).outcome.actual).toBe(actual)
		}
	})

	it('are refused as ids, with the digits that were sent', async ({ server }) => {
		const { body } = await post(server, readFileSync('test/cases/11-bigid.ndjson'), 'ndjson')
		expect(rejected(body)).toEqual(
			[1, 2, 3].map((i) => [
				i - 1,
				'invalid',
				'predictionId',
				`is the number 723456789012345600${i}; send the text "723456789012345600${i}"`,
			]),
		)
	})

	it('are marked where their digits were lost before', async ({ server }) => {
		await post(
			server,
			row('inexact', '"features":{"income":1e300,"h3":1.5e300},"segment":{"cell":1e22}'),
			'ndjson',
		)
		expect((await read(server, 'inexact')).quality.map((q: Json) => [q.code, q.path])).toEqual([
			['inexact-number', 'features.h3'],
			['inexact-number', 'segment.cell'],
		])
	})
})

describe('bytes', () => {
	const latin = Buffer.from(row('é'), 'latin1')

	it('that are not UTF-8 refuse the row of NDJSON, and the whole of a JSON array', async ({ server }) => {
		const lines = Buffer.concat([Buffer.from(`${row('u1')}\n`), latin, Buffer.from(`\n${row('u2')}`)])
		const { body } = await post(server, lines, 'ndjson')
		expect([body.accepted, rejected(body)]).toEqual([2, [[1, 'malformed', '', 'the line is not UTF-8']]])
		const array = await post(server, Buffer.concat([Buffer.from('['), latin, Buffer.from(']')]), 'json')
		expect([array.status, array.body.detail]).toEqual([400, expect.stringContaining('not UTF-8')])
	})

	it('in UTF-16 are read, and a lone surrogate that was escaped is kept as U+FFFD', async ({ server }) => {
		const text = `${row('sechzehn')}\n${row('lone', '"features":{"income":1,"h3":"x\\ud800"}')}\n`
		for (const [type, body] of [
			['ndjson', text],
			['json', `[${text.trim().replace('\n', ',')}]`],
		] as const)
			expect((await post(server, Buffer.from(`\ufeff${body}`, 'utf16le'), type)).body.rejected).toEqual([])
		expect((await read(server, 'sechzehn')).features.h3).toBe('a')
		expect((await read(server, 'lone')).features.h3).toBe('x\ufffd')
	})

	it('of a lone surrogate refuse an id, so that no two ids become one', async ({ server }) => {
		const ids = ['lone\\ud800', 'lone\\ud801', 'pair\\ud83d\\ude00']
		const { body } = await post(server, ids.map((id) => row(id)).join('\n'), 'ndjson')
		const why = 'contains a lone surrogate, which is not Unicode text'
		expect([body.accepted, rejected(body)]).toEqual([
			1,
			[
				[0, 'invalid', 'predictionId', why],
				[1, 'invalid', 'predictionId', why],
			],
		])
	})

	it('of several gzip members are one body', async ({ server }) => {
		const members = Buffer.concat([gzipSync(`${row('g1')}\n`), gzipSync(row('g2'))])
		expect((await post(server, members, 'ndjson', { encoding: 'gzip' })).body.accepted).toBe(2)
		const { body } = await post(server, readFileSync('test/cases/23-http.ndjson.gz'), 'ndjson', {
			encoding: 'gzip',
		})
		expect([...body.rejected.map((r: Json) => r.predictionId)]).toEqual(['mm1', 'mm2'])
		expect(body.rejected[0].code).toBe('in-future')
	})

	it('that are cut off say so, and what was stored before', async ({ server }) => {
		const ids = Array.from({ length: 3000 }, (_, i) => `cut${i}-${Math.imul(i, 0x9e3779b1)}`)
		const packed = gzipSync(ids.map((id) => row(id)).join('\n'))
		const cut = await post(server, packed.subarray(0, packed.length * 0.9), 'ndjson', { encoding: 'gzip' })
		expect(cut.status).toBe(400)
		expect(cut.body.detail).toMatch(/cut off.* \d000 rows before it are stored; send the whole body again/)
		const again = await post(server, packed, 'ndjson', { encoding: 'gzip' })
		const stored = Number(/(\d+) rows/.exec(cut.body.detail)?.[1])
		expect([again.body.accepted, again.body.duplicates]).toEqual([3000 - stored, stored])
		const small = await post(server, gzipSync(row('small')).subarray(0, 60), 'ndjson', { encoding: 'gzip' })
		expect([small.status, small.body.detail]).toEqual([400, expect.stringContaining('No row was stored.')])
	})
})

describe('moments that do not exist', () => {
	it('are invalid in rows', async ({ server }) => {
		const { body } = await post(server, readFileSync('test/cases/15-impossible-date.ndjson'), 'ndjson')
		expect(rejected(body)).toEqual([
			[0, 'invalid', 'timestamp', expect.stringContaining('2026-09-31T10:00:00Z')],
		])
		const outcome = await post(
			server,
			'{"predictionId":"x","actual":1,"timestamp":"2026-02-30T00:00:00Z"}',
			'ndjson',
			{ kind: 'outcomes' },
		)
		expect(outcome.body.rejected[0].code).toBe('invalid')
		const baseline = await server.fetch('/v1/models/m/versions/1/baseline', {
			method: 'PUT',
			json: [{ timestamp: '2026-06-31T00:00:00Z', features: { income: 1 } }],
		})
		expect([baseline.status, baseline.body.errors[0].path]).toEqual([422, 'rows.0.timestamp'])
	})

	it('are invalid in queries, expiries and silences', async ({ server }) => {
		for (const path of [
			'/v1/models/m/metrics?from=2026-02-30T00:00:00Z',
			'/v1/incidents?to=2026-04-31T00:00:00Z',
		])
			expect([path, (await server.fetch(path)).status]).toEqual([path, 422])
		const key = { name: 'k', role: 'viewer', expires: '2027-02-29T00:00:00Z' }
		expect((await server.post('/v1/keys', key)).status).toBe(422)
		const silence = { models: ['m'], reason: 'r' }
		for (const [member, time] of [
			['expires', '2027-06-31T00:00:00Z'],
			['startsAt', '2027-06-31T00:00:00Z'],
		] as const) {
			const { status, body } = await server.post('/v1/silences', {
				...silence,
				expires: '2h',
				[member]: time,
			})
			expect([status, body.errors.map((e: Json) => e.path)]).toEqual([422, [member]])
		}
	})
})

describe('values of the wrong kind', () => {
	it.for([
		['"version":1', 'version', 'is the number 1; send the text "1"'],
		['"subject":17', 'subject', 'is the number 17; send the text "17"'],
		['"environment":true', 'environment', 'is true; send the text "true"'],
		['"subject":""', 'subject', 'is empty; send a text of 1 to 256 characters'],
		['"score":"0.7"', 'score', 'is the text "0.7"; send the number 0.7'],
		['"score":true', 'score', 'is true; send a finite number, or null'],
		['"score":1e400', 'score', 'is too large; send a finite number'],
		['"label":["a"]', 'label', 'is a list; send a text, a number or a boolean'],
		['"segment":{"cell":{"a":1}}', 'segment.cell', 'is an object; send a text, a number or a boolean'],
		['"segment":"north"', 'segment', 'is the text "north"; send an object of segment name to value'],
		['"features":[1]', 'features', 'is a list; send an object of feature name to value'],
		['"probabilities":[0.2,0.8]', 'probabilities', 'is a list; send an object of name to number'],
		['"probabilities":{"a":null}', 'probabilities.a', 'is null; send a finite number'],
		['"latencyMs":-3', 'latencyMs', 'is -3; send milliseconds, 0 or more'],
		[
			'"timestamp":1764324000',
			'timestamp',
			'is the number 1764324000, which is not an RFC 3339 time with an offset, such as 2026-03-01T12:00:00Z',
		],
		['"score":NaN', '', 'score is a bare NaN, which is not JSON: send null'],
		[
			'"features":{"income":-Infinity}',
			'',
			'features.income is a bare -Infinity, which is not JSON: send null',
		],
		['"features":{"income":1,"income":2}', 'features.income', 'is there twice in one object'],
	] as const)('name the cause and the fix: %s', async ([member, path, message], { server }) => {
		const name = /^"(\w+)"/.exec(member)?.[1] as string
		const members = { predictionId: '"odd"', version: '"1"', timestamp: `"${at}"` } as Record<string, string>
		const text = Object.entries(members).flatMap(([k, v]) => (k === name ? [] : [`"${k}":${v}`]))
		const { body } = await post(server, `${row('fine')}\n{${[...text, member].join(',')}}`, 'ndjson')
		expect(body.rejected.map((r: Json) => [r.index, r.path, r.message])).toEqual([[1, path, message]])
	})

	it('of Python in a JSON array name the row', async ({ server }) => {
		for (const path of ['predictions', 'versions/1/baseline']) {
			const answer = await server.fetch(`/v1/models/m/${path}`, {
				method: path === 'predictions' ? 'POST' : 'PUT',
				body: `[${row('n1')},${row('n2', '"features":{"income":NaN}')}]`,
				headers: { 'content-type': types.json },
			})
			expect(answer.status).toBe(400)
			expect(answer.body.detail).toContain(
				'row 1, features.income is a bare NaN, which is not JSON: send null',
			)
		}
	})

	it('that are nested without end refuse the row alone, at its place', async ({ server }) => {
		const refusal = [0, 'invalid', 'features.income', 'is nested deeper than 32 levels']
		for (const levels of [40, 5000, 200_000]) {
			const deep = row(`deep${levels}`, `"features":{"income":${'['.repeat(levels)}${']'.repeat(levels)}}`)
			const { body } = await post(server, `${deep}\n${row(`line${levels}`)}`, 'ndjson')
			expect([body.accepted, rejected(body)]).toEqual([1, [refusal]])
			const array = await post(server, `[${deep},${row(`array${levels}`)}]`, 'json')
			expect([array.status, array.body.accepted, rejected(array.body)]).toEqual([200, 1, [refusal]])
		}
	})

	it('are kept and marked where they may be meant', async ({ server }) => {
		for (const score of [1.7, -0.2]) {
			await post(server, row(`s${score}`, `"features":{"income":1,"h3":"a"},"score":${score}`), 'ndjson')
			expect((await read(server, `s${score}`)).quality).toMatchObject([
				{ code: 'score-range', path: 'score' },
			])
		}
		const probabilities = [
			['{"a":0.5,"b":0.4}', 'probability-sum', 'probabilities'],
			['{"a":1.2,"b":-0.2}', 'probability-range', 'probabilities.a'],
			['{"a":0.6,"b":0.4},"label":"c"', 'unknown-class', 'label'],
		] as const
		for (const [i, [given, code, path]] of probabilities.entries()) {
			const members = `"features":{"income":1,"h3":"a"},"probabilities":${given}`
			await post(server, row(`c${i}`, members), 'ndjson', { model: 'wine' })
			expect((await read(server, `c${i}`, 'wine')).quality).toMatchObject([{ code, path }])
		}
	})

	it('are names like any other when they are called __proto__ or 2023', async ({ server }) => {
		const members =
			'"features":{"2023":1,"__proto__":2,"2022":3},"segment":{"__proto__":9007199254740993,"cell":"c"}'
		await post(server, row('proto', members), 'ndjson')
		const text = (await server.fetch('/v1/models/m/predictions/proto')).text
		expect(text).toContain('"features":{"2022":3,"2023":1,"__proto__":2}')
		expect(text).toContain('"__proto__":"9007199254740993"')
		const twice = row('proto2', '"features":{"__proto__":1,"__proto__":2}')
		expect(rejected((await post(server, `[${row('proto3')},${twice}]`, 'json')).body)).toEqual([
			[1, 'invalid', 'features.__proto__', 'is there twice in one object'],
		])
	})
})
