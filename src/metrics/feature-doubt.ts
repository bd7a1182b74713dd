import { total } from '../stats/counts.ts'
import { aucOfDistance, binnedShift } from '../stats/estimation/binned-shift.ts'
import { isFar, maxOutside, percent } from '../stats/estimation/population-shift.ts'
import { extraBins } from '../summaries/inputs/bins.ts'
import { columnViews, isIdentifier, minRows } from './compare.ts'
import type { ColumnView } from './descriptor.ts'
import type { Reference } from './reference.ts'
import type { WindowResult } from './window-result.ts'

/** Columns that hold a time: a day has one weekday, whatever its population. */
const namesATime = /(^|_)(hour|weekday|dow|month|quarter)(_of_\w+)?$|day_?of_?(week|month|year)/i
const scoreColumns = ['$score', '$decision']

/**
 * Why estimates for a window are doubtful, by each feature alone; empty when they are not. `segment`: the feature that
 * the rows were selected by, or ''. A feature that moved no further than the score is skipped: the estimate allows for it.
 */
export function featureDoubt(reference: Reference, window: WindowResult, segment: string): string {
	if (Math.min(reference.subjects, window.subjects) < minRows) return ''
	const views = columnViews(reference, window, true)
	const nameOf = ({ reference: { bins } }: ColumnView) => bins.name
	const shifts = views.map((view, i) => ({
		name: nameOf(view),
		isScore: scoreColumns.includes(nameOf(view)),
		isPassedOver: isIdentifier(view) || nameOf(view) === segment || namesATime.test(nameOf(view)),
		outside: outsideShare(view),
		...shiftOf(view, reference.seasons[i] !== undefined),
	}))
	const scoreAuc = Math.max(0.5, ...shifts.filter((s) => s.isScore).map((s) => s.auc))
	const features = shifts.filter((s) => !s.isScore && !s.isPassedOver)
	const [outside] = features.filter((s) => s.outside > 0).sort((a, b) => b.outside - a.outside)
	if (outside)
		return `${percent(outside.outside)} of the rows have values of "${outside.name}" that are not in the reference`
	const [far] = features
		.filter(({ auc, effective }) => isFar({ domainAuc: auc, scoreAuc, effective }))
		.sort((a, b) => b.auc - a.auc)
	if (!far) return ''
	return `"${far.name}" separates these rows from the reference (AUC ${far.auc.toFixed(2)}, the score ${scoreAuc.toFixed(2)}); weighted to match them, the reference is worth ${percent(far.effective)} of its rows`
}

function shiftOf({ reference, result }: ColumnView, isSeasonal: boolean) {
	const before = isSeasonal && result.expected ? result.expected : reference.groups
	const { auc, effective } = binnedShift(before, result.groups)
	// `ks` compares with the whole reference, not with the expected groups.
	const isFiner = before === reference.groups && Number.isFinite(result.ks)
	return { auc: isFiner ? Math.max(auc, aucOfDistance(result.ks)) : auc, effective }
}

/**
 * Share of the rows whose values are not in the reference, or 0 unless it is clearly above the share of new values
 * expected in further rows of the reference: the share that occurs once in it (Good 1953).
 */
function outsideShare({ reference: { groups, proper, grouping, counts }, result }: ColumnView): number {
	const values = total(result.groups.subarray(0, result.groups.length - extraBins))
	const unseen = result.groups[proper] ?? 0
	const rows = values + unseen
	const known = total(groups.subarray(0, proper))
	if (rows === 0 || known === 0) return 0
	const share = ((grouping === 'category' ? unseen : 0) + (result.outside ?? 0)) / rows
	const once = grouping === 'category' ? counts.subarray(0, proper).filter((c) => c === 1).length : 2
	const minShareOutside = maxOutside + (2 * once) / known + 2 * Math.sqrt((share * (1 - share)) / rows)
	return share > minShareOutside ? share : 0
}
