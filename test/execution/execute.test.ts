import { describe, expect } from 'vitest'
import { requests, versionFreezes } from '../../src/db/schema.ts'
import { executeRequest } from '../../src/execution/execute.ts'
import { executeDue } from '../../src/execution/execute-due.ts'
import { findDeployment } from '../../src/registry/deployment/get-deployment.ts'
import type { AppliedPolicy } from '../../src/rules/approval-policies.ts'
import { approvedRequest, storyOf } from '../support/approved.ts'
import { deployCredit, rollbackTo7 } from '../support/deployed.ts'
import { withContextPerTest } from '../support/fixtures.ts'
import { defaultPolicies } from '../support/policies.ts'

const test = withContextPerTest()

describe('an approved rollback', () => {
	test('moves the pointer once, and tells the whole story', async ({ context }) => {
		await deployCredit(context)
		const { id } = await approvedRequest(context, rollbackTo7)
		await executeRequest(context, id)
		const story = await storyOf(context, id)
		expect(story).toMatchObject({ status: 'verified', error: null })
		expect(story.ledger).toEqual(['start-execution', 'act-execution', 'verify-execution'])
		expect(story.steps).toEqual([
			'read ok: the champion is 8',
			'act ok: The deployment of credit in production is 7.',
			'verify ok: the champion is 7',
		])
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({
			champion: '7',
			revision: 2,
		})
		await executeRequest(context, id)
		await executeDue(context)
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({ revision: 2 })
		expect((await storyOf(context, id)).ledger).toHaveLength(3)
	})

	test('freezes the version that it left', async ({ context }) => {
		await deployCredit(context)
		const { id } = await approvedRequest(context, rollbackTo7)
		await executeRequest(context, id)
		expect(await context.sql.all({ sql: 'SELECT model, version, request FROM version_freeze' })).toEqual([
			{ model: 'credit', version: '8', request: id },
		])
	})

	test('fails when another rollback has left its version since', async ({ context }) => {
		await deployCredit(context)
		const { id } = await approvedRequest(context, rollbackTo7)
		await context.db
			.insert(versionFreezes)
			.values({ model: 'credit', version: '7', request: id, frozenAt: 0 })
		await executeRequest(context, id)
		expect(await storyOf(context, id)).toMatchObject({
			status: 'failed',
			error: `Version 7 is frozen: the rollback ${id} left it.`,
			ledger: ['start-execution', 'fail-execution'],
		})
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({ champion: '8' })
	})

	test('that finds another champion is stale and changes nothing', async ({ context }) => {
		await deployCredit(context, '9')
		const { id } = await approvedRequest(context, rollbackTo7)
		await executeRequest(context, id)
		const story = await storyOf(context, id)
		expect(story.status).toBe('stale')
		expect(story.error).toBe('The target is neither at 8 nor at 7: the champion is 9.')
		expect(story.ledger).toEqual(['start-execution', 'stale-execution'])
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({
			champion: '9',
			revision: 1,
		})
	})

	test('that finds its champion there already is verified without a change', async ({ context }) => {
		await deployCredit(context, '7')
		const { id } = await approvedRequest(context, rollbackTo7)
		await executeRequest(context, id)
		const story = await storyOf(context, id)
		expect(story.ledger).toEqual(['start-execution', 'act-execution', 'verify-execution'])
		expect(story.execution?.attempts).toBe(0)
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({
			champion: '7',
			revision: 1,
		})
	})

	test('does not start before its cooling-off is over', async ({ context, clock }) => {
		await deployCredit(context)
		const { id } = await approvedRequest(context, rollbackTo7, { executeAfter: clock.now + 60_000 })
		await executeDue(context)
		expect((await storyOf(context, id)).status).toBe('approved')
		clock.advance(60_000)
		await executeDue(context)
		expect((await storyOf(context, id)).status).toBe('verified')
	})

	test('waits for business hours after a standstill', async ({ context, clock }) => {
		await deployCredit(context)
		const [policy] = defaultPolicies.policies as [AppliedPolicy]
		const hours = { days: ['mon'], from: '08:00', to: '18:00', zone: 'Europe/Berlin' }
		const { id } = await approvedRequest(context, rollbackTo7, { policy: { ...policy, hours } })
		clock.now = Date.parse('2026-03-02T20:00:00Z')
		await executeDue(context)
		const opens = Date.parse('2026-03-09T07:00:00Z')
		expect(await storyOf(context, id)).toMatchObject({ status: 'approved', execution: { notBefore: opens } })
		const rows = await context.db.select({ at: requests.executeAfter }).from(requests)
		expect(rows).toEqual([{ at: opens }])
		clock.now = opens
		await executeDue(context)
		expect((await storyOf(context, id)).status).toBe('verified')
	})

	test('is stale when the executor would now do something else than what was approved', async ({
		context,
	}) => {
		await deployCredit(context)
		const plan = { executor: 'webhook', calls: ['POST https://ops.example/act'] }
		const { id } = await approvedRequest(context, rollbackTo7, { plan })
		await executeRequest(context, id)
		expect(await storyOf(context, id)).toMatchObject({
			status: 'stale',
			error: 'pointer would now do something else than what was approved. Request it again.',
		})
	})

	test('is compared with what was approved by the process that takes over too', async ({ context }) => {
		await deployCredit(context)
		const plan = { executor: 'webhook', calls: ['POST https://ops.example/act'] }
		const { id } = await approvedRequest(context, rollbackTo7, { plan, status: 'executing' })
		await executeRequest(context, id)
		expect((await storyOf(context, id)).status).toBe('stale')
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({ champion: '8' })
	})

	test('fails with what to do when its executor is not there', async ({ context }) => {
		await deployCredit(context)
		const { id } = await approvedRequest(context, {
			kind: 'other',
			model: 'credit',
			environment: 'production',
		})
		await executeRequest(context, id)
		expect(await storyOf(context, id)).toMatchObject({
			status: 'failed',
			error:
				'There is no executor other in this process. Name another one in approvals.yaml, then request it again.',
		})
	})

	test('is stale when the stored action is not the one that was approved', async ({ context }) => {
		await deployCredit(context)
		const { id } = await approvedRequest(context, rollbackTo7)
		const forged = JSON.stringify({ ...rollbackTo7, to: '9' })
		await context.sql.batch([{ sql: 'UPDATE request SET action = ? WHERE id = ?', params: [forged, id] }])
		await executeRequest(context, id)
		expect((await storyOf(context, id)).status).toBe('stale')
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({ champion: '8' })
	})
})

describe('an approved step of a canary', () => {
	test('changes the traffic and keeps the champion', async ({ context }) => {
		await deployCredit(context)
		const canary = { version: '9', percent: 10 }
		const step = { kind: 'canary', model: 'credit', environment: 'production', from: '8', to: '8', canary }
		const { id } = await approvedRequest(context, step)
		await executeRequest(context, id)
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({
			champion: '8',
			canary,
			revision: 2,
		})
		const end = await approvedRequest(context, { ...step, canary: null })
		await executeRequest(context, end.id)
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({ canary: null, revision: 3 })
		expect((await storyOf(context, end.id)).status).toBe('verified')
	})

	test('makes the challenger the champion where the promotion says so', async ({ context }) => {
		await deployCredit(context)
		const promotion = {
			...{ kind: 'promotion', model: 'credit', environment: 'production', from: '8', to: '9' },
			canary: null,
			challenger: null,
		}
		const { id } = await approvedRequest(context, promotion)
		await executeRequest(context, id)
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({
			champion: '9',
			challenger: null,
			canary: null,
		})
		expect(await context.sql.all({ sql: 'SELECT version FROM version_freeze' })).toEqual([])
	})
})
