import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { parse } from 'yaml'
import { commands } from '../../src/cli/index.ts'
import { withServer } from '../support/fixtures.ts'
import { linearFile } from '../support/linear-model.ts'
import { plumbline } from '../support/process.ts'
import { adminKey } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const it = withServer()
const folder = temporaryFolder()
let run: (...args: string[]) => ReturnType<typeof plumbline>
it.beforeAll(async ({ server }) => {
	const env = {
		PLUMBLINE_URL: server.url,
		PLUMBLINE_KEY: adminKey,
		PLUMBLINE_DATABASE_URL: server.databaseUrl,
	}
	run = (...args) => plumbline(args, env)
})

describe('help', () => {
	it('begins every command with its usage, and says what each of its options does', async () => {
		for (const { name, load } of commands) {
			const { help, options } = await load()
			expect(help).toMatch(new RegExp(`^Usage: plumbline ${name}\\b`))
			for (const option of Object.keys(options)) expect(help, name).toContain(`--${option}`)
			for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(124)
		}
	})

	it('is the answer to --help and -h, with 0, and lists every command', async () => {
		const { code, out } = await run('--help')
		expect(code).toBe(0)
		for (const { name, summary } of commands) expect(out).toContain(`${name.padEnd(10)} ${summary}`)
		expect(await run('send', '-h')).toMatchObject({ code: 0, err: '' })
	})

	it.each([
		[[], 2, ''],
		[['sned'], 2, 'Did you mean "send"?'],
		[
			['send', 'm', '--form', 'x.csv'],
			2,
			'There is no option --form. Did you mean --from? See `plumbline send --help`.',
		],
		[['keys'], 2, 'create, list or revoke'],
		[['run', 'computes'], 2, 'Did you mean "compute"?'],
		[['rules', 'lint'], 2, 'The only verb of rules is check.'],
	])('%j ends with %i and a hint', async (args, code, message) => {
		const result = await run(...args)
		expect([result.code, result.err]).toEqual([code, expect.stringContaining(message)])
		expect(result.err).not.toMatch(/\n\s+at /)
	})
})

describe('keys', () => {
	it('are made with a scope and an expiry, listed without their secret, and revoked', async ({ server }) => {
		const made = JSON.parse(
			(await run('keys', 'create', '--role', 'ingest', '--models', 'credit-*', '--expires', '90d', '--json'))
				.out,
		)
		expect(made).toMatchObject({ role: 'ingest', models: ['credit-*'] })
		expect((await server.post('/v1/models/other/predictions', [], { key: made.secret })).status).toBe(403)
		const listed = await run('keys', 'list')
		expect(listed.out).toContain(made.id)
		expect(listed.out).not.toContain(made.secret)
		expect((await run('keys', 'revoke', made.id)).out).toBe(`${made.id} is revoked.\n`)
		expect((await server.post('/v1/models/other/predictions', [], { key: made.secret })).status).toBe(401)
	})

	it('with an unknown role or an invalid time are refused', async () => {
		expect(await run('keys', 'create', '--role', 'root')).toMatchObject({
			code: 2,
			err: expect.stringContaining('--role must be one of'),
		})
		expect(await run('keys', 'create', '--role', 'viewer', '--expires', 'soon')).toMatchObject({
			code: 2,
			err: expect.stringContaining('expires'),
		})
		expect(await run('keys', 'revoke', 'key_none')).toMatchObject({
			code: 2,
			err: expect.stringContaining('key_none'),
		})
	})
})

