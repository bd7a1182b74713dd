import { describe, expect, vi } from 'vitest'
import type { Context } from '../../src/context.ts'
import { dayMs, minuteMs } from '../../src/core/time.ts'
import { executeRequest } from '../../src/execution/execute.ts'
import { recordResult } from '../../src/execution/result.ts'
import { findDeployment } from '../../src/registry/deployment/get-deployment.ts'
import { approvedRequest, storyOf } from '../support/approved.ts'
import { type TestClock, testContext } from '../support/context.ts'
import { deployCredit, rollbackTo7 } from '../support/deployed.ts'
import { withOpener } from '../support/fixtures.ts'
import { target as newTarget } from '../support/scripted-target.ts'

const test = withOpener(async () => {
	const { target, options } = newTarget()
	const made = await testContext(options)
	await deployCredit(made.context)
	const { id } = await approvedRequest(made.context, rollbackTo7)
	return { ...made, target, id, story: () => storyOf(made.context, id) }
})

/** Carries out a request until it has ended, with pauses passing at once. */
async function untilEnded(context: Context, clock: TestClock, id: string) {
	for (let round = 0; round < 60; round++) {
		await executeRequest(context, id)
		if ((await storyOf(context, id)).execution?.finishedAt != null) return
		clock.advance(5 * minuteMs)
	}
}

const champion = async (context: Context) => (await findDeployment(context, 'credit', 'production'))?.champion

describe('another target', () => {
	test('is read, acted on and read back, and then the pointer follows with the freeze', async ({ open }) => {
		const { context, id, target, story } = await open()
		await executeRequest(context, id)
		expect(target.calls).toEqual(['read', 'act', 'read'])
		const { status, steps, ledger } = await story()
		expect(status).toBe('verified')
		expect(steps).toEqual(['read ok: serves 8', 'act ok: deployed', 'verify ok: serves 7'])
		expect(ledger).toEqual(['start-execution', 'act-execution', 'verify-execution'])
		expect(await champion(context)).toBe('7')
		expect(await context.sql.all({ sql: 'SELECT version FROM version_freeze' })).toEqual([{ version: '8' }])
	})

	test('that answers 500 after doing it is not called again', async ({ open }) => {
		const { context, clock, id, target, story } = await open()
		target.answers = ['error-after']
		await untilEnded(context, clock, id)
		expect(target.calls.filter((c) => c === 'act')).toHaveLength(1)
		expect(target.effects).toEqual([id])
		expect(await story()).toMatchObject({ status: 'verified', execution: { attempts: 1 } })
	})

	test('that answers 500 is called again, with the same key, up to eight times; then a read tells that it failed', async ({
		open,
	}) => {
		const { context, clock, id, target, story } = await open()
		target.answers = Array(20).fill('error')
		await untilEnded(context, clock, id)
		expect(await story()).toMatchObject({
			status: 'failed',
			error: 'It was tried 8 times, and the target has not changed: 500',
			execution: { attempts: 8 },
		})
		expect(await champion(context)).toBe('8')
	})

	test('that does not answer at all is inconclusive, and an incident asks a person', async ({ open }) => {
		const { context, clock, id, target, story } = await open()
		target.answers = Array(20).fill('late')
		await untilEnded(context, clock, id)
		const { status, ledger } = await story()
		expect(status).toBe('inconclusive')
		expect(ledger).toEqual(['start-execution', 'inconclusive-execution'])
		const incidents = await context.sql.all({ sql: 'SELECT about, status, title FROM incident' })
		expect(incidents).toEqual([
			{
				about: `execution:${id}`,
				status: 'open',
				title: 'credit in production: unknown whether the rollback took effect',
			},
		])
	})

	test('that refuses has failed at once', async ({ open }) => {
		const { context, id, target, story } = await open()
		target.answers = ['refused']
		await executeRequest(context, id)
		expect(await story()).toMatchObject({ status: 'failed', error: 'no such version' })
	})

	test('that is neither at the old version nor at the new one is stale', async ({ open }) => {
		const { context, id, target, story } = await open()
		target.version = '9'
		await executeRequest(context, id)
		expect(await story()).toMatchObject({ status: 'stale' })
		expect(target.calls).toEqual(['read'])
	})

	test('that is busy is called when it asks for it', async ({ open }) => {
		const { context, clock, id, target, story } = await open()
		target.answers = ['busy']
		await executeRequest(context, id)
		clock.advance(19_999)
		await executeRequest(context, id)
		expect(target.calls.filter((c) => c === 'act')).toHaveLength(1)
		clock.advance(1)
		await executeRequest(context, id)
		expect(await story()).toMatchObject({ status: 'verified', execution: { attempts: 2 } })
	})

	test('whose executor throws is tried again', async ({ open }) => {
		const { context, clock, id, target, story } = await open()
		target.answers = ['throws']
		await untilEnded(context, clock, id)
		expect(await story()).toMatchObject({ status: 'verified', execution: { attempts: 2 } })
	})

	test('that cannot be read before it was ever called has failed', async ({ open }) => {
		const { context, clock, id, target, story } = await open()
		target.readFault = 'connection refused'
		await untilEnded(context, clock, id)
		expect(await story()).toMatchObject({
			status: 'failed',
			error: 'It was never carried out, and the target has not changed: connection refused',
			execution: { attempts: 0 },
		})
		expect(target.calls).not.toContain('act')
	})

	test('that cannot be read back is verified as it reports', async ({ open }) => {
		const { context, id, target, story } = await open()
		target.canRead = false
		await executeRequest(context, id)
		const { status, steps } = await story()
		expect(status).toBe('verified')
		expect(steps).toEqual(['act ok: deployed', 'verify ok: as target reports, which cannot be read back'])
		expect(await champion(context)).toBe('7')
	})

	test('that does not say what its canary is changes it as it reports', async ({ open }) => {
		const { context, clock, target } = await open()
		const canary = { version: '9', percent: 10 }
		const step = { kind: 'canary', model: 'credit', environment: 'production', from: '8', to: '8', canary }
		const done = await approvedRequest(context, step)
		target.answers = ['error', 'done']
		await untilEnded(context, clock, done.id)
		expect(target.effects).toEqual([done.id])
		const { status, steps } = await storyOf(context, done.id)
		expect(status).toBe('verified')
		expect(steps.at(-1)).toBe('verify ok: serves 8; it does not say what its canary is')
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({ champion: '8', canary })
		const lost = await approvedRequest(context, { ...step, canary: null })
		target.answers = Array.from({ length: 8 }, () => 'error')
		await untilEnded(context, clock, lost.id)
		expect((await storyOf(context, lost.id)).status).toBe('inconclusive')
	})

	test('that says done but stays where it was is inconclusive', async ({ open }) => {
		const { context, clock, id, target, story } = await open()
		target.apply = () => {}
		await untilEnded(context, clock, id)
		expect(await story()).toMatchObject({
			status: 'inconclusive',
			error: 'It was done, but the target is not there: serves 8.',
		})
		expect(await champion(context)).toBe('8')
	})
})

