import { describe, expect } from 'vitest'
import { withServer } from '../support/fixtures.ts'
import { plumbline } from '../support/process.ts'
import { registerModel } from '../support/rows.ts'

const it = withServer()
const keys: Record<string, string> = {}

it.beforeAll(async ({ server }) => {
	await registerModel(server, { model: 'm', task: 'binary', riskTier: 'high' }, ['income'])
	const owner = 'Ana@bank.example'
	keys.ana = (await server.post('/v1/keys', { name: 'ana', role: 'approver', owner })).body.secret
	keys.nobody = (await server.post('/v1/keys', { name: 'script', role: 'viewer' })).body.secret
	keys.ingest = (await server.post('/v1/keys', { name: 'feed', role: 'ingest' })).body.secret
})

describe('plumbline chat', () => {
	it('answers each line of its input with a reply, and ends with 0', async ({ server }) => {
		const env = { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: keys.ana as string }
		const { code, out, err } = await plumbline(
			['chat', '--as', 'ana@bank.example'],
			env,
			undefined,
			'status\n\n/plumb status m\nstatsu\n',
		)
		expect(err).toBe('')
		expect(code).toBe(0)
		const [hello, ...replies] = out.split('\n')
		expect(hello).toBe('You are ana@bank.example (approver). Type help for the commands.')
		expect(
			replies.filter((line) => /^.*\bm\b.*no open incident|^. m/.test(line)).length,
			out,
		).toBeGreaterThan(0)
		expect(out).toContain('status')
	})

	it('refuses to speak for somebody else, before the first line', async ({ server }) => {
		const run = (key: string, as: string) =>
			plumbline(
				['chat', '--as', as],
				{ PLUMBLINE_URL: server.url, PLUMBLINE_KEY: key },
				undefined,
				'status\n',
			)
		const other = await run(keys.ana as string, 'ben@bank.example')
		expect([other.code, other.out]).toEqual([2, ''])
		expect(other.err).toContain('belongs to Ana@bank.example, so it cannot speak as "ben@bank.example"')
		const admin = await run(server.adminKey, 'ana@bank.example')
		expect([admin.code, admin.out]).toEqual([2, ''])
		expect(admin.err).toContain('has no owner, so it cannot speak as "ana@bank.example"')
		const feed = await run(keys.ingest as string, 'feed')
		expect([feed.code, feed.out]).toEqual([2, ''])
	})

	it('leaves at quit, and says where there is no service', async ({ server }) => {
		const env = { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: keys.nobody as string }
		const left = await plumbline(['chat'], env, undefined, 'quit\nstatus\n')
		expect([left.code, left.out.trim().split('\n').length]).toEqual([0, 1])
		const gone = await plumbline(
			['chat'],
			{ ...env, PLUMBLINE_URL: 'http://127.0.0.1:1' },
			undefined,
			'status\n',
		)
		expect([gone.code, gone.out]).toEqual([2, ''])
		expect(gone.err).toContain('There is no service at http://127.0.0.1:1')
	})

	it('escapes what would move the cursor', async ({ server }) => {
		await server.post('/v1/models', { model: 'ev\u202eil', task: 'binary' })
		const env = { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: keys.ana as string }
		const { out } = await plumbline(['chat'], env, undefined, 'status\n\u001b[2Jx\n')
		expect(out).not.toMatch(/[\u001b\u202e]/)
		expect(out).toContain('\\u001b[2Jx')
	})
})
