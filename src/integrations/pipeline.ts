import { z } from 'zod'
import { AppError } from '../core/errors.ts'
import { dayMs, formatTime, secondMs } from '../core/time.ts'
import type { Acted, Action, Executor, ExecutorCall, ExecutorKind } from '../ports/executors.ts'
import { failedAct, type TargetContext, type TargetReply } from './target.ts'

// What GitHub, GitLab and Jenkins have in common: they start a run, and know no idempotency keys. So each run carries the id of
// the request where it can be found again, and nothing is started before a look at the runs that are there.

/** A run that carries the id of a request. */
export type Run = { state: 'running' | 'done' | 'failed'; detail: string }

/** The run of a request, if there is one; or why that is unknown. */
export type Found = { ok: true; run: Run | undefined } | { ok: false; failed: Acted }

export type Pipeline<Settings> = {
	name: string
	settings: z.ZodType<Settings>
	/** The calls of `find` and `start`. */
	plan(settings: Settings, action: Action): string[]
	find(context: TargetContext, settings: Settings, call: ExecutorCall): Promise<Found>
	start(context: TargetContext, settings: Settings, call: ExecutorCall): Promise<Acted>
}

/** A new run may be missing from the list for a moment. */
const settleMs = 30 * secondMs

/** Starts a run unless there is one for the request, and follows it to its end. */
export const pipelineExecutor =
	<Settings>(pipeline: Pipeline<Settings>) =>
	(context: TargetContext): ExecutorKind => ({
		name: pipeline.name,
		settings: pipeline.settings,
		open: (given) => open(context, pipeline, pipeline.settings.parse(given)),
	})

const open = <Settings>(
	context: TargetContext,
	{ name, plan, find, start }: Pipeline<Settings>,
	settings: Settings,
): Executor => ({
	name,
	plan: (action) => ({ executor: name, calls: plan(settings, action) }),
	act: (call) =>
		withSecrets(async () => {
			const found = await find(context, settings, call)
			if (!found.ok) return beforeStart(found.failed)
			const { run } = found
			if (run) return { status: run.state === 'done' ? 'done' : 'accepted', detail: run.detail }
			const started = await start(context, settings, call)
			if (started.status !== 'unsure' || started.known === 'not-done') return started
			return { ...started, retryAfterMs: Math.max(settleMs, started.retryAfterMs ?? 0) }
		}),
	poll: (call) =>
		withSecrets(async () => {
			const found = await find(context, settings, call)
			// That the run cannot be seen does not say how it ends.
			if (!found.ok) return { status: 'unsure', detail: found.failed.detail }
			const { run } = found
			if (!run) return { status: 'accepted', detail: 'its run is not in the list yet' }
			const status = { running: 'accepted', done: 'done', failed: 'refused' } as const
			return { status: status[run.state], detail: run.detail }
		}),
})

const beforeStart = (failed: Acted): Acted =>
	failed.status === 'unsure' ? { ...failed, known: 'not-done' } : failed

/** A secret that is missing is a call that was not made. */
async function withSecrets(work: () => Promise<Acted>): Promise<Acted> {
	try {
		return await work()
	} catch (error) {
		if (error instanceof AppError) return { status: 'unsure', known: 'not-done', detail: error.message }
		throw error
	}
}

/** The failure of a look-up whose answer is not as documented. */
export const notFound = (reply: TargetReply, nowMs: number, what: string): Found => ({
	ok: false,
	failed: failedAct(reply, nowMs) ?? { status: 'unsure', detail: `${what} has an unexpected shape` },
})

/** Runs are looked for this far back: a target may work for a day on what it has accepted. */
export const since = (nowMs: number): string => formatTime(nowMs - 2 * dayMs)

const placeholders = ['kind', 'model', 'environment', 'from', 'to', 'canary', 'percent'] as const

/** Inputs of a run, with placeholders for what the action says. */
export const Inputs = z
	.record(
		z.string().regex(/^[A-Za-z_][\w-]*$/),
		z
			.string()
			.refine(
				(text) => [...text.matchAll(/\{(\w+)\}/g)].every(([, name]) => placeholders.includes(name as 'kind')),
				`can have these placeholders: ${placeholders.map((p) => `{${p}}`).join(', ')}`,
			),
	)
	.default({})

export function filledInputs(
	inputs: Readonly<Record<string, string>>,
	{ kind, model, environment, from = '', to = '', canary }: Action,
): Record<string, string> {
	const percent = String(canary?.percent ?? '')
	const names: Record<string, string> = {
		kind,
		model,
		environment,
		from,
		to,
		canary: canary?.version ?? '',
		percent,
	}
	return Object.fromEntries(
		Object.entries(inputs).map(([key, text]) => [
			key,
			text.replace(/\{(\w+)\}/g, (all, name) => names[name] ?? all),
		]),
	)
}
