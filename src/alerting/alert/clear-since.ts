import type { Context } from '../../context.ts'
import { groupBy } from '../../core/maps.ts'
import { hourMs, type WindowSize, windowMs } from '../../core/time.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import { deploymentHistory } from '../../registry/deployment/get-deployment.ts'
import { evaluate } from '../../rules/evaluate.ts'
import type { Rule } from '../../rules/rule-set.ts'
import { noStates, withState } from '../../rules/states.ts'
import type { AlertRow } from './alert-working-set.ts'
import { windowStates } from './evaluate-series.ts'
import { rulesInForce } from './rules-in-force.ts'
import { metricSources } from './sources.ts'

export type Clearing = {
	/** Clear windows are needed of this version, in which the alerts would be. */
	version: string
	/** Only windows that were computed from then on count. */
	since: number
	/** How many clear windows are needed. */
	windows: number
}

/** Whether what fired is clear; `text` says so in words, or what is missing. */
export type Cleared = { isClear: boolean; text: string }

/**
 * Whether the rules of some alerts are clear for enough windows since: windows after the one that fired, with the state
 * machine of the rules. An unknown window does not count, and one in which a rule holds starts the count again.
 */
export async function clearSince(
	context: Context,
	alerts: readonly AlertRow[],
	clearing: Clearing,
): Promise<Cleared> {
	const { rules } = await rulesInForce(context)
	const subjects = groupBy(alerts, (a) => JSON.stringify([a.rule, a.window, a.subjectKey]))
	const open: string[] = []
	for (const [first, ...more] of subjects.values()) {
		if (!first) continue
		const firedTo = Math.max(first.firedTo, ...more.map((a) => a.firedTo))
		const rule = rules.find((r) => r.name === first.rule && r.scope === 'window')
		// What no window shows, or no rule evaluates any more, is clear when the alert is over.
		const isClear =
			rule && first.window !== 'clock'
				? await isRuleClear(context, rule, { ...first, window: first.window, firedTo }, clearing)
				: [first, ...more].every((a) => a.status !== 'firing')
		if (!isClear) open.push(first.rule)
	}
	const names = (list: Iterable<string>) => [...new Set(list)].slice(0, 5).join(', ')
	const windows = clearing.windows === 1 ? 'a window' : `${clearing.windows} windows`
	return open.length === 0
		? {
				isClear: true,
				text: `${names(alerts.map((a) => a.rule))} clear in ${windows} of version ${clearing.version}`,
			}
		: {
				isClear: false,
				text: `waits until ${names(open)} is clear in ${windows} of version ${clearing.version}`,
			}
}

type Fired = Pick<AlertRow, 'model' | 'environment' | 'subjectKey' | 'firedTo'> & { window: WindowSize }

async function isRuleClear(
	context: Context,
	rule: Rule,
	fired: Fired,
	{ version, since, windows }: Clearing,
): Promise<boolean> {
	const { model, environment, window, subjectKey, firedTo } = fired
	const series = { model, environment, version, window }
	const froms = await computedWindows(context, series, firedTo, since)
	if (froms.length === 0) return false
	const hasBaseline = (await currentReference(context, model, version)).digest !== ''
	const baseline = await metricSources.baselineFacts(context, model, version)
	const deployments = await deploymentHistory(context, model, environment)
	const asked: Rule = { ...rule, keep: windows, noDataMs: undefined, inhibitedBy: [] }
	const firing = { status: 'firing', since: firedTo, count: rule.for, clear: 0 } as const
	let states = withState(noStates, rule.name, subjectKey, firing)
	for (const table of await metricSources.readFacts(context, { ...series, froms })) {
		const state = windowStates({ version, hasBaseline, baseline, deployments }, table)
		const result = evaluate([asked], table, states, { inhibited: () => false, state })
		if (result.events.some((e) => e.kind === 'resolved' && e.key === subjectKey)) return true
		states = result.states
	}
	return false
}

/** The closed windows of a series from `from` on that were computed since, oldest first. */
async function computedWindows(
	context: Context,
	{
		model,
		environment,
		version,
		window,
	}: { model: string; environment: string; version: string; window: WindowSize },
	from: number,
	since: number,
): Promise<number[]> {
	const size = windowMs[window]
	const of = (table: string) =>
		`SELECT r.from_ms AS "from" FROM ${table} r JOIN log_series s ON s.id = r.series WHERE s.model = ?1
			AND s.environment = ?2 AND s.version = ?3 AND r.hours = ?4 AND r.from_ms >= ?5 AND r.from_ms <= ?6
			AND r.computed_at >= ?7 AND r.superseded_at IS NULL`
	const rows = await context.sql.all<{ from: number }>({
		sql: `${['metric_record', 'outcome_record', 'attribution_record'].map(of).join(' UNION ')} ORDER BY 1`,
		params: [model, environment, version, size / hourMs, from, context.now() - size, since],
	})
	return rows.map((row) => row.from)
}
