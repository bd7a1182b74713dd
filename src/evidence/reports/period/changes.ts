import { and, asc, eq, lt } from 'drizzle-orm'
import type { Context } from '../../../context.ts'
import { formatTime } from '../../../core/time.ts'
import { ledgerEntries, ruleSets } from '../../../db/schema.ts'
import type { LedgerEntry } from '../../../ledger/entry.ts'
import { metricIds } from '../../../metrics/index.ts'
import { storedRules } from '../../../rules/parse-rules.ts'
import { appliesTo, type Rule } from '../../../rules/rule-set.ts'
import type { ReportCut, ReportTable } from '../template.ts'
import type { PastEntry } from './entries.ts'
import type { PeriodScope } from './scope.ts'
import { tableOf } from './section.ts'

/** The changes of the monitoring plan: entries about the rules, up to the cut. */
async function ruleEntries(context: Context, cut: ReportCut): Promise<PastEntry[]> {
	const rows = await context.db
		.select({ index: ledgerEntries.idx, entry: ledgerEntries.entry })
		.from(ledgerEntries)
		.where(and(eq(ledgerEntries.object, 'rules'), lt(ledgerEntries.idx, cut.size)))
		.orderBy(asc(ledgerEntries.idx))
	return rows.map(({ index, entry }) => ({ ...(JSON.parse(entry) as LedgerEntry), index }))
}

/** The rules in force at the cut that apply to the model in its environment. */
export type MonitoringPlan = { digest: string; since: string; rules: readonly Rule[]; changes: PastEntry[] }

export async function monitoringPlan(
	context: Context,
	{ model, main, cut }: PeriodScope,
): Promise<MonitoringPlan | undefined> {
	const changes = await ruleEntries(context, cut)
	const last = changes.at(-1)
	if (last?.after === undefined) return undefined
	const digest = last.after.slice('sha256:'.length)
	const [stored] = await context.db.select().from(ruleSets).where(eq(ruleSets.digest, digest))
	if (!stored) return undefined
	const target = { model: model.name, tags: model.tags ?? [], environment: main.series.environment }
	const { rules } = storedRules(digest, stored.content, metricIds)
	return { digest, since: last.at, changes, rules: rules.filter((rule) => appliesTo(rule, target)) }
}

export const ruleTable = (rules: readonly Rule[]): ReportTable =>
	tableOf('rules', 'Rules in force', rules, {
		rule: ({ name }) => name,
		severity: ({ severity }) => severity,
		each: ({ each }) => each,
		window: ({ window }) => window,
		metric: ({ metric }) => metric,
		about: ({ about }) => about,
		actions: ({ actions }) => actions.map(({ name }) => name).join(', '),
	})

/** Entries that change what serves, how it decides, or what it is compared with. */
const modifications: readonly string[] = [
	'register-model',
	'change-model',
	'register-version',
	'store-artifact',
	'put-baseline',
	'set-deployment',
	'lift-freeze',
	'approve-reason-table',
	'use-rules',
]

/** The modifications whose entries are of the period, oldest first. */
export function changesOf(
	{ entries, from, to }: PeriodScope,
	ofRules: readonly PastEntry[] = [],
): PastEntry[] {
	const [first, last] = [formatTime(from), formatTime(to)]
	return [...[...entries.values()].flat(), ...ofRules]
		.filter(({ action, at }) => modifications.includes(action) && at >= first && at < last)
		.sort((a, b) => a.index - b.index)
}

export const entryTable = (id: string, title: string, entries: readonly PastEntry[]): ReportTable =>
	tableOf(id, title, entries, {
		entry: ({ index }) => index,
		at: ({ at }) => at,
		actor: ({ actor }) => actor.id,
		action: ({ action }) => action,
		object: ({ object }) => object,
		why: ({ why }) => why,
		details: ({ details }) => (details === undefined ? null : JSON.stringify(details)),
	})

/** Deployments of the period, and those in force when it began. */
export function deploymentTable({ deployments, from, to }: PeriodScope): ReportTable {
	const earlier = deployments.filter((d) => d.since < from)
	const inForce = earlier.filter((d, i) => !earlier.slice(i + 1).some((e) => e.environment === d.environment))
	const shown = [...inForce, ...deployments.filter((d) => d.since >= from && d.since < to)]
	return tableOf('deployments', 'Deployments in force in the period', shown, {
		environment: ({ environment }) => environment,
		revision: ({ revision }) => revision,
		champion: ({ champion }) => champion,
		challenger: ({ challenger }) => challenger,
		canary: ({ canary }) => canary && `${canary.percent}% to ${canary.version}`,
		since: ({ since }) => formatTime(since),
	})
}
