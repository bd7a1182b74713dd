import type { Context } from '../../context.ts'
import { groupBy } from '../../core/maps.ts'
import { windowMs } from '../../core/time.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import { deploymentHistory } from '../../registry/deployment/get-deployment.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { appliesTo, type RuleSet } from '../../rules/rule-set.ts'
import type { ActionRegistry } from '../actions.ts'
import { AlertWorkingSet, readAlertsSince } from './alert-working-set.ts'
import type { DueWindow } from './changed-windows.ts'
import { commitAlerts } from './commit-alerts.ts'
import { RuleEvaluator } from './evaluate-series.ts'
import { type ModelEnvironment, readSeries, seriesText } from './series-record.ts'
import type { Sources } from './sources.ts'

type Setting = { ruleSet: RuleSet; sources: Sources; actions: ActionRegistry; onWindow: () => void }
type SeriesWindows = { evaluator: RuleEvaluator; windows: { from: number; changed: boolean }[] }

/**
 * Evaluates the changed windows of one model in one environment, in time order, and stores what follows in one commit:
 * states, alerts, incidents, requests, announcements. Returns how many windows were evaluated.
 */
export async function evaluateModel(
	context: Context,
	about: ModelEnvironment,
	changed: readonly DueWindow[],
	{ ruleSet, sources, actions, onWindow }: Setting,
): Promise<number> {
	const from = Math.min(...changed.map((c) => c.from))
	const workingSet = new AlertWorkingSet(context, await readAlertsSince(context, from, about))
	const series = await openSeries(context, about, changed, { ruleSet, sources, workingSet })
	const evaluated = await evaluateInOrder(series, onWindow)
	const stateChanges = series.flatMap(({ evaluator }) => evaluator.changes())
	await commitAlerts(context, about, from, { workingSet, actions, stateChanges })
	return evaluated
}

/** An evaluator for each series that changed, with the windows that it has to evaluate. */
async function openSeries(
	context: Context,
	about: ModelEnvironment,
	changed: readonly DueWindow[],
	{ ruleSet, sources, workingSet }: Pick<Setting, 'ruleSet' | 'sources'> & { workingSet: AlertWorkingSet },
): Promise<SeriesWindows[]> {
	const { model, environment } = about
	const { tags } = await findModel(context, model)
	const records = await readSeries(context, about)
	const deployments = await deploymentHistory(context, model, environment)
	const names = new Set(ruleSet.rules.map((r) => r.name))
	const series: SeriesWindows[] = []
	for (const [text, windows] of groupBy(changed, seriesText)) {
		const { version, window } = windows[0] as DueWindow
		const rules = ruleSet.rules.filter(
			(r) => r.scope === 'window' && r.window === window && appliesTo(r, { ...about, tags }),
		)
		const hasBaseline = (await currentReference(context, model, version)).digest !== ''
		const evaluator = new RuleEvaluator({ model, environment, version, window }, records.get(text), {
			context,
			sources,
			rules,
			names,
			digest: ruleSet.digest,
			hasBaseline,
			deployments,
			workingSet,
		})
		series.push({ evaluator, windows: await evaluator.begin(windows.map((w) => w.from)) })
	}
	return series
}

/** Evaluates all series together by the end of their windows: a rule that inhibits is evaluated before those that it inhibits. */
async function evaluateInOrder(series: readonly SeriesWindows[], onWindow: () => void): Promise<number> {
	const all = series.flatMap(({ evaluator, windows }) =>
		windows.map((w) => ({ evaluator, ...w, to: w.from + windowMs[evaluator.key.window] })),
	)
	all.sort((a, b) => a.to - b.to || b.from - a.from)
	for (const { evaluator, from, changed } of all) {
		await evaluator.evaluate(from, changed)
		// Windows that are evaluated again because an earlier one changed are not counted as progress.
		if (changed) onWindow()
	}
	return all.length
}
