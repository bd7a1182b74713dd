import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteFile } from 'hyparquet-writer'
import { describe, expect } from 'vitest'
import { withServer } from '../support/fixtures.ts'
import { plumbline } from '../support/process.ts'
import { adminKey, type TestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const it = withServer()
const folder = temporaryFolder()
it.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'credit', task: 'binary', segments: ['branch'] })
	const features = [
		{ name: 'income', type: 'numeric' },
		{ name: 'zip', type: 'categorical' },
	]
	expect((await server.post('/v1/models/credit/versions', { version: '1', features })).status).toBe(201)
})

const env = (server: TestServer) => ({ PLUMBLINE_URL: server.url, PLUMBLINE_KEY: adminKey })
const file = async (name: string, content: string | Uint8Array) => {
	const path = join(folder, name)
	await writeFile(path, content)
	return path
}
const send = (server: TestServer, path: string, ...more: string[]) =>
	plumbline(['send', 'credit', '--version', '1', '--from', path, ...more], env(server))
const stored = async (server: TestServer, id: string) =>
	(await server.fetch(`/v1/models/credit/predictions/${id}`)).body

const mapping = [
	'--map',
	'ID=predictionId',
	'--map',
	'when=timestamp',
	'--map',
	'branch=segment.branch',
	'--ignore',
	'note',
]
const csv = (prefix: string, rows: number) =>
	`ID,when,income,zip,score,branch,note\n${Array.from(
		{ length: rows },
		(_, i) => `${prefix}${i},2026-03-01T10:00:00Z,${1000 + i}.5,0${i % 10}234,0.${i % 10},north,x`,
	).join('\n')}\n`

describe('sending a file', () => {
	it.for([
		['csv', (text: string) => text],
		['csv.gz', (text: string) => gzipSync(text)],
	] as const)('takes %s with a mapping of its columns', async ([ending, encode], { server }) => {
		const prefix = ending.replace('.', '')
		const { code, out } = await send(
			server,
			await file(`rows.${ending}`, encode(csv(prefix, 2500))),
			...mapping,
		)
		expect([code, out]).toEqual([0, '2500 accepted, 0 duplicates, 0 rejected\n'])
		expect(await stored(server, `${prefix}7`)).toMatchObject({
			features: { income: 1007.5, zip: '07234' },
			score: 0.7,
			segment: { branch: 'north' },
			timestamp: '2026-03-01T10:00:00.000Z',
		})
		expect((await stored(server, `${prefix}7`)).features).not.toHaveProperty('note')
	})

	it('takes NDJSON as the service does, and says at which row what was wrong', async ({ server }) => {
		const row = (i: number) => ({ predictionId: `n${i}`, timestamp: '2026-03-01T10:00:00Z', score: 0.5 })
		const lines = [
			JSON.stringify(row(0)),
			'{"broken": ',
			JSON.stringify({ ...row(2), score: 'high' }),
			JSON.stringify(row(3)),
		]
		const path = await file('rows.ndjson', lines.join('\n'))
		const { code, out } = await send(server, path)
		expect(code).toBe(1)
		expect(out).toContain('2 accepted, 0 duplicates, 2 rejected')
		expect(out).toMatch(/row 1: malformed/)
		expect(out).toMatch(/row 2: invalid score/)
		const again = JSON.parse((await send(server, path, '--json')).out)
		expect(again).toMatchObject({ accepted: 0, duplicates: 2, rejectedCount: 2 })
		const none = await file('all-wrong.csv', 'predictionId,timestamp,income\nq1,yesterday,1\nq2,soon,2\n')
		expect(await send(server, none)).toMatchObject({
			code: 1,
			out: expect.stringMatching(/rejected\n {2}row 0 and 1 more: invalid timestamp: .+\n$/),
			err: 'No row was stored: all 2 were rejected.\n',
		})
	})

	it('takes Parquet', async ({ server }) => {
		const path = join(folder, 'rows.parquet')
		parquetWriteFile({
			filename: path,
			columnData: [
				{ name: 'predictionId', data: ['p0', 'p1'], type: 'STRING' },
				{
					name: 'timestamp',
					data: [new Date('2026-03-01T10:00:00Z'), new Date('2026-03-01T11:00:00Z')],
					type: 'TIMESTAMP',
				},
				{ name: 'income', data: [1.25, null], type: 'DOUBLE' },
				{ name: 'zip', data: ['01', '02'], type: 'STRING' },
			],
		})
		expect((await send(server, path)).out).toContain('2 accepted')
		expect((await stored(server, 'p0')).features).toEqual({ income: 1.25, zip: '01' })
		expect((await stored(server, 'p1')).features).toEqual({ income: null, zip: '02' })
	})

	it('takes outcomes, and says which are pending', async ({ server }) => {
		const path = await file(
			'actuals.csv',
			'predictionId,actual,timestamp\ncsv1,1,2026-03-01T20:00:00Z\nnone,0,2026-03-01T20:00:00Z\n',
		)
		const { out } = await send(server, path, '--kind', 'outcomes')
		expect(out).toContain('2 accepted, 0 duplicates, 0 rejected, 1 waiting for their prediction')
	})

	it('continues where it was when it was killed, and sends nothing twice', async ({ server }) => {
		const path = await file('long.csv', csv('long', 60_000))
		const child = spawn(
			process.execPath,
			[
				new URL('../../src/cli.ts', import.meta.url).pathname,
				'send',
				'credit',
				'--version',
				'1',
				'--from',
				path,
				...mapping,
			],
			{ env: { ...process.env, ...env(server) }, stdio: 'ignore' },
		)
		// Until some of it is there, and long before all of it is.
		for (;;) {
			if ((await server.fetch('/v1/models/credit/predictions/long3000')).status === 200) break
			await new Promise((resolve) => setTimeout(resolve, 20))
		}
		const ended = new Promise((resolve) => child.once('exit', resolve))
		child.kill('SIGKILL')
		await ended
		const { code, out, err } = await send(server, path, ...mapping)
		expect(code, err).toBe(0)
		expect(err).toMatch(/Continuing after row [1-9]\d*/)
		const [, accepted, duplicates] = /(\d+) accepted, (\d+) duplicates, 0 rejected/.exec(
			out,
		) as unknown as string[]
		expect(Number(accepted)).toBeGreaterThan(0)
		expect(Number(accepted) + Number(duplicates)).toBeLessThan(60_000)
		expect(JSON.parse((await send(server, path, ...mapping, '--json')).out)).toMatchObject({
			accepted: 0,
			duplicates: 60_000,
			rejectedCount: 0,
		})
	})
})

