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
		const feed = await run(keys.ingest as string, 'feed')
		expect([feed.code, feed.out]).toEqual([2, ''])
	})

	it('shows an admin what somebody else sees, and lets them change nothing in their name', async ({
		server,
	}) => {
		const env = { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: server.adminKey }
		const lines =
			'status m\naudit m\nrollback m because it is worse\nsilence m for 2h because x\nreview req_1\n'
		const { code, out } = await plumbline(['chat', '--as', 'ana@bank.example'], env, undefined, lines)
		expect(code).toBe(0)
		expect(out).toContain('You see what ana@bank.example (approver) sees.')
		expect(out).toContain('needs the role auditor')
		expect(out.match(/Only ana@bank\.example can press buttons, request and vote/g)).toHaveLength(3)
		const unknown = await plumbline(['chat', '--as', 'zoe@bank.example'], env, undefined, 'status\n')
		expect([unknown.code, unknown.out]).toEqual([2, ''])
		expect(unknown.err).toContain('is "zoe@bank.example"')
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

	it('requests, refuses to approve what one has requested, and votes only after a yes', async ({
		server,
	}) => {
		const features = [{ name: 'income', type: 'numeric' }]
		await server.post('/v1/models', { model: 'credit', task: 'binary' })
		for (const version of ['1', '2']) {
			await server.post('/v1/models/credit/versions', { version, features })
			const json = { champion: version }
			await server.fetch('/v1/models/credit/deployments/production', { method: 'PUT', json })
		}
		const owner = 'ben@bank.example'
		const ben = (await server.post('/v1/keys', { name: 'ben', role: 'approver', owner })).body.secret
		const speak = async (key: string, ...lines: string[]) => {
			const env = { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: key }
			const { code, out, err } = await plumbline(['chat'], env, undefined, `${lines.join('\n')}\n`)
			expect([code, err], out).toEqual([0, ''])
			return out
		}
		const ana = keys.ana as string
		const asked = await speak(
			ana,
			'rollback credit because <!channel> income is in cents',
			'1',
			'approve',
			'sure',
			'yes',
		)
		const id = /req_[0-9a-z]{26}/.exec(asked)?.[0] as string
		const request = async () => (await server.fetch(`/v1/requests/${id}`)).body
		const { actionDigest } = await request()
		expect(asked).toContain(`[1] Review ${id}`)
		expect(asked).toContain('<!channel> income is in cents')
		expect(asked).toContain('Your vote was not counted.')
		expect(asked).not.toMatch(/:[a-z_]+:/)
		expect(await speak(ben, `approve ${id}`, `review ${id}`, 'approve', 'seen', 'no')).toContain(
			'Nothing was sent.',
		)
		expect(await speak(ben, `review ${id}`, 'maybe', 'cancel')).toContain(
			'Type Approve or Reject, or cancel.',
		)
		expect(await speak(ben, `review ${id}`, 'approve', '', 'cancel')).toContain('Type something, or cancel.')
		expect(await request()).toMatchObject({ status: 'pending', votes: [] })
		const voted = await speak(ben, 'requests', '1', 'Approve', '', 'the source is broken', 'yes')
		expect(voted).toContain(actionDigest)
		expect(voted).toMatch(
			/Decision: Approve\n +Reason: the source is broken\nSubmit\? Type yes; anything else cancels\./,
		)
		expect(voted).toContain('Your vote is stored.')
		expect((await request()).votes).toMatchObject([{ person: owner, reason: 'the source is broken' }])
		await expect.poll(async () => (await request()).status).toBe('verified')
	})
})
