import { seeded } from '../../core/random.ts'
import type { EstimateMetric } from '../../metrics/descriptor.ts'
import { type Finding, found, missing } from '../../metrics/finding.ts'
import { metrics } from '../../metrics/index.ts'
import type { OutcomeView } from '../../metrics/outcome-view.ts'
import { total } from '../../stats/counts.ts'
import { estimatePerformance } from '../../stats/estimation/estimate-performance.ts'
import { labelsContradict } from '../../stats/estimation/labels-contradict.ts'
import { rowsOf } from '../../stats/estimation/score-table.ts'
import { trustOf } from '../../stats/estimation/trust.ts'
import type { LabelledBaseline } from './labelled-baseline.ts'

const estimateMetrics: readonly EstimateMetric[] = metrics.filter((m) => m.subject === 'estimate')

/**
 * What a window's outcomes can be expected to be, from its scores and a baseline whose outcomes are known; nothing when
 * there is no such baseline. `seed` makes the draws of the intervals the same each time.
 */
export function estimateFindings(
	view: OutcomeView,
	baseline: LabelledBaseline | undefined,
	seed: number,
): [string, Finding][] {
	const wanted = estimateMetrics.filter((m) => m.tasks.includes(view.task))
	if (!baseline) return []
	if (view.task === 'binary' && baseline.calibration)
		return binaryEstimates(view, baseline.calibration, wanted, seed)
	return []
}

type Calibration = NonNullable<LabelledBaseline['calibration']>

function binaryEstimates(
	view: OutcomeView,
	calibration: Calibration,
	wanted: readonly EstimateMetric[],
	seed: number,
): [string, Finding][] {
	const n = rowsOf(view.table)
	if (n === 0) return wanted.map(({ id }) => [id, missing(0, 'no row has both a score and a decision')])
	const estimates = estimatePerformance(view.table, calibration, seeded(seed))
	const labels = total(view.scores.positives) + total(view.scores.negatives)
	const known = labels > 0 ? labelsContradict(view.scores, calibration) : undefined
	const { trust, reason } = trustOf(view.table, calibration, known)
	return wanted.map(({ id }) => {
		const finding = found(estimates[nameOf(id)], n)
		return [id, Number.isNaN(finding.value) ? finding : { ...finding, trust, ...(reason ? { reason } : {}) }]
	})
}

const nameOf = (id: string) => id.slice('estimated.'.length) as keyof ReturnType<typeof estimatePerformance>
