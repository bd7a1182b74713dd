import type { Context, Progress } from '../../context.ts'
import { groupBy } from '../../core/maps.ts'
import { sleep } from '../../core/retry.ts'
import type { ActionRegistry } from '../actions.ts'
import { countQueued, removeWindows, takeDueWindows } from './changed-windows.ts'
import { evaluateLiveness } from './evaluate-liveness.ts'
import { evaluateModel } from './evaluate-model.ts'
import { recordRules, rulesInForce } from './rules-in-force.ts'
import { type ModelEnvironment, modelText } from './series-record.ts'
import { metricSources, type Sources } from './sources.ts'

export type EvaluationResult = { models: number; windows: number; waiting: number; failed: string[] }

/**
 * Evaluates the rules on everything that was computed since the last run. The stages, in order:
 *
 *   rulesInForce      reads the rules of the service; recordRules notes on the ledger when they change
 *   takeDueWindows    reads the windows that changed, queues them, and answers those that have closed
 *   evaluateModel     for one model and environment: evaluates each series in time order, updates the working sets of
 *                     alerts and incidents, and commits one change set
 *   evaluateLiveness  does the same for what only the clock can tell: feeds, rejected rows, replays, jobs
 *
 * A model that fails is named in `failed`; its windows stay queued, and the other models are evaluated.
 * With `isPatient`, back-filled windows stay queued until they are complete.
 */
export async function evaluateAll(
	context: Context,
	actions: ActionRegistry,
	sources: Sources = metricSources,
	{
		waitForBackfill = false,
		onProgress,
	}: { waitForBackfill?: boolean; onProgress?: Progress | undefined } = {},
): Promise<EvaluationResult> {
	const ruleSet = await rulesInForce(context)
	await recordRules(context, ruleSet)
	const due = await takeDueWindows(context, sources, waitForBackfill)
	const result: EvaluationResult = { models: 0, windows: 0, waiting: 0, failed: [] }
	let done = 0
	const onWindow = () => onProgress?.(++done, due.length)
	for (const windows of groupBy(due, modelText).values()) {
		const { model, environment } = windows[0] as ModelEnvironment
		try {
			const setting = { ruleSet, sources, actions, onWindow }
			result.windows += await evaluateModel(context, { model, environment }, windows, setting)
			result.models++
			await removeWindows(context, windows)
		} catch (error) {
			result.failed.push(`${model} ${environment}`)
			context.logger.error('a model could not be evaluated', {
				model,
				environment,
				error: String(error),
				stack: (error as Error).stack,
			})
		}
		// Requests are answered between two models.
		await sleep(0)
	}
	result.failed.push(...(await evaluateLiveness(context, { ruleSet, actions })))
	result.waiting = await countQueued(context)
	return result
}
