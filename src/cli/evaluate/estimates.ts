import { estimateOutcomes, learn, type Pairs } from '../../metrics/estimate-outcomes.ts'
import { type MetricValue, notEnoughData } from '../../metrics/metric-value.ts'
import { firstLabel, type Rows } from './rows.ts'
import { RowsView } from './rows-view.ts'

/** Fixed, so that the intervals' draws are the same each time. */
const seed = 1

/**
 * What the outcomes of rows can be expected to be, from their scores and a reference whose outcomes are known. `doubt`: why
 * not to believe it whatever the scores say, or nothing.
 */
export function estimates(
	view: RowsView,
	rows: Rows,
	reference: Rows,
	doubt: string,
): [string, MetricValue][] {
	const learnt = new RowsView(reference)
	const findings = estimateOutcomes(view, learn(learnt, [], labelledPairs(reference)), seed, {
		known: labelledPairs(rows),
		doubt,
	})
	if (learnt.outcomeSummary.labelled > 0) return findings
	return findings.map(([id]) => [
		id,
		notEnoughData(0, 'the reference has no outcome that is a label of this task'),
	])
}

function labelledPairs({ labels, scores, values }: Rows): Pairs {
	const isUsed = (_: number, row: number) => labels[row] === firstLabel && !Number.isNaN(scores[row])
	return { predicted: scores.filter(isUsed), actual: values.filter(isUsed) }
}
