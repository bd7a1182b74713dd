import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect } from 'vitest'
import { openParquetInThread } from '../../../src/platform/node/parquet.ts'
import { commandLine } from '../../support/command-line.ts'
import { withServer } from '../../support/fixtures.ts'
import { adminKey, type Json, type TestServer, testServer } from '../../support/server.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const shared = (name: string) => fileURLToPath(new URL(`../../cases/${name}`, import.meta.url))
const at = '2026-11-28T10:00:00Z'
const it = withServer(() =>
	testServer({}, { openParquet: openParquetInThread(1500), now: () => Date.parse('2026-12-01T00:00:00Z') }),
)
const folder = temporaryFolder()
it.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'm', task: 'binary', segments: ['app'] })
	const features = [
		{ name: 'income', type: 'numeric' },
		{ name: 'h3', type: 'categorical' },
		{ name: 'zip', type: 'categorical' },
	]
	for (const version of ['1', '2', '1.10']) await server.post('/v1/models/m/versions', { version, features })
})

const command = (server: TestServer, ...args: string[]) =>
	commandLine(args, { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: adminKey })
const send = async (server: TestServer, from: string, ...more: string[]): Promise<Json> => {
	const { out, err, code } = await command(
		server,
		'send',
		'm',
		'--from',
		from,
		'--restart',
		'--json',
		...more,
	)
	if (code === 2) throw new Error(err)
	return JSON.parse(out)
}
const stored = async (server: TestServer, id: string) =>
	(await server.fetch(`/v1/models/m/predictions/${id}`)).body
const file = async (name: string, content: string | Uint8Array) => {
	const path = join(folder, name)
	await writeFile(path, content)
	return path
}
type Columns = Parameters<typeof parquetWriteBuffer>[0]['columnData']
const parquet = (columnData: Columns) => new Uint8Array(parquetWriteBuffer({ columnData }))
const put = (
	server: TestServer,
	body: BodyInit,
	type: string,
	headers: Record<string, string> = {},
	version = '2',
) =>
	server.fetch(`/v1/models/m/versions/${version}/baseline`, {
		method: 'PUT',
		body,
		headers: { 'content-type': type, ...headers },
	})
const csvType = 'text/csv'
const parquetType = 'application/vnd.apache.parquet'
const cellsOf = (answer: Json, feature: string) =>
	answer.features.find((f: { name: string }) => f.name === feature).cells

