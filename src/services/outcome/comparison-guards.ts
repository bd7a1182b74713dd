import { type Estimate, undefinedEstimate } from '../../stats/estimate.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { type Comparison, gainSequence } from '../../stats/sequential/comparison.ts'
import { aucBlocks, type Matched } from '../../stats/sequential/matched.ts'
import type { Guard } from '../../stats/sequential/verdict.ts'
import { positive } from '../../tally/label.ts'
import type { TallyPlan } from '../../tally/make-brief.ts'
import type { Compared, ComparedRow } from './compared-rows.ts'
import { type Loss, matchLosses } from './losses.ts'
import { groupName } from './measure-outcomes.ts'

/** A guard with what it is about, and both versions' values over the rows that are compared; NaN while unknown. */
export type VersionGuard = Guard & { metric: string; group?: string; champion: number; challenger: number }

export type Tolerances = { all: number; group: number }
/** How much of ROC AUC or of the error rate may be lost, and in a group how much of the error rate or of equal selection. */
export const defaultTolerances: Tolerances = { all: 0.02, group: 0.05 }
const answerTolerance = 0.01
const unit = { low: -1, high: 1 }

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
		guardOf('no answer', 'service.error_rate', unanswered, 1, answerTolerance),
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
		const name = `${loss.name}, ${group}`
		return [
			{ ...guardOf(name, metric, matched, loss.most, tolerances.group), group },
			...(plan.task === 'binary' && groups.length > 1
				? [{ ...selectionGuard(compared, isMember, tolerances.group), name: `selection, ${group}`, group }]
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
 * How far a group's share of positive decisions is from that of all others, whichever is higher. Both differences between
 * versions have a sequence at half of alpha; the champion's own distance is taken as it was seen.
 */
function selectionGuard(
	compared: Compared,
	isMember: (row: ComparedRow) => boolean,
	tolerance: number,
): Omit<VersionGuard, 'name'> & { gain: Estimate; comparison?: never } {
	const selected = ({ decision }: ComparedRow) =>
		decision === '' ? Number.NaN : Number(decision === positive)
	const inside = matchLosses(compared, selected, isMember)
	const outside = matchLosses(compared, selected, (row) => !isMember(row))
	const own = inside.champion - outside.champion
	const [a, b] = [inside, outside].map(({ gains }) =>
		gainSequence({ gains, bounds: unit }, { alpha: 0.025 }),
	) as [Estimate, Estimate]
	const challenger = Math.abs(inside.challenger - outside.challenger)
	// The challenger's signed distance is the champion's less the gain inside, plus the gain outside.
	const [low, high] = [own - a.high + b.low, own - a.low + b.high]
	const champion = Math.abs(own)
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
