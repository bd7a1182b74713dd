import { z } from 'zod'
import type { ChangeSet } from '../../src/db/changes.ts'
import type { Acted, Executor, ExecutorCall, ExecutorKind, TargetState } from '../../src/ports/executors.ts'
import type { PolicySet } from '../../src/rules/approval-policies.ts'
import { defaultPolicies } from './policies.ts'

type Answer = 'done' | 'accepted' | 'refused' | 'error' | 'error-after' | 'late' | 'throws' | 'hangs' | 'busy'

/**
 * Another system that actions are carried out at, with a version that serves. It answers each call that acts with the next
 * of `answers`, and `done` after the last; it does what was asked once for each key.
 */
export function target(version: string | null = '8') {
	const target = {
		version,
		answers: [] as Answer[],
		/** How reads fail, if they do. */
		readFault: undefined as string | undefined,
		canRead: true,
		poll: undefined as Executor['poll'],
		calls: [] as string[],
		effects: [] as string[],
		/** Does what a call asks for, once. */
		apply({ idempotencyKey, action }: ExecutorCall) {
			if (target.effects.includes(idempotencyKey)) return
			target.effects.push(idempotencyKey)
			target.version = action.to ?? target.version
		},
		async read(): Promise<
			{ ok: true; value: TargetState } | { ok: false; error: { message: string; retryable: boolean } }
		> {
			target.calls.push('read')
			if (target.readFault !== undefined)
				return { ok: false, error: { message: target.readFault, retryable: true } }
			return { ok: true, value: { version: target.version, detail: `serves ${target.version}` } }
		},
		async act(call: ExecutorCall): Promise<Acted<ChangeSet>> {
			target.calls.push('act')
			const answer = target.answers.shift() ?? 'done'
			switch (answer) {
				case 'done':
					target.apply(call)
					return { status: 'done', detail: 'deployed' }
				case 'accepted':
					return { status: 'accepted', detail: 'queued' }
				case 'refused':
					return { status: 'refused', detail: 'no such version' }
				case 'busy':
					return { status: 'unsure', detail: '429', known: 'not-done', retryAfterMs: 20_000 }
				case 'error':
					return { status: 'unsure', detail: '500', known: 'over' }
				case 'error-after':
					target.apply(call)
					return { status: 'unsure', detail: '500', known: 'over' }
				case 'late':
					return { status: 'unsure', detail: 'no answer within 10 s' }
				case 'throws':
					throw new Error('the executor has a fault')
				case 'hangs':
					return new Promise<never>(() => {})
			}
		},
	}
	const executor = (): Executor<ChangeSet> => ({
		name: 'target',
		plan: ({ to }) => ({ executor: 'target', calls: [`deploy ${to}`] }),
		...(target.canRead ? { read: target.read } : {}),
		act: target.act,
		...(target.poll ? { poll: target.poll } : {}),
	})
	const kind: ExecutorKind<ChangeSet> = { name: 'target', settings: z.unknown(), open: executor }
	const policies: PolicySet = { ...defaultPolicies, executors: [{ name: 'target', settings: {} }] }
	return { target, options: { executors: { target: kind }, policies: { current: () => policies } } }
}
