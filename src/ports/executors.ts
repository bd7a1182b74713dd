import type { z } from 'zod'

export type Canary = { version: string; percent: number }

/** What a request asks for, exactly. Its canonical JSON is what approvers see and what the digest covers. */
export type Action = {
	kind: string
	model: string
	environment: string
	/** The champion that the action starts from; the present tier for `risk-tier`. Absent where nothing is replaced. */
	from?: string
	/** The champion afterwards; the tier afterwards for `risk-tier`. Absent for a retraining. */
	to?: string
	/** The traffic afterwards; absent if there is no canary before or after. */
	canary?: Canary | null
	/** Only where it changes too. */
	challenger?: string | null
	/** Further members of kinds that change something else, such as the silence to create. */
	[more: string]: unknown
}

/** An executor's dry run: its name, and each call that it would make, one line of text each. Holds no secret. */
export type Plan = { executor: string; calls: string[] }

/** One action to carry out. `idempotencyKey` is the request's id, the same at every attempt. */
export type ExecutorCall = {
	action: Action
	actionDigest: string
	idempotencyKey: string
	/** For tags and links at the target. */
	incident?: string | undefined
	reason: string
	signal?: AbortSignal
}

/** What serves at the target. `version` is null if nothing does; `canary` is undefined if the target does not say. */
export type TargetState = { version: string | null; canary?: Canary | null; detail: string }

/** A read that failed: nothing is known about the target. `retryable`: the next one may succeed. */
export type ReadFailure = { message: string; retryable: boolean; retryAfterMs?: number | undefined }

/** How a call that acts ended. */
export type Acted<Changes = never> =
	/** It is done. `changes` are committed with the step that records it. */
	| { status: 'done'; detail: string; changes?: Changes }
	/** The target works on it: a later `read`, `poll` or call-back tells how it ended. */
	| { status: 'accepted'; detail: string }
	/** It is known not to have happened, and repeating the call does not help. */
	| { status: 'refused'; detail: string }
	/**
	 * It may or may not have happened; the call is repeated with the same key after another read. `known`, if there is more
	 * to say: `not-done`, the call had no effect (such as a refused connection, 429); `over`, the target has answered, so
	 * that a later read tells (such as 500). Absent: it may still have an effect (such as a time-out).
	 */
	| {
			status: 'unsure'
			detail: string
			retryAfterMs?: number | undefined
			known?: 'not-done' | 'over' | undefined
	  }

/** Carries out actions at one kind of target. Calls never throw for what the target does, and each is bounded in time and size. */
export type Executor<Changes = never> = {
	name: string
	/** The dry run. Pure: it calls nothing. */
	plan(action: Action): Plan
	/** What serves at the target now. Undefined: the target cannot be read (such as a pipeline that only starts). */
	read?(call: ExecutorCall): Promise<{ ok: true; value: TargetState } | { ok: false; error: ReadFailure }>
	act(call: ExecutorCall): Promise<Acted<Changes>>
	/** How an accepted action goes on, for targets that are polled. */
	poll?(call: ExecutorCall): Promise<Acted<Changes>>
	/** Checks a call-back that reports the result; undefined if it is not from the target. */
	resultOf?(
		headers: Headers,
		body: Uint8Array,
	): Promise<{ status: 'done' | 'failed'; detail: string } | undefined>
	/** It acts only by the `changes` that it returns, so that nothing can happen without being recorded. */
	isLocal?: boolean
	/** After how many `unsure` calls it gives up (default 8). */
	maxAttempts?: number
}

/** One kind of executor, as `approvals.yaml` names it. */
export type ExecutorKind<Changes = never> = {
	name: string
	/** The settings in `approvals.yaml`; secrets only as references (`env:NAME`, `file:PATH`). */
	settings: z.ZodType
	open(settings: unknown): Executor<Changes>
}

/** By the name in `approvals.yaml`. */
export type ExecutorKinds<Changes = never> = Readonly<Record<string, ExecutorKind<Changes>>>
