import { describe, expect, test } from 'vitest'
import type { Action, Executor, ExecutorCall, ExecutorKind, TargetState } from '../../src/ports/executors.ts'
import { openedBy } from '../support/fixtures.ts'
import type { Target } from '../support/target.ts'

/** One executor in front of a target that it changes. */
export type Subject = {
	// biome-ignore lint/suspicious/noExplicitAny: whatever the executor commits itself
	kind: ExecutorKind<any>
	/** As in `approvals.yaml`, with short time-outs. */
	settings: Record<string, unknown>
	/** How many times the target did what it was asked to. */
	effects(): number
	/** Sets from outside what serves at the target; answers the version if it is another one. */
	setVersion?(version: string): unknown
	/** What the target received; absent for an executor that calls nothing. */
	target?: Target
	/** The secret, which must be shown nowhere. */
	secret?: string
	/** The name of a setting that refers to the secret. */
	secretSetting?: string
	/** An action that the executor supports. */
	action?: Action
	close(): Promise<void>
}

export const rollback: Action = {
	kind: 'rollback',
	model: 'credit-default',
	environment: 'production',
	from: '7',
	to: '6',
}

const hostile = '../..//x?y=1#z %2e%2e/"<é>\n{model}'

export const callFor = (action: Action, more: Partial<ExecutorCall> = {}): ExecutorCall => ({
	action,
	actionDigest: 'sha256:00',
	idempotencyKey: 'req_01kjx2y4v0abcdefghjkmnpqr',
	reason: 'drift',
	...more,
})

const stateOf = async (executor: Executor<unknown>, call: ExecutorCall): Promise<TargetState> => {
	const state = await executor.read?.(call)
	if (!state?.ok) throw new Error(`the read failed: ${state?.error.message}`)
	return state.value
}

/** Repeats an action until it has ended, as the engine does: what was accepted is polled. */
async function carryOut(executor: Executor<unknown>, call: ExecutorCall) {
	// The engine reads first. What calls other systems must hold without that, since its answer can be lost.
	if (executor.isLocal && (await stateOf(executor, call)).version === call.action.to)
		return { status: 'done' as const, detail: 'it is there already' }
	let acted = await executor.act(call)
	for (let i = 0; acted.status === 'accepted' && executor.poll && i < 10; i++)
		acted = await executor.poll(call)
	return acted
}