describe('rows that are sent from files', () => {
	it('with numeric ids are rejected, as over HTTP, and not merged', async ({ server }) => {
		const { accepted, duplicates, rejected } = await send(server, shared('11-bigid.ndjson'))
		expect([accepted, duplicates, rejected.length]).toEqual([0, 0, 3])
		expect(rejected[0]).toMatchObject({ code: 'invalid', path: 'predictionId' })
	})

	it('with ids in a column of whole numbers have their digits', async ({ server }) => {
		const ids = [7234567890123456001n, 7234567890123456002n]
		const bytes = parquet([
			{ name: 'predictionId', data: ids, type: 'INT64' },
			{ name: 'timestamp', data: [at, at], type: 'STRING' },
			{ name: 'h3', data: [617700169958293503n, 617700169958293504n], type: 'INT64' },
			{ name: 'segment.app', data: ['1.10', '1.1'], type: 'STRING' },
			{ name: 'score', data: ['0.5', '0.25'], type: 'STRING' },
		])
		expect(await send(server, await file('ids.parquet', bytes), '--version', '1')).toMatchObject({
			accepted: 2,
		})
		expect(await stored(server, '7234567890123456002')).toMatchObject({
			features: { h3: '617700169958293504' },
			segment: { app: '1.1' },
			score: 0.25,
		})
	})

	it('with ids that a data frame wrote as floats have them up to 2^53, and are rejected beyond', async ({
		server,
	}) => {
		const bytes = parquet([
			{ name: 'predictionId', data: [12, 2 ** 60], type: 'DOUBLE' },
			{ name: 'timestamp', data: [at, at], type: 'STRING' },
			{ name: 'score', data: [0.5, 0.5], type: 'DOUBLE' },
		])
		const { accepted, rejected } = await send(server, await file('floats.parquet', bytes), '--version', '1')
		expect([accepted, rejected[0]?.path, (await stored(server, '12')).predictionId]).toEqual([
			1,
			'predictionId',
			'12',
		])
	})

	it('keep names as they are in CSV, also where columns are renamed', async ({ server }) => {
		const csv = `id,when,version,who,app,plz,score\n007,${at},1.10,9007199254740993,1.10,01234,0.5\n`
		const path = await file('names.csv', csv)
		const map = ['id=predictionId', 'when=timestamp', 'who=subject', 'app=segment.app', 'plz=features.zip']
		expect(await send(server, path, '--version', '1', ...map.flatMap((m) => ['--map', m]))).toMatchObject({
			accepted: 1,
		})
		expect(await stored(server, '007')).toMatchObject({
			version: '1.10',
			segment: { app: '1.10' },
			features: { zip: '01234' },
		})
	})

	it('of days that do not exist are rejected', async ({ server }) => {
		const { rejected } = await send(server, shared('15-impossible-date.ndjson'))
		expect(rejected).toMatchObject([{ code: 'invalid', path: 'timestamp' }])
		const csv = ['2026-09-31', '2026-02-29', '2026-03-01T25:00:00Z', '2026-03-01T10:61:00Z']
		const lines = csv.map((day, i) => `d${i},${day.includes('T') ? day : `${day}T10:00:00Z`},0.5`)
		const path = await file('days.csv', `predictionId,timestamp,score\n${lines.join('\n')}\n`)
		expect((await send(server, path, '--version', '1')).rejectedCount).toBe(4)
	})

	it('beyond what a double holds are kept and marked', async ({ server }) => {
		expect(await send(server, shared('20-overflow.csv'), '--version', '1')).toMatchObject({ accepted: 1 })
		const row = await stored(server, 'o1')
		expect(row.features).toEqual({ income: '1e400' })
		expect(row.quality).toContainEqual(
			expect.objectContaining({ code: 'type-error', path: 'features.income' }),
		)
	})

	it('without a time zone are rejected alike, whatever the format', async ({ server }) => {
		const naive = '2026-11-28T10:00:00'
		const csv = await file('naive.csv', `predictionId,timestamp,score\nn1,${naive},0.5\n`)
		const ndjson = await file(
			'naive.ndjson',
			JSON.stringify({ predictionId: 'n1', timestamp: naive, version: '1', score: 0.5 }),
		)
		const optional = { repetition_type: 'OPTIONAL' } as const
		const logical_type = { type: 'TIMESTAMP', unit: 'MILLIS', isAdjustedToUTC: false } as const
		const zoneless = parquetWriteBuffer({
			columnData: [
				{ name: 'predictionId', data: ['n1'] },
				{ name: 'timestamp', data: [BigInt(Date.parse(at))] },
				{ name: 'score', data: [0.5] },
			],
			schema: [
				{ name: 'root', num_children: 3 },
				{ name: 'predictionId', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional },
				{ name: 'timestamp', type: 'INT64', logical_type, ...optional },
				{ name: 'score', type: 'DOUBLE', ...optional },
			],
		})
		for (const path of [csv, ndjson, await file('naive.parquet', new Uint8Array(zoneless))])
			expect((await send(server, path, '--version', '1')).rejected, path).toMatchObject([
				{ code: 'invalid', path: 'timestamp', message: expect.stringContaining('offset') },
			])
	})

	it('that are not UTF-8 are rejected each for itself', async ({ server }) => {
		const csv = Buffer.from(
			`predictionId,timestamp,h3,score\nu1,${at},a,0.5\nu2,${at},M\xfcller,0.5\n`,
			'latin1',
		)
		const { accepted, rejected } = await send(server, await file('latin.csv', csv), '--version', '1')
		expect([accepted, rejected[0]?.message]).toEqual([1, expect.stringContaining('line 3: it is not UTF-8')])
	})

	it('of a gzip file with several members are all read, and a file that is cut off says so', async ({
		server,
	}) => {
		const rows = ['p1', 'p2'].map((id) => gzipSync(`${id},${at},0.5\n`))
		const packed = Buffer.concat([gzipSync('predictionId,timestamp,score\n'), ...rows])
		expect(await send(server, await file('two.csv.gz', packed), '--version', '1')).toMatchObject({
			accepted: 2,
		})
		await expect(
			send(server, await file('cut.csv.gz', packed.subarray(0, -5)), '--version', '1'),
		).rejects.toThrow('cut off')
	})

	it('as groups are names', async ({ server }) => {
		const csv = await file('groups.csv', `predictionId,timestamp,sex,code\n007,${at},01,1.10\n`)
		const { accepted, rejected } = await send(server, csv, '--kind', 'groups')
		expect([accepted, rejected]).toEqual([1, []])
	})
})