describe('models, baselines and jobs', () => {
	it('are set up from files; again changes nothing', async () => {
		const file = join(folder, 'models.yaml')
		await writeFile(
			file,
			`models:
  - model: credit-risk
    task: binary
    segments: [branch]
    versions:
      - version: "1"
        features: [{ name: income, type: numeric }]
    deployments:
      production: { champion: "1" }
`,
		)
		const first = await run('models', 'apply', file)
		expect([first.code, first.out]).toEqual([0, expect.stringMatching(/credit-risk@1\s+created/)])
		const again = JSON.parse((await run('models', 'apply', file, '--json')).out)
		expect(JSON.stringify(again)).not.toContain('created')

		const rows = join(folder, 'train.csv')
		await writeFile(
			rows,
			`income,score\n${Array.from({ length: 500 }, (_, i) => `${i},0.${i % 10}`).join('\n')}\n`,
		)
		const baseline = await run('baseline', 'credit-risk@1', '--from', rows)
		expect([baseline.code, baseline.out]).toEqual([0, expect.stringContaining('500 rows')])
		expect(await run('baseline', 'credit-risk@2', '--from', rows)).toMatchObject({
			code: 2,
			err: expect.stringContaining('2'),
		})

		const jobs = JSON.parse((await run('run', 'all', '--json')).out)
		expect(jobs.runs.map((j: { job: string; status: string }) => [j.job, j.status])).toEqual(
			[
				'roll-up',
				'compute',
				'attribute',
				'replay',
				'evaluate-rules',
				'execute',
				'check-targets',
				'clocks',
				'deliver',
				'retention',
				'delete-due',
				'review-access',
				'checkpoint',
				'reports',
				'anchor',
				'verify-ledger',
			].map((job) => [job, 'ok']),
		)
	})

	it('include their model file, which is uploaded once', async () => {
		const file = join(folder, 'explained.yaml')
		await writeFile(join(folder, 'model.json'), linearFile())
		const entry = (artifact: string) => `models:
  - model: explained
    task: binary
    versions:
      - version: "1"
        features: [{ name: income, type: numeric }, { name: debt, type: numeric }, { name: age, type: numeric }]
        artifact: ${artifact}
`
		await writeFile(file, entry('{ file: model.json }'))
		const first = await run('models', 'apply', file)
		expect([first.code, first.out]).toEqual([0, expect.stringMatching(/created +explained@1 artefact/)])
		expect(first.err).toContain('does not use: "age"')
		const again = await run('models', 'apply', file)
		expect([again.code, again.out]).toEqual([0, expect.stringMatching(/unchanged +explained@1 artefact/)])
		await writeFile(file, entry('{ file: none.json }'))
		expect(await run('models', 'apply', file)).toMatchObject({
			code: 2,
			err: expect.stringContaining('none.json cannot be read'),
		})
		await writeFile(join(folder, 'odd.bin'), 'odd')
		await writeFile(file, entry('{ file: odd.bin }'))
		expect(await run('models', 'apply', file)).toMatchObject({
			code: 2,
			err: expect.stringContaining('artifact.format'),
		})
	})

	it('an invalid models file is reported with the position', async () => {
		const file = join(folder, 'wrong.yaml')
		await writeFile(file, 'models:\n  - model: x\n    task: binry\n')
		expect(await run('models', 'apply', file)).toMatchObject({
			code: 2,
			err: expect.stringContaining('did you mean "binary"?'),
		})
		await writeFile(file, 'model: x\n')
		expect((await run('models', 'apply', file)).code).toBe(2)
	})
})

describe('rules check', () => {
	const rule = (id: string, when: string, more = '') =>
		`rules:\n  - id: ${id}\n    metric: drift.psi\n    when: ${when}\n    severity: warning\n${more}`

	it('exits with 0 for the packaged rules', async () => {
		expect(await run('rules', 'check')).toMatchObject({ code: 0, out: expect.stringContaining('all good') })
	})

	it('exits with 1 and file, line and column for an unknown metric, and with 2 for a missing folder', async () => {
		await writeFile(join(folder, 'bad.yaml'), rule('a', 'metric("drift.psy") > 0.1'))
		const { code, out } = await run('rules', 'check', folder)
		expect(code).toBe(1)
		expect(out).toMatch(/bad\.yaml:\d+:\d+: /)
		expect((await run('rules', 'check', join(folder, 'none'))).code).toBe(2)
	})
})

describe('slack manifest', () => {
	it('is YAML on the standard output, for a URL or for Socket Mode', async () => {
		const { code, out } = await run('slack', 'manifest', '--url', 'https://plumb.example')
		expect(code).toBe(0)
		expect(parse(out).features.slash_commands[0].url).toBe('https://plumb.example/slack/events')
		expect(parse((await run('slack', 'manifest')).out).settings.socket_mode_enabled).toBe(true)
	})
})