/** What every executor must hold to, whatever it acts on. `open` makes a fresh one whose target is at `from`. */
export function describeExecutor(open: () => Promise<Subject>) {
	const it = test.extend('subject', openedBy(open))
	const opened = ({ kind, settings, action = rollback }: Subject) => ({
		executor: kind.open(kind.settings.parse(settings)),
		call: callFor(action),
	})

	describe('the contract of executors', () => {
		it('the plan is pure, one line a call, and names each call that is made', async ({ subject }) => {
			const { executor, call } = opened(subject)
			const plan = executor.plan(call.action)
			expect(plan).toEqual(executor.plan(call.action))
			expect(plan.executor).toBe(subject.kind.name)
			expect(plan.calls.length).toBeGreaterThan(0)
			for (const line of plan.calls) expect(line).toMatch(/^[^\n\r]{1,1000}$/)
			expect(subject.target?.received ?? []).toEqual([])
			await executor.read?.(call)
			await carryOut(executor, call)
			for (const { method, path } of subject.target?.received ?? []) {
				const [route = ''] = path.split('?')
				expect(
					plan.calls.some((line) => line.startsWith(method) && line.includes(route)),
					`${method} ${route}`,
				).toBe(true)
			}
		})

		it('settings that were checked can be checked again', async ({ subject: { kind, settings } }) => {
			const once = kind.settings.parse(settings)
			expect(kind.settings.parse(once)).toEqual(once)
			expect(kind.settings.safeParse({ ...settings, nonsense: 1 }).success).toBe(false)
		})

		it('an action repeated with the same key has one effect', async ({ subject }) => {
			const { executor, call } = opened(subject)
			const first = await carryOut(executor, call)
			expect(['done', 'accepted']).toContain(first.status)
			expect((await carryOut(executor, call)).status).toBe(first.status)
			expect(subject.effects()).toBe(1)
		})

		it('an action whose answer was lost is repeated without a second effect', async ({ subject }) => {
			const { target } = subject
			if (!target) return
			const { executor, call } = opened(subject)
			for (const fault of ['close-after', 'late'] as const) {
				target.fault = fault
				expect(await executor.act(call)).toMatchObject({ status: 'unsure' })
			}
			target.fault = undefined
			expect(['done', 'accepted']).toContain((await carryOut(executor, call)).status)
			expect(subject.effects()).toBe(1)
		})

		it('a read says what serves: before, after, and when somebody else changed it', async ({ subject }) => {
			const { executor, call } = opened(subject)
			if (!executor.read) return
			expect((await stateOf(executor, call)).version).toBe(call.action.from)
			await carryOut(executor, call)
			expect((await stateOf(executor, call)).version).toBe(call.action.to)
			const other = await subject.setVersion?.('5')
			expect((await stateOf(executor, call)).version).toBe(other ?? '5')
		})
	})
	describe('the contract of executors that call other systems', () => {
		it('a target that hangs or drips is given up in time', async ({ subject }) => {
			const { target } = subject
			if (!target) return
			const { executor, call } = opened(subject)
			for (const fault of ['hang', 'drip'] as const) {
				target.fault = fault
				expect(await executor.act(call)).toMatchObject({ status: 'unsure' })
				if (executor.read)
					expect(await executor.read(call)).toMatchObject({ ok: false, error: { retryable: true } })
			}
		})

		it('an answer without an end is cut off', async ({ subject }) => {
			const { target } = subject
			if (!target) return
			const { executor, call } = opened(subject)
			target.fault = 'endless'
			expect(await executor.act(call)).toMatchObject({ status: 'unsure' })
			if (executor.read) expect(await executor.read(call)).toMatchObject({ ok: false })
			// What was under way in the buffers of the system comes on top.
			for (const { sent } of target.received) expect(sent).toBeLessThan(32 * 2 ** 20)
		})

		it('a redirect is not followed', async ({ subject }) => {
			const { target } = subject
			if (!target) return
			const { executor, call } = opened(subject)
			target.fault = 'redirect'
			expect(await executor.act(call)).toMatchObject({
				status: 'refused',
				detail: expect.stringContaining('redirect'),
			})
			if (executor.read)
				expect(await executor.read(call)).toMatchObject({ ok: false, error: { retryable: false } })
			expect(target.received.map((r) => r.path)).not.toContain('/elsewhere')
		})

		it.for([
			[500, 'unsure'],
			[503, 'unsure'],
			[429, 'unsure'],
			[408, 'unsure'],
			[400, 'refused'],
			[401, 'refused'],
			[403, 'refused'],
			[422, 'refused'],
		] as const)('a target that answers %i leaves the action %s', async ([status, expected], { subject }) => {
			const { target } = subject
			if (!target) return
			const { executor, call } = opened(subject)
			target.fault = { status, ...(expected === 'unsure' ? { headers: { 'retry-after': '7' } } : {}) }
			const acted = await executor.act(call)
			expect(acted).toMatchObject({ status: expected, detail: expect.stringContaining(String(status)) })
			if (expected === 'unsure') expect(acted).toMatchObject({ retryAfterMs: 7000 })
			if (executor.read)
				expect(await executor.read(call)).toMatchObject({
					ok: false,
					error: { retryable: expected === 'unsure' },
				})
		})

		it('a page instead of an answer is not taken for success', async ({ subject }) => {
			const { target } = subject
			if (!target) return
			const { executor, call } = opened(subject)
			target.fault = 'html'
			expect(await executor.act(call)).toMatchObject({ status: 'unsure' })
			if (executor.read) expect(await executor.read(call)).toMatchObject({ ok: false })
		})

		it('a call that did not reach the target is known not to have happened', async ({ subject }) => {
			const { target } = subject
			if (!target) return
			const { executor, call } = opened(subject)
			await target.close()
			expect(await executor.act(call)).toMatchObject({ status: 'unsure', known: 'not-done' })
			if (executor.read)
				expect(await executor.read(call)).toMatchObject({ ok: false, error: { retryable: true } })
		})

		it('the secret is shown nowhere, even when the target sends it back', async ({ subject }) => {
			const { target, secret } = subject
			if (!target || secret === undefined) return
			const { executor, call } = opened(subject)
			target.fault = 'echo'
			const shown = JSON.stringify([
				executor.plan(call.action),
				await executor.act(call),
				await executor.read?.(call),
				await executor.poll?.(call),
			])
			expect(shown).not.toContain(secret)
			expect(shown).not.toContain(Buffer.from(secret).toString('base64'))
			expect(target.received.length).toBeGreaterThan(0)
		})

		it('a secret is a reference: itself it is refused, and one that is missing is named', async ({
			subject,
		}) => {
			const { kind, settings, secretSetting, target, secret } = subject
			if (!target || secretSetting === undefined) return
			expect(kind.settings.safeParse({ ...settings, [secretSetting]: secret }).success).toBe(false)
			const missing = kind.settings.parse({ ...settings, [secretSetting]: 'env:PLUMBLINE_TEST_MISSING' })
			const acted = await kind.open(missing).act(callFor(subject.action ?? rollback))
			expect(acted).toMatchObject({ status: 'unsure', known: 'not-done' })
			expect(acted.detail).toContain('env:PLUMBLINE_TEST_MISSING')
			expect(target.received).toEqual([])
		})

		it('a hostile name is one encoded part of the URL', async ({ subject }) => {
			const { target, kind, settings, action = rollback } = subject
			if (!target) return
			const executor = kind.open(kind.settings.parse(settings))
			const call = callFor({ ...action, model: hostile, environment: hostile })
			await executor.read?.(call)
			await executor.act(call)
			for (const { path } of target.received) {
				expect(path).not.toMatch(/\/\.\.?(\/|$)|["<>\s{}]/)
				expect(new URL(path, target.url).pathname).toBe(path.split('?')[0])
			}
			for (const line of executor.plan(call.action).calls) expect(line).not.toMatch(/[\n\r]/)
		})
	})
}
