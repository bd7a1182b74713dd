import { z } from 'zod'
import { secondMs } from '../../src/core/time.ts'
import type { ChangeSet } from '../../src/db/changes.ts'
import type { Acted, Executor, ExecutorCall, ExecutorKind } from '../../src/ports/executors.ts'
import type { Answer, Case } from './cases.ts'

/** A target that does what it is asked once for each key, and answers as it likes. */
export class FakeTarget {
	version = '8'
	readable = true
	answers: Answer[] = []
	keys = new Set<string>()
	acts = 0
	effects = 0
	/** Calls whose effect may still come. */
	underWay: ExecutorCall[] = []
	canRead: boolean
	canPoll: boolean
	gate: Promise<void> | undefined
	onAct: () => void = () => {}

	private readonly usually: Answer

	constructor({ canRead, canPoll, usually }: Case) {
		this.usually = usually
		this.canRead = canRead
		this.canPoll = canPoll
	}

	readonly kind: ExecutorKind<ChangeSet> = {
		name: 'target',
		settings: z.unknown(),
		open: (): Executor<ChangeSet> => ({
			name: 'target',
			plan: ({ to }) => ({ executor: 'target', calls: [`deploy ${to}`] }),
			...(this.canRead ? { read: async () => this.read() } : {}),
			act: (call) => this.act(call),
			...(this.canPoll ? { poll: async () => this.poll() } : {}),
		}),
	}

	apply({ idempotencyKey, action }: ExecutorCall): void {
		if (this.keys.has(idempotencyKey)) return
		this.keys.add(idempotencyKey)
		this.effects++
		this.version = action.to as string
	}

	arrive(): void {
		for (const call of this.underWay.splice(0)) this.apply(call)
	}

	private read() {
		const { version } = this
		return this.readable
			? ({ ok: true, value: { version, detail: `serves ${version}` } } as const)
			: ({ ok: false, error: { message: 'no answer', retryable: true } } as const)
	}

	private async act(call: ExecutorCall): Promise<Acted<ChangeSet>> {
		this.acts++
		this.onAct()
		await this.gate
		switch (this.answers.shift() ?? this.usually) {
			case 'done':
				this.apply(call)
				return { status: 'done', detail: 'deployed' }
			case 'accepted':
				this.underWay.push(call)
				return { status: 'accepted', detail: 'queued' }
			case 'refused':
				return { status: 'refused', detail: 'no such version' }
			case 'busy':
				return { status: 'unsure', detail: '429', known: 'not-done', retryAfterMs: 20 * secondMs }
			case 'error':
				return { status: 'unsure', detail: '500', known: 'over' }
			case 'error-after':
				this.apply(call)
				return { status: 'unsure', detail: '500', known: 'over' }
			case 'late':
				this.underWay.push(call)
				return { status: 'unsure', detail: 'no answer in time' }
			case 'throws':
				throw new Error('a fault of the executor')
		}
	}

	private poll(): Acted<ChangeSet> {
		return this.underWay.length > 0 || this.effects === 0
			? { status: 'accepted', detail: 'running' }
			: { status: 'done', detail: 'succeeded' }
	}
}
