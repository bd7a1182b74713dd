import type { Context } from '../../context.ts'
import { hourMs } from '../../core/time.ts'
import { OutcomeView } from '../../metrics/outcome-view.ts'
import type { LossSums } from '../../stats/sequential/loss-sums.ts'
import { momentNames } from '../../tally/tally.ts'
import type { ModelRow } from '../model/find-model.ts'

/** `brier` is the squared distance of score and outcome, `error` a wrong decision, `absolute` the absolute error. */
export type LossName = 'brier' | 'error' | 'absolute'
export type Losses = Record<LossName, LossSums>

export type Period = { model: ModelRow; environment: string; from: number; to: number }

/** The losses that both versions have, the one that decides first. */
export function lossNames(task: ModelRow['task'], a: Partial<Losses>, b: Partial<Losses>): LossName[] {
	const order: Record<ModelRow['task'], LossName[]> = {
		binary: ['brier', 'error'],
		multiclass: ['error'],
		regression: ['absolute'],
		ranking: [],
	}
	const had = order[task].filter((name) => (a[name]?.n ?? 0) > 0 && (b[name]?.n ?? 0) > 0)
	return had.length > 0 ? had : order[task].slice(0, 1)
}

/** Sums of the losses of a version's rows with a known outcome, exact for scores and decisions: from tallies, not rows. */
export async function lossesOf(
	context: Context,
	{ model, environment, from, to }: Period,
	version: string,
): Promise<Partial<Losses>> {
	const series = (await context.log.series(model.name)).find(
		(s) => s.version === version && s.environment === environment && s.segment === '',
	)
	const tally = series && (await context.log.tally(series.id, Math.floor(from / hourMs) * hourMs, to))
	if (!tally) return {}
	const view = new OutcomeView(model.task, tally)
	if (model.task === 'regression') {
		const of = (name: (typeof momentNames)[number]) => view.moments[momentNames.indexOf(name)] ?? 0
		return { absolute: { n: of('n'), sum: of('abs'), squares: of('e2') } }
	}
	const wrong = wrongDecisions(view)
	return { ...(wrong.n > 0 ? { error: wrong } : {}), ...(model.task === 'binary' ? brierLosses(view) : {}) }
}

function wrongDecisions(view: OutcomeView): LossSums {
	if (view.task === 'multiclass') {
		const { counts } = view.matrix
		const n = counts.flat().reduce((a, b) => a + b, 0)
		const right = counts.reduce((sum, row, i) => sum + (row[i] as number), 0)
		return { n, sum: n - right, squares: n - right }
	}
	const { tp, fp, tn, fn } = view.confusion
	return { n: tp + fp + tn + fn, sum: fp + fn, squares: fp + fn }
}

function brierLosses(view: OutcomeView): Partial<Losses> {
	const { scores, positives, negatives } = view.scores
	if (!view.areProbabilities || scores.length === 0) return {}
	const brier = { n: 0, sum: 0, squares: 0 }
	scores.forEach((score, i) => {
		for (const [rows, loss] of [
			[positives[i] as number, (1 - score) ** 2],
			[negatives[i] as number, score ** 2],
		] as const) {
			brier.n += rows
			brier.sum += rows * loss
			brier.squares += rows * loss * loss
		}
	})
	return { brier }
}
