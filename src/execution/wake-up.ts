import type { Context } from '../context.ts'
import { executeRequest } from './execute.ts'

const runningOf = new WeakMap<Context, Set<Promise<void>>>()

function running(context: Context): Set<Promise<void>> {
	const known = runningOf.get(context) ?? new Set()
	runningOf.set(context, known)
	return known
}

/** Carries out a request in the background, as far as it can go now. What has to wait is left to the job. */
export function startExecution(context: Context, id: string): void {
	const work = executeRequest(context, id)
		.catch((error: unknown) =>
			context.logger.error('a request could not be carried out yet', { request: id, error: String(error) }),
		)
		.finally(() => running(context).delete(work))
	running(context).add(work)
	context.background?.(work)
}

/** Waits for what is running in the background. */
export const finishExecutions = (context: Context): Promise<unknown> => Promise.allSettled(running(context))
