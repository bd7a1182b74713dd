import { type Estimate, undefinedEstimate } from '../../stats/estimate.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { type Comparison, type Guard, gainSequence } from '../../stats/sequential/comparison.ts'
import { aucBlocks, aucOfRows, gapBlocks, type Matched } from '../../stats/sequential/matched.ts'
import { positive } from '../../summaries/outcomes/label.ts'
import type { OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import { groupName } from '../windows/record-points.ts'
import type { Compared, ComparedRow } from './compared-rows.ts'
import { type Loss, matchLosses } from './losses.ts'

/**
 * A guard with what it is about, and both versions' values over the rows that are compared; NaN while unknown. All its
 * numbers are in units of `unit`.
 */
export type VersionGuard = Guard & {
	metric: string
	unit: number
	group?: string
	champion: number
	challenger: number
}

export type Tolerances = { all: number; group: number }
/** How much may be lost of ROC AUC, decisions or answers, and how much in a group of decisions or of equal selection. */
export const defaultTolerances: Tolerances = { all: 0.02, group: 0.05 }

/** What a challenger must keep besides the loss that it is promoted for. */
export function guardsOf(
	compared: Compared,
	plan: OutcomeSpec,
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
	unit: number,
	tolerance: number,
): VersionGuard & { comparison: Comparison } {
	const comparison = { gains, bounds: { low: -1, high: 1 }, outcomes: rows }
	return { name, metric, unit, champion, challenger, comparison, tolerance }
}

/** Both versions' ROC AUC are of all their rows; the interval is of the difference within blocks. */
function matchAucs({ items }: Compared): Matched {
	const blocks = aucBlocks()
	const ranked = (row: ComparedRow | undefined) =>
		row && { score: row.actual ? row.score : Number.NaN, isPositive: row.actual?.text === positive }
	const all = items.map(({ period, champion, challenger }) => ({
		// A rare outcome does not come every day.
		period: Math.floor(period / 7),
		champion: ranked(champion),
		challenger: ranked(challenger),
	}))
	for (const item of all) blocks.add(item)
	return {
		...blocks.matched(),
		champion: aucOfRows(all.flatMap(({ champion }) => champion ?? [])),
		challenger: aucOfRows(all.flatMap(({ challenger }) => challenger ?? [])),
	}
}

/** More groups than this are the largest: nobody reads more, and all have to hold. */
const maxGroups = 20

/** Groups of an attribute that have enough outcomes to be named, and whether they have in either version, the largest first. */
function namedGroups({ items }: Compared, at: number, loss: Loss): { value: string; isKnown: boolean }[] {
	const counts = new Map<string, { champion: number; challenger: number }>()
	for (const item of items)
		for (const side of ['champion', 'challenger'] as const) {
			const row = item[side]
			if (!row || Number.isNaN(loss.of(row))) continue
			const value = row.groups[at] as string
			const own = counts.get(value) ?? { champion: 0, challenger: 0 }
			counts.set(value, own)
			own[side]++
		}
	return [...counts]
		.map(([value, { champion, challenger }]) => ({
			value,
			n: champion + challenger,
			isKnown: Math.min(champion, challenger) >= defaultMinGroup,
		}))
		.filter(({ n }) => n >= defaultMinGroup)
		.sort((a, b) => b.n - a.n || (a.value < b.value ? -1 : 1))
		.slice(0, maxGroups)
}

function groupGuards(
	compared: Compared,
	plan: OutcomeSpec,
	at: number,
	loss: Loss,
	tolerances: Tolerances,
): VersionGuard[] {
	const attribute = (plan.attributes[at] as OutcomeSpec['attributes'][number]).name
	const metric = metricOf(loss)
	const groups = namedGroups(compared, at, loss)
	if (groups.length === 0)
		return [unknownGuard(`${loss.name} by ${attribute}`, metric, loss.most, tolerances.group)]
	return groups.flatMap(({ value, isKnown }) => {
		const group = groupName(attribute, value)
		const isMember = (row: ComparedRow) => row.groups[at] === value
		const name = `${loss.name} of ${group}`
		if (!isKnown) return [{ ...unknownGuard(name, metric, loss.most, tolerances.group), group }]
		const matched = matchLosses(compared, loss.of, isMember)
		return [
			{ ...guardOf(name, metric, matched, loss.most, tolerances.group), group },
			...(plan.task === 'binary' && groups.length > 1
				? [{ ...selectionGuard(compared, isMember, tolerances.group), name: `selection of ${group}`, group }]
				: []),
		]
	})
}

const unknownGuard = (name: string, metric: string, unit: number, tolerance: number): VersionGuard => ({
	name,
	metric,
	unit,
	champion: Number.NaN,
	challenger: Number.NaN,
	gain: undefinedEstimate,
	tolerance,
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
		unit: 1,
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
