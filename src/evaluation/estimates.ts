import { seeded } from '../core/random.ts'
import type { EstimateMetric } from '../metrics/descriptor.ts'
import { type Finding, found, missing } from '../metrics/finding.ts'
import { metrics } from '../metrics/index.ts'
import { total } from '../stats/counts.ts'
import type { Estimate } from '../stats/estimate.ts'
import { type Calibration, fitCalibration } from '../stats/estimation/calibration.ts'
import { errorsContradict, estimateLoss, trustOfLoss } from '../stats/estimation/estimate-loss.ts'
import { estimateMulticlass } from '../stats/estimation/estimate-multiclass.ts'
import { estimatePerformance } from '../stats/estimation/estimate-performance.ts'
import { labelsContradict } from '../stats/estimation/labels-contradict.ts'
import { fitLoss } from '../stats/estimation/loss-fit.ts'
import { rowsOf } from '../stats/estimation/score-table.ts'
import { type Trust, trustOf } from '../stats/estimation/trust.ts'
import type { Request } from './request.ts'
import { firstLabel, type Rows } from './rows.ts'
import { RowsView } from './rows-view.ts'

const estimateMetrics: readonly EstimateMetric[] = metrics.filter((m) => m.subject === 'estimate')
/** Fixed, so that the intervals' draws are the same each time. */
const seed = 1

type Estimated = { values: Partial<Record<string, Estimate>>; trust: Trust; n: number }

/** What the outcomes of rows can be expected to be, from their scores and a reference whose outcomes are known. */
export function estimates(
	request: Request,
	view: RowsView,
	rows: Rows,
	reference: Rows,
): [string, Finding][] {
	const wanted = estimateMetrics.filter((m) => m.tasks.includes(request.task))
	const learnt = new RowsView(reference)
	if (learnt.tally.labelled === 0)
		return wanted.map(({ id }) => [
			id,
			missing(0, 'the reference has no outcome that is a label of this task'),
		])
	const { values, trust, n } = estimatedOf(view, rows, learnt, reference)
	if (n === 0) return wanted.map(({ id }) => [id, missing(0, 'no row has what an estimate takes')])
	return wanted.map(({ id }) => {
		const estimate = values[id.slice('estimated.'.length)]
		const finding = estimate ? found(estimate, n) : missing(n, 'not estimated for this task')
		if (Number.isNaN(finding.value)) return [id, finding]
		return [id, { ...finding, trust: trust.trust, ...(trust.reason ? { reason: trust.reason } : {}) }]
	})
}

function estimatedOf(view: RowsView, rows: Rows, learnt: RowsView, reference: Rows): Estimated {
	if (view.task === 'binary') return binaryEstimates(view, learnt)
	return view.task === 'multiclass'
		? multiclassEstimates(view, rows, learnt)
		: lossEstimates(view, rows, reference)
}

function binaryEstimates(view: RowsView, learnt: RowsView): Estimated {
	const calibration = fitCalibration(learnt.scores)
	const n = rowsOf(view.table)
	if (n === 0) return { values: {}, trust: { trust: 'ok', reason: '' }, n }
	const labels = total(view.scores.positives) + total(view.scores.negatives)
	const known = labels > 0 ? labelsContradict(view.scores, calibration) : undefined
	return {
		values: estimatePerformance(view.table, calibration, seeded(seed)),
		trust: trustOf(view.table, calibration, known),
		n,
	}
}

/** Each class against the rest; doubtful when that of any class is. */
function multiclassEstimates(view: RowsView, rows: Rows, learnt: RowsView): Estimated {
	const names = [...rows.probabilities.keys()].filter((name) => learnt.byClass.has(name))
	const tables = Object.fromEntries(names.map((name) => [name, view.tableOf(name)]))
	const calibrations = Object.fromEntries(
		names.map((name) => {
			const counts = learnt.byClass.get(name)
			return [name, fitCalibration(counts as NonNullable<typeof counts>)] as const
		}),
	)
	const n = Math.max(0, ...Object.values(tables).map(rowsOf))
	if (n === 0) return { values: {}, trust: { trust: 'ok', reason: '' }, n }
	const { classes: _, ...values } = estimateMulticlass(tables, calibrations, seeded(seed))
	return { values, trust: worstTrust(view, tables, calibrations), n }
}

function worstTrust(
	view: RowsView,
	tables: Record<string, RowsView['table']>,
	calibrations: Record<string, Calibration>,
): Trust {
	for (const [name, table] of Object.entries(tables)) {
		const calibration = calibrations[name] as Calibration
		const labels = view.byClass.get(name)
		const known = labels && labels.scores.length > 0 ? labelsContradict(labels, calibration) : undefined
		const trust = trustOf(table, calibration, known)
		if (trust.trust === 'doubtful') return { ...trust, reason: `class ${name}: ${trust.reason}` }
	}
	return { trust: 'ok', reason: '' }
}

function lossEstimates(view: RowsView, rows: Rows, reference: Rows): Estimated {
	if (view.task !== 'regression') return { values: {}, trust: { trust: 'ok', reason: '' }, n: 0 }
	const learnt = labelledPairs(reference)
	const fit = fitLoss(learnt.predicted, learnt.actual)
	const values = rows.scores.filter((x) => !Number.isNaN(x)).sort()
	const table = { values, rows: new Float64Array(values.length).fill(1) }
	if (values.length === 0) return { values: {}, trust: { trust: 'ok', reason: '' }, n: 0 }
	const known = labelledPairs(rows)
	const errors = known.actual.length > 0 ? errorsContradict(known.predicted, known.actual, fit) : undefined
	return {
		values: estimateLoss(table, fit, seeded(seed)),
		trust: trustOfLoss(table, fit, errors),
		n: values.length,
	}
}

function labelledPairs({ labels, scores, values }: Rows): { predicted: Float64Array; actual: Float64Array } {
	const isUsed = (_: number, row: number) => labels[row] === firstLabel && !Number.isNaN(scores[row])
	return { predicted: scores.filter(isUsed), actual: values.filter(isUsed) }
}
