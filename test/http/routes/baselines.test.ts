import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect } from 'vitest'
import { defaultLimits } from '../../../src/core/limits.ts'
import { withServer } from '../../support/fixtures.ts'
import { type TestServer, testServer } from '../../support/server.ts'

const test = withServer(() =>
	testServer(
		{},
		{ limits: { ...defaultLimits, jsonBytes: 200_000, gunzippedBytes: 2_000_000, lineBytes: 10_000 } },
	),
)
const rows = Array.from({ length: 400 }, (_, i) => ({
	features: {
		income: 1000 + (i % 37) * 10,
		region: ['north', 'south', 'west'][i % 3],
		grade: i % 5 === 0 ? null : (i % 2) + 1,
	},
	score: (i % 100) / 100,
	actual: i % 2,
}))
const features = [
	{ name: 'income', type: 'numeric' },
	{ name: 'region', type: 'categorical' },
	{ name: 'grade', type: 'categorical', values: ['1', '2'] },
]

test.beforeAll(async ({ server }) => {
	await server.post('/v1/models', {
		model: 'credit',
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
		segments: ['branch'],
	})
	for (const version of ['json', 'ndjson', 'csv', 'parquet', 'gzip', 'window', 'bad', 'flat'])
		await server.post('/v1/models/credit/versions', { version, features })
})

const put = (
	server: TestServer,
	version: string,
	type: string,
	body: BodyInit,
	headers: Record<string, string> = {},
) =>
	server.fetch(`/v1/models/credit/versions/${version}/baseline`, {
		method: 'PUT',
		body,
		headers: { 'content-type': type, ...headers },
	})

const ndjson = rows.map((row) => JSON.stringify(row)).join('\n')
const csv = `,income,region,grade,score,actual\n${rows.map(({ features: f, score, actual }, i) => [i, f.income, f.region, f.grade === null ? '' : `${f.grade}.0`, score, actual].join(',')).join('\n')}\n`
const parquet = () =>
	parquetWriteBuffer({
		columnData: [
			{ name: 'income', data: rows.map((r) => r.features.income), type: 'INT32' },
			{ name: 'region', data: rows.map((r) => r.features.region), type: 'STRING' },
			{ name: 'grade', data: rows.map((r) => r.features.grade), type: 'INT32', nullable: true },
			{ name: 'score', data: rows.map((r) => r.score), type: 'DOUBLE' },
			{ name: 'actual', data: rows.map((r) => r.actual), type: 'INT32' },
		],
	})

test('says where the columns of a table go, and what a nested feature is', async ({ server }) => {
	const flat = await put(server, 'flat', 'application/x-ndjson', '{"income":1,"score":0.5}\n')
	expect([flat.status, flat.body.errors[0]]).toEqual([
		422,
		{ path: 'rows.0.income', message: 'unknown member; features go into "features": { "income": … }' },
	])
	const nested = await put(
		server,
		'flat',
		'application/json',
		JSON.stringify([{ features: { income: [1] } }]),
	)
	expect(nested.body.features[0].warnings).toEqual([
		'no values of the declared type numeric: declare their actual type; send the parts of a list or an object as features',
	])
})

test('makes the same baseline of the same rows, in whichever form they come', async ({ server }) => {
	const answers = [
		await put(server, 'json', 'application/json', JSON.stringify(rows)),
		await put(server, 'ndjson', 'application/x-ndjson', ndjson),
		await put(server, 'csv', 'text/csv; charset=utf-8', csv),
		await put(server, 'parquet', 'application/vnd.apache.parquet', parquet()),
		await put(server, 'gzip', 'text/csv', gzipSync(csv), { 'content-encoding': 'gzip' }),
	]
	expect(answers.map((a) => [a.status, a.body.rows])).toEqual(answers.map(() => [201, 400]))
	expect(new Set(answers.map((a) => a.body.digest)).size).toBe(1)
	expect(answers[0]?.body.features.map((f: { name: string }) => f.name)).toEqual([
		'income',
		'region',
		'grade',
		'$score',
		'$decision',
	])
})

test('answers 200 when a baseline replaces the one before, or is the same again', async ({ server }) => {
	const again = await put(server, 'json', 'application/json', JSON.stringify(rows))
	const other = await put(server, 'json', 'application/json', JSON.stringify(rows.slice(0, 300)))
	expect([again.status, other.status, other.body.rows]).toEqual([200, 200, 300])
	expect(again.body.digest).not.toBe(other.body.digest)
	const { body } = await server.fetch('/v1/audit/entries?action=put-baseline&limit=1000')
	expect(body.items.filter((e: { object: string }) => e.object.endsWith('@json'))).toHaveLength(2)
})

test('makes a baseline of a window of the log', async ({ server }) => {
	const logged = rows.map((row, i) => ({
		predictionId: `p${i}`,
		version: 'window',
		timestamp: i < 300 ? '2026-03-01T10:00:00Z' : '2026-03-01T12:00:00Z',
		features: row.features,
		score: row.score,
	}))
	expect((await server.post('/v1/models/credit/predictions', logged)).body).toMatchObject({ accepted: 400 })
	const window = { from: '2026-03-01T10:00:00Z', to: '2026-03-01T13:00:00+01:00' }
	expect(await put(server, 'window', 'application/json', JSON.stringify({ window }))).toMatchObject({
		status: 201,
		body: { rows: 300 },
	})
	const empty = { from: '2025-03-01T10:00:00Z', to: '2025-03-01T12:00:00Z' }
	expect(await put(server, 'window', 'application/json', JSON.stringify({ window: empty }))).toMatchObject({
		status: 422,
		body: { errors: [{ path: 'window' }] },
	})
})

