import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { lossBlocks, type Matched } from '../../stats/sequential/matched.ts'
import { positive } from '../../summaries/outcomes/label.ts'
import type { OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import { labelledBaseline } from '../windows/labelled-baseline.ts'
import { type Compared, type ComparedRow, type Period, readRows } from './compared-rows.ts'

/** `brier`: squared distance of score and outcome. `error`: a wrong decision. `absolute`: absolute error, clipped. */
export type LossName = 'brier' | 'error' | 'absolute'

/** Within [0, 1], in units of `unit`, which is fixed before the first row that counts. NaN: the row has no loss. */
export type Loss = { name: LossName; unit: number; of: (row: ComparedRow) => number }

const brier = ({ score, actual }: ComparedRow): number =>
	actual && score >= 0 && score <= 1 ? (score - (actual.text === positive ? 1 : 0)) ** 2 : Number.NaN

const wrong = ({ decision, actual }: ComparedRow): number =>
	actual && decision !== '' ? Number(decision !== actual.text) : Number.NaN

export const absoluteError = ({ score, actual }: ComparedRow): number =>
	actual ? Math.abs(score - actual.value) : Number.NaN

const brierLoss: Loss = { name: 'brier', unit: 1, of: brier }
const errorLoss: Loss = { name: 'error', unit: 1, of: wrong }

/** The losses of a task that both versions have, the deciding one first; while neither has any, the task's first. */
export function lossesOf(task: ModelRow['task'], { items }: Compared, limit: number | undefined): Loss[] {
	if (task === 'regression')
		return limit === undefined
			? []
			: [{ name: 'absolute', unit: limit, of: (row) => Math.min(1, absoluteError(row) / limit) }]
	if (task === 'ranking') return []
	const order = task === 'binary' ? [brierLoss, errorLoss] : [errorLoss]
	const rows = items.flatMap(({ champion, challenger }) =>
		[champion, challenger].filter((r) => r !== undefined),
	)
	// A score outside [0, 1] means that scores are no probabilities.
	const areProbabilities = rows.every(({ score }) => !(score < 0 || score > 1))
	const had = order.filter(
		(loss) =>
			(loss !== brierLoss || areProbabilities) &&
			items.some(({ champion }) => champion && !Number.isNaN(loss.of(champion))) &&
			items.some(({ challenger }) => challenger && !Number.isNaN(loss.of(challenger))),
	)
	return had.length > 0 ? had : order.slice(0, 1)
}

/** Blocks of all rows, or of the chosen ones. */
export function matchLosses(
	{ items }: Compared,
	lossOf: (row: ComparedRow) => number,
	isChosen: (row: ComparedRow) => boolean = () => true,
): Matched {
	const blocks = lossBlocks(lossOf)
	for (const item of items) if (isChosen((item.champion ?? item.challenger) as ComparedRow)) blocks.add(item)
	return blocks.matched()
}

/** Errors are clipped at this multiple of the 95th percentile of the champion's errors. */
const clipFactor = 2
const minErrors = 100
const before = { days: 30, rows: { kept: 20_000, scanned: 200_000 } }

/**
 * Where absolute errors are clipped, so that they are bounded: by the champion's errors of the 30 days before, else by its
 * baseline, else by its first hundred, which then do not count: `from` is when counting begins.
 */
export async function clipLimit(
	context: Context,
	period: Period,
	spec: OutcomeSpec,
	champion: string,
	{ items }: Compared,
): Promise<{ limit?: number; from: number }> {
	const { from } = period
	const earlier = { ...period, from: from - before.days * dayMs, to: from }
	const rows = await readRows(context, earlier, { ...spec, attributes: [] }, champion, before.rows)
	const { pairs = [] } = (await labelledBaseline(context, period.model, champion)) ?? {}
	for (const errors of [rows.map(absoluteError), pairs.map(([p, y]) => Math.abs(p - y))]) {
		const limit = limitOf(errors)
		if (limit !== undefined) return { limit, from }
	}
	const own = items
		.flatMap(({ champion: row }) => (row && Number.isFinite(absoluteError(row)) ? [row] : []))
		.sort((a, b) => a.at - b.at)
		.slice(0, minErrors)
	const limit = limitOf(own.map(absoluteError))
	return limit === undefined ? { from } : { limit, from: (own.at(-1) as ComparedRow).at + 1 }
}

/** To two significant digits, so that a late outcome does not move it. Undefined below a hundred errors, or if they are 0. */
function limitOf(errors: readonly number[]): number | undefined {
	const sorted = errors.filter(Number.isFinite).sort((a, b) => a - b)
	if (sorted.length < minErrors) return undefined
	const high = clipFactor * (sorted[Math.floor(0.95 * sorted.length)] as number)
	const limit = Number(high.toPrecision(2))
	return limit > 0 && Number.isFinite(limit) ? limit : undefined
}
