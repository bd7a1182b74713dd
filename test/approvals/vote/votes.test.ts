import { describe, expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { approvalServer } from '../../support/approvals.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'

const it = withServerPerTest(() => approvalServer())

const refusal = (code: string, status: number) => ({ status, body: { code, status } })

describe('a vote', () => {
	it('is counted once for each person, and the last one that is needed queues the execution', async ({
		server,
	}) => {
		const asked = await server.ask()
		expect(asked).toMatchObject({ status: 201, body: { status: 'pending', needs: 2, votes: [] } })
		expect(asked.headers.get('location')).toBe(`/v1/requests/${asked.body.id}`)
		const request = asked.body
		expect(request.action).toEqual({
			kind: 'rollback',
			model: 'credit',
			environment: 'production',
			from: '7',
			to: '6',
		})
		const first = await server.vote(request, server.keys.ana, { reason: 'the old one was right' })
		expect(first).toMatchObject({ status: 201, body: { status: 'pending' } })
		expect(first.body.votes).toEqual([
			{
				person: 'ana@bank.example',
				actor: expect.stringMatching(/^key:/),
				vote: 'approve',
				reason: 'the old one was right',
				at: '2026-03-02T00:00:00.000Z',
				breakGlass: false,
			},
		])
		const again = await server.vote(request, server.keys.ana, { reason: 'again' })
		expect(again.status).toBe(200)
		expect(again.body.votes).toEqual(first.body.votes)
		const last = await server.vote(request, server.keys.ben)
		expect(last).toMatchObject({ status: 201, body: { execution: { idempotencyKey: request.id } } })
		expect(['approved', 'executing', 'verifying', 'verified']).toContain(last.body.status)
		expect((await server.ledger(`request:${request.id}`)).slice(0, 4)).toEqual([
			'create-request',
			'vote-request',
			'vote-request',
			'approve-request',
		])
	})

	it('is void when the action changes: the digest is that of the action as it is stored', async ({
		server,
	}) => {
		const { body: request } = await server.ask()
		await server.vote(request, server.keys.ana)
		await server.context.sql.batch([
			{
				sql: `UPDATE request SET action = replace(action, '"to":"6"', '"to":"8"') WHERE id = ?`,
				params: [request.id],
			},
		])
		expect(await server.vote(request, server.keys.ben)).toMatchObject(refusal('digest-changed', 409))
		const changed = await server.read(request.id)
		expect(changed).toMatchObject({ votes: [], action: { to: '8' } })
		expect(changed.actionDigest).not.toBe(request.actionDigest)
		expect((await server.vote(changed, server.keys.ben)).body).toMatchObject({ status: 'pending' })
		const again = await server.vote(changed, server.keys.ana)
		expect(again).toMatchObject({ status: 201, body: { votes: [{}, {}] } })
		expect(again.body.status).not.toBe('pending')
	})

	it('to reject ends the request', async ({ server }) => {
		const { body: request } = await server.ask()
		const rejected = await server.vote(request, server.keys.ana, { vote: 'reject' })
		expect(rejected).toMatchObject({ status: 201, body: { status: 'rejected', execution: null } })
		expect(await server.vote(request, server.keys.ben)).toMatchObject(refusal('not-open', 409))
		expect(await server.vote(request, server.keys.ana, { vote: 'reject' })).toMatchObject({ status: 200 })
	})
})

describe('a vote is refused', () => {
	const refusals: [
		string,
		string,
		number,
		(s: Awaited<ReturnType<typeof approvalServer>>) => Promise<Json>,
	][] = [
		['without a key', 'unauthenticated', 401, async (s) => s.vote((await s.ask()).body, 'plk_no-such-key')],
		[
			'of a viewer',
			'forbidden',
			403,
			async (s) => s.vote((await s.ask()).body, await s.keyOf('viewer', 'eve@bank.example')),
		],
		['of an auditor', 'forbidden', 403, async (s) => s.vote((await s.ask()).body, await s.keyOf('auditor'))],
		[
			'for a model outside the scope of the key',
			'not-found',
			404,
			async (s) =>
				s.vote((await s.ask()).body, await s.keyOf('approver', undefined, { models: ['other-*'] })),
		],
		['of the requester', 'own-request', 403, async (s) => s.vote((await s.ask()).body, s.keys.requester)],
		[
			'of the requester through another key, in other case',
			'own-request',
			403,
			async (s) => s.vote((await s.ask()).body, await s.keyOf('admin', 'RITA@bank.example ')),
		],
		[
			'for another digest',
			'digest-changed',
			409,
			async (s) => s.vote((await s.ask()).body, s.keys.ana, { actionDigest: `sha256:${'0'.repeat(64)}` }),
		],
		[
			'after the request has expired',
			'expired',
			409,
			async (s) => {
				const { body } = await s.ask()
				s.clock.advance(7 * dayMs)
				return s.vote(body, s.keys.ana)
			},
		],
		[
			'on a cancelled request',
			'not-open',
			409,
			async (s) => {
				const { body } = await s.ask()
				await s.post(`/v1/requests/${body.id}/cancel`, {})
				return s.vote(body, s.keys.ana)
			},
		],
		[
			'that differs from an earlier one of the person',
			'already-voted',
			409,
			async (s) => {
				const { body } = await s.ask()
				await s.vote(body, s.keys.ana)
				return s.vote(body, s.keys.ana, { vote: 'reject' })
			},
		],
		[
			'through a second key of the person',
			'already-voted',
			409,
			async (s) => {
				const { body } = await s.ask()
				await s.vote(body, s.keys.ana)
				return s.vote(body, await s.keyOf('approver', 'Ana@Bank.Example'))
			},
		],
		[
			'when another version serves by now',
			'stale',
			409,
			async (s) => {
				const { body } = await s.ask()
				await s.deployed('8')
				return s.vote(body, s.keys.ana)
			},
		],
		[
			'without a reason',
			'invalid',
			422,
			async (s) => s.vote((await s.ask()).body, s.keys.ana, { reason: ' \u200b ' }),
		],
		[
			'of another shape',
			'invalid',
			422,
			async (s) => s.vote((await s.ask()).body, s.keys.ana, { vote: 'abstain' }),
		],
	]

	it.for(refusals)('%s: %s', async ([, code, status, vote], { server }) => {
		const answer = await vote(server)
		expect(answer).toMatchObject(refusal(code, status))
		const [request] = (await server.fetch('/v1/requests')).body.items
		const isRecorded = !['unauthenticated', 'not-found', 'invalid'].includes(code)
		const ledger = await server.ledger(`request:${request.id}`)
		if (isRecorded) expect(ledger.at(-1)).toBe('refuse-vote')
		expect(request.votes.length).toBe(code === 'already-voted' ? 1 : 0)
		expect(request.status).toBe(
			{ expired: 'expired', stale: 'stale', 'not-open': 'cancelled' }[code] ?? 'pending',
		)
	})
})