describe('an accepted action', () => {
	test('waits for the report of the target, and is not sent again', async ({ open }) => {
		const { context, clock, id, target, story } = await open()
		target.answers = ['accepted']
		await executeRequest(context, id)
		clock.advance(minuteMs)
		await executeRequest(context, id)
		expect(await story()).toMatchObject({ status: 'executing', execution: { attempts: 1 } })
		target.version = '7'
		expect(await recordResult(context, id, { status: 'done', detail: 'rolled out' })).toEqual({ isNew: true })
		await expect.poll(async () => (await story()).status).toBe('verified')
		expect(await recordResult(context, id, { status: 'done', detail: 'again' })).toEqual({ isNew: false })
		await expect(recordResult(context, id, { status: 'failed', detail: '' })).rejects.toMatchObject({
			code: 'not-open',
		})
	})

	test('that the target reports as failed has failed', async ({ open }) => {
		const { context, id, target, story } = await open()
		target.answers = ['accepted']
		await executeRequest(context, id)
		await recordResult(context, id, { status: 'failed', detail: 'the image does not exist' })
		await expect.poll(async () => (await story()).status).toBe('failed')
		expect((await story()).error).toBe('the image does not exist')
	})

	test('is polled where the target can be asked', async ({ open }) => {
		const { context, clock, id, target, story } = await open()
		target.answers = ['accepted']
		let polls = 0
		target.poll = async (call) => {
			if (++polls < 3) return { status: 'accepted', detail: 'running' }
			target.apply(call)
			return { status: 'done', detail: 'the job has succeeded' }
		}
		await untilEnded(context, clock, id)
		expect(await story()).toMatchObject({ status: 'verified', execution: { attempts: 1 } })
		expect(polls).toBe(3)
	})

	test('of which nothing is heard for a day is inconclusive', async ({ open }) => {
		const { context, clock, id, target, story } = await open()
		target.answers = ['accepted']
		await executeRequest(context, id)
		clock.advance(dayMs)
		await executeRequest(context, id)
		clock.advance(minuteMs)
		await executeRequest(context, id)
		expect((await story()).status).toBe('inconclusive')
	})

	test('is not reported before it was sent', async ({ open }) => {
		const { context, id } = await open()
		await expect(recordResult(context, id, { status: 'done', detail: '' })).rejects.toMatchObject({
			code: 'not-open',
		})
		await expect(recordResult(context, 'req_none', { status: 'done', detail: '' })).rejects.toMatchObject({
			code: 'not-found',
		})
	})
})

describe('an executor that never answers', () => {
	test('is given up after 30 seconds, and its call counts as unknown', async ({ open }) => {
		const { context, id, target, story } = await open()
		target.answers = ['hangs']
		vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
		try {
			const running = executeRequest(context, id)
			await vi.waitFor(() => expect(target.calls).toContain('act'), { timeout: 10_000 })
			await vi.advanceTimersByTimeAsync(30_000)
			await running
		} finally {
			vi.useRealTimers()
		}
		expect(await story()).toMatchObject({ status: 'executing', error: 'target has not answered within 30 s' })
	})
})
