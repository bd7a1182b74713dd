import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parquetWriteFile } from 'hyparquet-writer'
import { describe, expect } from 'vitest'
import { commandLine } from '../support/command-line.ts'
import { withServer } from '../support/fixtures.ts'
import { plumbline } from '../support/process.ts'
import { adminKey, type TestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const it = withServer()
const folder = temporaryFolder()
it.beforeAll(async ({ server }) => {
	const model = { model: 'credit', task: 'binary', segments: ['branch'], sensitive: ['sex'] }
	await server.post('/v1/models', model)
	const features = ['income', 'duration_months'].map((name) => ({ name, type: 'numeric' }))
	await server.post('/v1/models/credit/versions', { version: '1', features })
})

const env = (server: TestServer) => ({ PLUMBLINE_URL: server.url, PLUMBLINE_KEY: adminKey })
const run = (server: TestServer, ...args: string[]) => commandLine(args, env(server))
const file = async (name: string, content: string) => {
	const path = join(folder, name)
	await writeFile(path, content)
	return path
}
const rows = (head: string, cells: string, count = 3) =>
	`${head}\n${Array.from({ length: count }, (_, i) => cells.replace('#', String(i))).join('\n')}\n`

describe('a column that nobody declared', () => {
	it('is reported by the baseline with the field that it resembles', async ({ server }) => {
		const path = await file(
			'train.csv',
			rows('income,Duration Months,ts,branch,Sex,colour,score', '1#,2,2026-03-01T10:00:00Z,north,f,red,0.5'),
		)
		const { code, out } = await run(server, 'baseline', 'credit@1', '--from', path)
		expect(code).toBe(0)
		const told = (column: string) => out.split('\n').find((line) => line.startsWith(column))
		expect(told('ts ')).toMatch(/ignored. It looks like timestamp: rename it to timestamp$/)
		expect(told('branch')).toMatch(/looks like the declared segment "branch": rename it to segment.branch$/)
		expect(told('Duration')).toMatch(/the declared feature "duration_months": rename it to duration_months$/)
		expect(told('Sex')).toMatch(
			/the sensitive attribute "sex": declare it as a feature, or send it as a group$/,
		)
		expect(told('colour')).toMatch(/ignored$/)
	})

	it('is reported by send, with the option that maps it', async ({ server }) => {
		const path = await file(
			'rows.csv',
			rows('id,ts,incme,duration_months,branch,prob', 'p#,2026-03-01T10:00:00Z,1,2,north,0.5'),
		)
		const wrong = await run(server, 'send', 'credit', '--version', '1', '--from', path)
		expect(wrong.code).toBe(1)
		const maps = [
			'id=predictionId',
			'ts=timestamp',
			'incme=features.income',
			'branch=segment.branch',
			'prob=score',
		]
		for (const map of maps) expect(wrong.err).toContain(`use --map ${map}`)
		expect(wrong.err).not.toContain('duration_months')
		const right = await run(
			server,
			...['send', 'credit', '--version', '1', '--from', path, '--restart'],
			...maps.flatMap((map) => ['--map', map]),
		)
		expect(right).toMatchObject({ code: 0, err: '', out: '3 accepted, 0 duplicates, 0 rejected\n' })
		expect((await server.fetch('/v1/models/credit/predictions/p1')).body).toMatchObject({
			features: { income: 1, duration_months: 2 },
			segment: { branch: 'north' },
		})
	})

	it.for([
		['ts=timestmp', 'there is no field "timestmp". Did you mean "timestamp"?'],
		['p=probability', 'there is no field "probability". Did you mean "score"?'],
		['inc=income', 'a feature is written features.income.'],
	] as const)('is not mapped to a field that does not exist: %s', async ([map, message], { server }) => {
		const path = await file('two.csv', rows('ts,p,inc', '2026-03-01T10:00:00Z,0.5,1'))
		const { code, err } = await run(server, 'send', 'credit', '--version', '1', '--from', path, '--map', map)
		expect(code).toBe(2)
		expect(err).toContain(message)
	})

	it('is quoted where a shell or a terminal would read it otherwise', async ({ server }) => {
		const path = await file('odd.csv', rows('predictionId,Duration Months,\x1b[31mTimestamp', 'q#,2,x'))
		const { err } = await run(server, 'send', 'credit', '--version', '1', '--from', path)
		expect(err).toContain('use --map "Duration Months=features.duration_months"')
		expect(err).not.toContain('\x1b')
	})

	it('is reported in a row of JSON with the field that it resembles', async ({ server }) => {
		const row = { prediction_id: 'a', ts: '2026-03-01T10:00:00Z', features: {} }
		const { body } = await server.post('/v1/models/credit/predictions', [row])
		expect(body.rejected[0].message).toContain('did you mean "predictionId"?')
	})
})

describe('a failed call', () => {
	it('is reported with the id under which the service logged it', async ({ server }) => {
		const { code, err } = await run(server, 'lineage', 'version:none@1')
		expect(code).toBe(2)
		expect(err).toMatch(/returned 404: .+ \(request [\w-]+\)\n$/s)
		const again = await run(
			server,
			'send',
			'none',
			'--from',
			await file('one.csv', rows('predictionId', 'p#')),
		)
		expect(again.err).toMatch(/\(request [\w-]+\)/)
	})

	it('is described in words when its response has none', async ({ server }) => {
		const proxy = createServer((_, response) => response.writeHead(502).end('{"error":{"code":7}}'))
		await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
		const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
		const { err } = await commandLine(['lineage', 'run:1'], { ...env(server), PLUMBLINE_URL: url })
		proxy.close()
		expect(err).toContain('returned 502: {"error":{"code":7}}')
	})
})

describe('plumbline run', () => {
	it('prints what a job did as words and numbers', async () => {
		const own = { PLUMBLINE_DATABASE_URL: `file:${join(folder, 'own.db')}` }
		const { code, out, err } = await commandLine(['run', 'all'], own)
		expect(code, err).toBe(0)
		expect(out).toMatch(/^compute +ok +\d+ ms {2}.*windows 0/m)
		expect(out).toMatch(/^retention .*archived rows 0/m)
		expect(out).not.toMatch(/object|\{|undefined/)
	})
})

describe('a variable that looks like a setting', () => {
	it('is a warning of every command that reads settings, beside all settings that are wrong', async ({
		server,
	}) => {
		const { err } = await commandLine(['lineage', 'run:1'], { ...env(server), PLUMBLINE_KYE: 'secret-kye' })
		expect(err).toMatch(
			/^Warning: PLUMBLINE_KYE is not a setting and has no effect. Did you mean PLUMBLINE_KEY\?\n/,
		)
		expect(err).not.toContain('secret-kye')
		const offline = await plumbline(['evaluate', '--data', 'none.csv'], { PLUMBLINE_PROT: '1' })
		expect(offline.err).toContain('Warning: PLUMBLINE_PROT is not a setting')
		const failed = await plumbline(['serve'], {
			PLUMBLINE_PROT: '1',
			PLUMBLINE_PORT: 'x',
			PLUMBLINE_URL: 'y',
		})
		expect(failed.code).toBe(2)
		expect(failed.err.split('\n')).toEqual([
			'Warning: PLUMBLINE_PROT is not a setting and has no effect. Did you mean PLUMBLINE_PORT?',
			expect.stringMatching(/^plumbline: PLUMBLINE_PORT must be a port/),
			expect.stringMatching(/^PLUMBLINE_URL must be a URL/),
			'',
		])
	})
})

describe('plumbline explain --rows', () => {
	const linear = JSON.stringify({
		format: 'linear-json',
		link: 'identity',
		intercept: 0,
		coefficients: { late: 2, income: 1 },
		missing: { late: 5 },
	})
	const margins = (out: string) =>
		out
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line).margin)

	it('takes Parquet as it takes CSV', async () => {
		const artifact = await file('linear.json', linear)
		const filename = join(folder, 'rows.parquet')
		parquetWriteFile({
			filename,
			columnData: [
				{ name: 'id', data: [1n, 2n, 3n], type: 'INT64' },
				{ name: 'income', data: [1.5, 2, 3], type: 'DOUBLE' },
				{ name: 'late', data: [3, null, 0], type: 'INT32' },
			],
		})
		const { code, out, err } = await commandLine([
			'explain',
			'--artifact',
			artifact,
			'--rows',
			filename,
			'--json',
		])
		expect(code, err).toBe(0)
		expect(margins(out)).toEqual([7.5, 12, 3])
	})

	it('takes the features of Parquet in a struct, and refuses a damaged file in one line', async () => {
		const artifact = await file('linear.json', linear)
		const filename = join(folder, 'nested.parquet')
		const features = [
			{ income: 1, late: 1 },
			{ income: 2, late: 2 },
		]
		parquetWriteFile({ filename, columnData: [{ name: 'features', data: features, type: 'JSON' }] })
		const { out } = await commandLine(['explain', '--artifact', artifact, '--rows', filename, '--json'])
		expect(margins(out)).toEqual([3, 6])
		const damaged = await file('damaged.parquet', 'PAR1 no PAR1')
		const refused = await commandLine(['explain', '--artifact', artifact, '--rows', damaged])
		expect(refused.code).toBe(2)
		expect(refused.err).toMatch(/^plumbline: .*damaged.parquet cannot be read: .*\n$/)
	})
})