test('refuses a window that is wrong, with the paths', async ({ server }) => {
	const bodies: [unknown, string][] = [
		[{}, 'window'],
		[{ windw: {} }, 'window'],
		[{ window: { from: '2026-03-01T10:00:00Z' } }, 'window.to'],
		[{ window: { from: 'x', to: '2026-03-01T10:00:00Z' } }, 'window.from'],
		[{ window: { from: '2026-03-01T10:00:00Z', to: '2026-03-01T10:00:00Z' } }, 'window.to'],
	]
	for (const [body, path] of bodies) {
		const answer = await put(server, 'bad', 'application/json', JSON.stringify(body))
		expect([answer.status, answer.body.errors[0].path]).toEqual([422, path])
	}
})

test('refuses the whole for one wrong row, and names each fault by row', async ({ server }) => {
	const some = [
		...rows.slice(0, 5),
		{ features: [] },
		{ featurs: {} },
		{ score: 'high' },
		7,
		{ timestamp: 'today' },
		{ version: 'other' },
	]
	const { status, body } = await put(server, 'bad', 'application/json', JSON.stringify(some))
	expect(status).toBe(422)
	expect(body.errors.map((e: { path: string }) => e.path)).toEqual([
		'rows.5.features',
		'rows.6.featurs',
		'rows.7.score',
		'rows.8',
		'rows.9.timestamp',
		'rows.10.version',
	])
	const lines = await put(server, 'bad', 'application/x-ndjson', `${JSON.stringify(rows[0])}\n{broken\n`)
	expect([lines.status, lines.body.errors[0].path]).toEqual([422, 'rows.1'])
	expect(
		(await put(server, 'bad', 'application/json', JSON.stringify(Array.from({ length: 500 }, () => 1)))).body
			.errors,
	).toHaveLength(50)
})

test('refuses no rows', async ({ server }) => {
	for (const [type, body] of [
		['application/json', '[]'],
		['application/x-ndjson', ''],
		['text/csv', ''],
		['text/csv', 'income,region\n'],
	] as const)
		expect((await put(server, 'bad', type, body)).status, `${type} ${body}`).toBe(422)
})

test('refuses what cannot be read at all', async ({ server }) => {
	expect((await put(server, 'bad', 'application/json', '[{')).status).toBe(400)
	expect((await put(server, 'bad', 'application/json', '')).status).toBe(400)
	expect((await put(server, 'bad', 'text/csv', 'a,b\n1,2,3\n')).status).toBe(400)
	expect((await put(server, 'bad', 'application/vnd.apache.parquet', 'PAR1 no')).status).toBe(400)
	expect(
		(await put(server, 'bad', 'text/csv', 'no gzip at all', { 'content-encoding': 'gzip' })).status,
	).toBe(400)
	expect((await put(server, 'bad', 'application/xml', '<a/>')).status).toBe(415)
	expect((await put(server, 'bad', 'text/csv', csv, { 'content-encoding': 'br' })).status).toBe(415)
})

test('names the limit that a body is over', async ({ server }) => {
	expect(
		await put(
			server,
			'bad',
			'application/json',
			JSON.stringify(Array.from({ length: 10 }, () => rows).flat()),
		),
	).toMatchObject({ status: 413, body: { detail: expect.stringContaining('jsonBytes') } })
	const bomb = gzipSync(Buffer.alloc(5_000_000, 'a'))
	expect(await put(server, 'bad', 'text/csv', bomb, { 'content-encoding': 'gzip' })).toMatchObject({
		status: 413,
		body: { code: 'too-large' },
	})
	expect(await put(server, 'bad', 'text/csv', `note\n"${'x'.repeat(50_000)}`)).toMatchObject({
		status: 413,
		body: { detail: expect.stringContaining('lineBytes') },
	})
})

test('keeps odd values as evidence: they are warned of, not refused', async ({ server }) => {
	const odd =
		'[{"features":{"income":1e400,"region":"\\ud800","__proto__":1,"grade":"9"}},{"features":{"income":"many","region":"north"}}]'
	const { status, body } = await put(server, 'bad', 'application/json', odd)
	expect(status).toBe(201)
	expect(body.features.find((f: { name: string }) => f.name === '__proto__').warnings[0]).toContain(
		'not declared',
	)
})

test('answers 404 for an unknown version and 403 for who may not', async ({ server }) => {
	expect(await put(server, 'jsn', 'application/json', '[]')).toMatchObject({
		status: 404,
		body: { detail: expect.stringContaining('"json"') },
	})
	const key = await server.keyOf('analyst')
	expect(
		(await server.fetch('/v1/models/credit/versions/json/baseline', { method: 'PUT', json: rows, key }))
			.status,
	).toBe(403)
})