describe('baselines', () => {
	it('have the categories of the file, from CSV and from Parquet', async ({ server }) => {
		for (const ending of ['csv', 'parquet']) {
			const { out, err } = await command(
				server,
				'baseline',
				'm@1',
				'--from',
				shared(`12-h3-baseline.${ending}`),
				'--json',
			)
			expect(err).toBe('')
			expect(cellsOf(JSON.parse(out), 'h3')).toBe(2)
		}
	})

	it('that keep the reader of Parquet busy are refused in bounded time, while the service answers', async ({
		server,
	}) => {
		const bytes = await readFile(shared('24-hangs.parquet'))
		expect((await put(server, bytes, parquetType)).status).toBe(400)
		// With another encoding the library reads it, and does not come to an end.
		const plain = Buffer.from([0x19, 0x15, 0x00])
		for (let i = bytes.indexOf(plain, bytes.length - 600); i >= 0; i = bytes.indexOf(plain, i + 1))
			bytes[i + 2] = 0x0a
		const refused = put(server, bytes, parquetType)
		let answered = 0
		const asking = setInterval(() => {
			void server.fetch('/healthz').then(({ status }) => {
				answered += status === 200 ? 1 : 0
			})
		}, 100)
		const { status, body } = await refused
		clearInterval(asking)
		expect([status, body.detail]).toEqual([400, expect.stringContaining('not done after')])
		expect(answered).toBeGreaterThan(5)
	})

	it('with a nested column, declared or not, are read and marked', async ({ server }) => {
		const nested = parquet([
			{ name: 'income', data: ['1.5', '2.5'], type: 'STRING' },
			{ name: 'h3', data: [{ a: 1n }, { a: 2n }], type: 'JSON' },
			{ name: 'undeclared', data: [{ a: 1 }, [2]], type: 'JSON' },
		] as never)
		const { status, body } = await put(server, nested, parquetType)
		expect([status, body.rows, cellsOf(body, 'income') > 1]).toEqual([201, 2, true])
		const structs = await put(server, await readFile(shared('18-strings-and-structs.parquet')), parquetType)
		expect(structs.status).toBe(200)
	})

	it('that are not UTF-8, not separated by commas or cut off are refused with the cause', async ({
		server,
	}) => {
		const bad: [BodyInit, string, Record<string, string>, string][] = [
			[Buffer.from('h3\na\nM\xfcller\n', 'latin1'), csvType, {}, 'line 3: it is not UTF-8'],
			[Buffer.from('{"features":{"h3":"M\xfcller"}}\n', 'latin1'), 'application/x-ndjson', {}, 'not UTF-8'],
			['income;h3\n1;2\n', csvType, {}, 'semicolons'],
			['income;h3\n1,5;2\n', csvType, {}, 'semicolons'],
			['h3\n"a\n', csvType, {}, 'line 2 a quote is not closed'],
			[gzipSync('h3\na\n').subarray(0, 12), csvType, { 'content-encoding': 'gzip' }, 'cut off'],
			[gzipSync('h3\na\n'), csvType, {}, 'Content-Encoding: gzip'],
		]
		for (const [body, type, headers, message] of bad) {
			const answer = await put(server, body, type, headers)
			expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(message)])
		}
	})

	it('in UTF-16, with a byte order mark or in several gzip members are read', async ({ server }) => {
		const csv = 'h3\n007\n7\n1e3\n1000\n'
		const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(csv, 'utf16le')])
		const members = Buffer.concat([gzipSync('h3\n007\n7\n'), gzipSync('1e3\n1000\n')])
		const answers = [
			await put(server, utf16, csvType),
			await put(server, `\ufeff${csv}`, csvType),
			await put(server, members, csvType, { 'content-encoding': 'gzip' }),
			await put(server, csv.replaceAll('\n', '\r'), csvType),
		]
		expect(answers.map(({ body }) => [body.rows, cellsOf(body, 'h3')])).toEqual(answers.map(() => [4, 4]))
	})
})
