import { type Estimate, undefinedEstimate } from '../../stats/estimate.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { type Comparison, gainSequence } from '../../stats/sequential/comparison.ts'
import { aucBlocks, gapBlocks, type Matched } from '../../stats/sequential/matched.ts'
import type { Guard } from '../../stats/sequential/verdict.ts'
import { positive } from '../../tally/label.ts'
import type { TallyPlan } from '../../tally/make-brief.ts'
import type { Compared, ComparedRow } from './compared-rows.ts'
import { type Loss, matchLosses } from './losses.ts'
import { groupName } from './measure-outcomes.ts'

/** A guard with what it is about, and both versions' values over the rows that are compared; NaN while unknown. */
export type VersionGuard = Guard & { metric: string; group?: string; champion: number; challenger: number }

export type Tolerances = { all: number; group: number }
/** How much may be lost of ROC AUC, decisions or answers, and how much in a group of decisions or of equal selection. */
export const defaultTolerances: Tolerances = { all: 0.02, group: 0.05 }

/** What a challenger must keep besides the loss that it is promoted for. */
export function guardsOf(
	compared: Compared,
	plan: TallyPlan,
	losses: readonly Loss[],
	tolerances: Tolerances,
): VersionGuard[] {
	const [primary, ...others] = losses
	const hasScores = compared.items.some(({ champion }) => champion && !Number.isNaN(champion.score))
	const unanswered = matchLosses(compared, ({ isAnswered }) => (isAnswered ? 0 : 1))
	const byGroup = others[0] ?? primary
	return [
		...others.map((loss) =>
			guardOf('error', metricOf(loss), matchLosses(compared, loss.of), loss.most, tolerances.all),
		),
		guardOf('no answer', 'service.error_rate', unanswered, 1, tolerances.all),
		...(plan.task === 'binary' && hasScores
			? [guardOf('ROC AUC', 'performance.roc_auc', matchAucs(compared), 1, tolerances.all)]
			: []),
		...(byGroup
			? plan.attributes.flatMap((_, i) => groupGuards(compared, plan, i, byGroup, tolerances))
			: []),
	]
}

const metricOf = ({ name }: Loss): string =>
	({ brier: 'performance.brier', error: 'performance.error_rate', absolute: 'performance.mae' })[name]

function guardOf(
	name: string,
	metric: string,
	{ gains, champion, challenger, rows }: Matched,
	most: number,
	tolerance: number,
): VersionGuard & { comparison: Comparison } {
	const comparison = { gains, bounds: { low: -most, high: most }, outcomes: rows }
	return { name, metric, champion, challenger, comparison, tolerance: tolerance * most }
}

function matchAucs({ items }: Compared): Matched {
	const blocks = aucBlocks()
	const ranked = (row: ComparedRow | undefined) =>
		row && { score: row.actual ? row.score : Number.NaN, isPositive: row.actual?.text === positive }
	// A rare outcome does not come every day.
	for (const { period, champion, challenger } of items)
		blocks.add({
			period: Math.floor(period / 7),
			champion: ranked(champion),
			challenger: ranked(challenger),
		})
	return blocks.matched()
}

/** Each group of an attribute that has enough outcomes to be named. */
function groupGuards(
	compared: Compared,
	plan: TallyPlan,
	at: number,
	loss: Loss,
	tolerances: Tolerances,
): VersionGuard[] {
	const attribute = (plan.attributes[at] as TallyPlan['attributes'][number]).name
	const counts = new Map<string, number>()
	for (const { champion, challenger } of compared.items)
		for (const row of [champion, challenger])
			if (row && !Number.isNaN(loss.of(row)))
				counts.set(row.groups[at] as string, (counts.get(row.groups[at] as string) ?? 0) + 1)
	const groups = [...counts].filter(([, n]) => n >= defaultMinGroup).map(([group]) => group)
	if (groups.length === 0) return [unknownGuard(attribute, metricOf(loss))]
	return groups.sort().flatMap((value) => {
		const group = groupName(attribute, value)
		const isMember = (row: ComparedRow) => row.groups[at] === value
		const metric = metricOf(loss)
		const matched = matchLosses(compared, loss.of, isMember)
		const name = `${loss.name} of ${group}`
		return [
			{ ...guardOf(name, metric, matched, loss.most, tolerances.group), group },
			...(plan.task === 'binary' && groups.length > 1
				? [{ ...selectionGuard(compared, isMember, tolerances.group), name: `selection of ${group}`, group }]
				: []),
		]
	})
}

const unknownGuard = (attribute: string, metric: string): VersionGuard => ({
	name: `${attribute}: no group of ${defaultMinGroup} outcomes`,
	metric,
	champion: Number.NaN,
	challenger: Number.NaN,
	gain: undefinedEstimate,
	tolerance: 0,
})

/**
 * How far a group's share of positive decisions is from that of all others, whichever is higher. The sequence is of how
 * much that distance moves, with its sign; the champion's own is taken as it was seen.
 */
function selectionGuard(
	{ items }: Compared,
	isMember: (row: ComparedRow) => boolean,
	tolerance: number,
): Omit<VersionGuard, 'name'> & { gain: Estimate; comparison?: never } {
	const blocks = gapBlocks()
	const selected = (row: ComparedRow | undefined) =>
		row && {
			value: row.decision === '' ? Number.NaN : Number(row.decision === positive),
			isMember: isMember(row),
		}
	for (const { period, champion, challenger } of items)
		blocks.add({ period, champion: selected(champion), challenger: selected(challenger) })
	const matched = blocks.matched()
	const moved = gainSequence({ gains: matched.gains, bounds: { low: -2, high: 2 } })
	const own = matched.champion
	const [low, high] = [own + moved.low, own + moved.high]
	const [champion, challenger] = [Math.abs(own), Math.abs(matched.challenger)]
	return {
		metric: 'fairness.demographic_parity_difference',
		champion,
		challenger,
		gain: {
			value: champion - challenger,
			low: champion - Math.max(Math.abs(low), Math.abs(high)),
			high: champion - (low <= 0 && high >= 0 ? 0 : Math.min(Math.abs(low), Math.abs(high))),
		},
		tolerance,
	}
}