describe('the state of a run that was cut off', () => {
	it('is ignored when it cannot be read, or is of another file', async ({ server }) => {
		const path = await file('state.csv', csv('state', 10))
		for (const state of ['', '{"stamp": "another", "rows": 9}', '[1']) {
			await writeFile(`${path}.plumbline-sent`, state)
			const { out, err } = await send(server, path, ...mapping, '--json')
			const { accepted, duplicates } = JSON.parse(out)
			expect([accepted + duplicates, err]).toEqual([10, ''])
		}
	})
})

describe('what goes wrong', () => {
	it.for([
		['a file that is not there', ['none.csv'], /none\.csv cannot be read: there is no such file/],
		['a file of no known kind', ['rows.txt'], /name the file \.csv, \.ndjson or \.parquet/],
		['a mapping that is none', ['rows.csv', '--map', 'ID'], /write COLUMN=FIELD/],
		[
			'a column that is not there',
			['rows.csv', '--map', 'Id=predictionId'],
			/no column "Id"\. Did you mean "ID"/,
		],
		['a kind that is none', ['rows.csv', '--kind', 'prediction'], /--kind must be one of predictions/],
	] as const)('%s is named, with what to do', async ([_, [name = '', ...more], message], { server }) => {
		await file('rows.csv', csv('w', 1))
		const { code, err } = await send(server, join(folder, name), ...more)
		expect([code, err]).toEqual([2, expect.stringMatching(message)])
	})

	it('an unknown model has a nearest name; a file without rows is no success', async ({ server }) => {
		const path = await file('one.csv', csv('o', 1))
		const unknown = await plumbline(['send', 'credti', '--version', '1', '--from', path], env(server))
		expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('Did you mean "credit"?')])
		const empty = await send(server, await file('empty.csv', 'predictionId,timestamp\n'))
		expect([empty.code, empty.err]).toEqual([2, expect.stringContaining('The file has no rows')])
	})

	it('a missing or wrong key is named', async ({ server }) => {
		const path = await file('key.csv', csv('k', 1))
		const wrong = (PLUMBLINE_KEY: string) =>
			plumbline(['send', 'credit', '--version', '1', '--from', path, ...mapping], {
				...env(server),
				PLUMBLINE_KEY,
			})
		expect((await wrong('')).err).toContain('Set PLUMBLINE_KEY')
		const { code, err } = await wrong('not-a-key')
		expect([code, err]).toEqual([2, expect.stringContaining('401')])
	})
})
