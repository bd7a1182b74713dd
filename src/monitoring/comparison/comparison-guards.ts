import { type Estimate, undefinedEstimate } from '../../stats/estimate.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { type Comparison, type Guard, gainSequence } from '../../stats/sequential/comparison.ts'
import { aucBlocks, aucOfRows, gapBlocks, type Matched } from '../../stats/sequential/matched.ts'
import { positive } from '../../summaries/outcomes/label.ts'
import type { OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import { groupName } from '../windows/record-points.ts'
import type { Compared, ComparedRow } from './compared-rows.ts'
import { type Loss, matchLosses } from './losses.ts'

/** A guard with its metric and both versions' values over the compared rows; NaN while unknown. Numbers are in units of `unit`. */
export type VersionGuard = Guard & {
	metric: string
	unit: number
	group?: string
	champion: number
	challenger: number
}

export type Tolerances = { all: number; group: number }
/** How much worse a challenger may be: overall, and in a group. */
export const defaultTolerances: Tolerances = { all: 0.02, group: 0.05 }

/** What a challenger must not make worse, beside the loss that it is promoted for. */
export function guardsOf(
	compared: Compared,
	spec: OutcomeSpec,
	losses: readonly Loss[],
	tolerances: Tolerances,
): VersionGuard[] {
	const [primary, ...others] = losses
	const hasScores = compared.items.some(({ champion }) => champion && !Number.isNaN(champion.score))
	const unanswered = matchLosses(compared, ({ isAnswered }) => (isAnswered ? 0 : 1))
	const byGroup = others[0] ?? primary
	return [
		...others.map((loss) =>
			guardOf('error', metricOf(loss), matchLosses(compared, loss.of), loss.unit, tolerances.all),
		),
		guardOf('no answer', 'service.error_rate', unanswered, 1, tolerances.all),
		...(spec.task === 'binary' && hasScores
			? [guardOf('ROC AUC', 'performance.roc_auc', matchAucs(compared), 1, tolerances.all)]
			: []),
		...(byGroup
			? spec.attributes.flatMap((_, i) => groupGuards(compared, spec, i, byGroup, tolerances))
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

/** Each version's ROC AUC is over all its rows; the interval is of the difference within blocks. */
function matchAucs({ items }: Compared): Matched {
	const blocks = aucBlocks()
	const ranked = (row: ComparedRow | undefined) =>
		row && { score: row.actual ? row.score : Number.NaN, isPositive: row.actual?.text === positive }
	const all = items.map(({ period, champion, challenger }) => ({
		// Rare outcomes do not come every day, so a block may span a week.
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

/** Beyond this number, only the largest groups are guarded, since all guards have to hold. */
const maxGroups = 20

/** Groups of an attribute with enough outcomes to be named, the largest first; `isKnown`: enough in each version. */
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
	spec: OutcomeSpec,
	at: number,
	loss: Loss,
	tolerances: Tolerances,
): VersionGuard[] {
	const attribute = (spec.attributes[at] as OutcomeSpec['attributes'][number]).name
	const metric = metricOf(loss)
	const groups = namedGroups(compared, at, loss)
	if (groups.length === 0)
		return [unknownGuard(`${loss.name} by ${attribute}`, metric, loss.unit, tolerances.group)]
	return groups.flatMap(({ value, isKnown }) => {
		const group = groupName(attribute, value)
		const isMember = (row: ComparedRow) => row.groups[at] === value
		const name = `${loss.name} of ${group}`
		if (!isKnown) return [{ ...unknownGuard(name, metric, loss.unit, tolerances.group), group }]
		const matched = matchLosses(compared, loss.of, isMember)
		return [
			{ ...guardOf(name, metric, matched, loss.unit, tolerances.group), group },
			...(spec.task === 'binary' && groups.length > 1
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
 * How far a group's share of positive decisions is from that of all others, in either direction. The sequence is of the
 * signed change of that distance; the champion's own distance is taken as observed.
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
