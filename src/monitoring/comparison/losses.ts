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

/** In units of `most`, which is fixed before the first row that counts: within [0, 1]. NaN: the row has none. */
export type Loss = { name: LossName; most: number; of: (row: ComparedRow) => number }

const brier = ({ score, actual }: ComparedRow): number =>
	actual && score >= 0 && score <= 1 ? (score - (actual.text === positive ? 1 : 0)) ** 2 : Number.NaN

const wrong = ({ decision, actual }: ComparedRow): number =>
	actual && decision !== '' ? Number(decision !== actual.text) : Number.NaN

export const absoluteError = ({ score, actual }: ComparedRow): number =>
	actual ? Math.abs(score - actual.value) : Number.NaN

const brierLoss: Loss = { name: 'brier', most: 1, of: brier }
const errorLoss: Loss = { name: 'error', most: 1, of: wrong }

/** The losses of a task that both versions have, the one that decides first; the first of all while there are none. */
export function lossesOf(task: ModelRow['task'], { items }: Compared, limit: number | undefined): Loss[] {
	if (task === 'regression')
		return limit === undefined
			? []
			: [{ name: 'absolute', most: limit, of: (row) => Math.min(1, absoluteError(row) / limit) }]
	if (task === 'ranking') return []
	const order = task === 'binary' ? [brierLoss, errorLoss] : [errorLoss]
	const rows = items.flatMap(({ champion, challenger }) =>
		[champion, challenger].filter((r) => r !== undefined),
	)
	// A score beyond [0, 1] says that none of them is a probability.
	const areProbabilities = rows.every(({ score }) => !(score < 0 || score > 1))
	const had = order.filter(
		(loss) =>
			(loss !== brierLoss || areProbabilities) &&
			items.some(({ champion }) => champion && !Number.isNaN(loss.of(champion))) &&
			items.some(({ challenger }) => challenger && !Number.isNaN(loss.of(challenger))),
	)
	return had.length > 0 ? had : order.slice(0, 1)
}

/** Blocks of all rows, or of those chosen. */
export function matchLosses(
	{ items }: Compared,
	lossOf: (row: ComparedRow) => number,
	isChosen: (row: ComparedRow) => boolean = () => true,
): Matched {
	const blocks = lossBlocks(lossOf)
	for (const item of items) if (isChosen((item.champion ?? item.challenger) as ComparedRow)) blocks.add(item)
	return blocks.matched()
}

/** Errors of the champion beyond this many times their 95th percentile count as that much. */
const timesOfMost = 2
const minErrors = 100
const before = { days: 30, rows: { kept: 20_000, scanned: 200_000 } }

/**
 * Where absolute errors are clipped, so that they have bounds: known from the champion's errors in the 30 days before, else
 * from its baseline, else from its first hundred, which then do not count: `from` is where counting begins.
 */
export async function clipLimit(
	context: Context,
	period: Period,
	plan: OutcomeSpec,
	champion: string,
	{ items }: Compared,
): Promise<{ limit?: number; from: number }> {
	const { from } = period
	const earlier = { ...period, from: from - before.days * dayMs, to: from }
	const rows = await readRows(context, earlier, { ...plan, attributes: [] }, champion, before.rows)
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

/** Two significant digits, so that an outcome that comes late does not move it. Undefined below a hundred errors, or of zeros. */
function limitOf(errors: readonly number[]): number | undefined {
	const sorted = errors.filter(Number.isFinite).sort((a, b) => a - b)
	if (sorted.length < minErrors) return undefined
	const high = timesOfMost * (sorted[Math.floor(0.95 * sorted.length)] as number)
	const limit = Number(high.toPrecision(2))
	return limit > 0 && Number.isFinite(limit) ? limit : undefined
}
