import type { Context } from '../../../context.ts'
import { getOrInsert } from '../../../core/maps.ts'
import type { GroupSums } from '../../../monitoring/bias/group-sums.ts'
import { recordsAt } from '../../../monitoring/windows/past-records.ts'
import { type OutcomeRecord, outcomeRecords } from '../../../monitoring/windows/records.ts'
import type { Favourable } from '../../../stats/fairness/group-counts.ts'
import { GroupSummary } from '../../../summaries/outcomes/outcome-summary.ts'
import type { PeriodScope } from './scope.ts'

/** The outcomes of the main series over the period, as they had been computed at the cut. */
export const outcomesAt = (
	context: Context,
	{ main, from, until, cut }: PeriodScope,
): Promise<OutcomeRecord[]> =>
	recordsAt(context, outcomeRecords, { series: [main.series.id], from, to: until, asOf: cut.at })

const wholes = ['predictions', 'labelled', 'never', 'unusable'] as const

/** The same sums as those of a bias audit, from records instead of the log, which goes on. Scores are not included. */
export function sumRecords(records: readonly OutcomeRecord[]): GroupSums {
	const sums: GroupSums = { predictions: 0, labelled: 0, never: 0, unusable: 0, groups: new Map() }
	for (const { result } of records) {
		for (const name of wholes) sums[name] += result[name]
		for (const [attribute, { groups }] of result.attributes) {
			const own = getOrInsert(sums.groups, attribute, () => new Map<string, GroupSummary>())
			for (const [value, counts] of groups) {
				const part = new GroupSummary()
				part.counts.set(counts)
				getOrInsert(own, value, () => new GroupSummary()).merge(part)
			}
		}
	}
	return sums
}

/** The decision by which groups were compared when the records were computed; undefined while it was not known. */
export const favourableAt = (records: readonly OutcomeRecord[]): Favourable | undefined =>
	records.reduce<OutcomeRecord | undefined>((a, b) => (a && a.computedAt >= b.computedAt ? a : b), undefined)
		?.result.favourable
