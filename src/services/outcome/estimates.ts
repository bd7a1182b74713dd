import { seeded } from '../../core/random.ts'
import type { EstimateMetric } from '../../metrics/descriptor.ts'
import { type Finding, found, missing } from '../../metrics/finding.ts'
import { metrics } from '../../metrics/index.ts'
import type { OutcomeView } from '../../metrics/outcome-view.ts'
import { total } from '../../stats/counts.ts'
import type { Estimate } from '../../stats/estimate.ts'
import type { Calibration } from '../../stats/estimation/calibration.ts'
import { estimateLoss, trustOfLoss } from '../../stats/estimation/estimate-loss.ts'
import { estimateMulticlass } from '../../stats/estimation/estimate-multiclass.ts'
import { estimatePerformance } from '../../stats/estimation/estimate-performance.ts'
import { labelsContradict } from '../../stats/estimation/labels-contradict.ts'
import { rowsOf, type ScoreTable } from '../../stats/estimation/score-table.ts'
import { type Trust, trustOf } from '../../stats/estimation/trust.ts'
import type { ScoreCounts } from '../../stats/score-counts.ts'
import { type LabelledBaseline, ofScore } from './labelled-baseline.ts'

const estimateMetrics: readonly EstimateMetric[] = metrics.filter((m) => m.subject === 'estimate')

type Estimated = { n: number; estimates: Record<string, unknown>; trust: Trust; why: string }

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
	if (!baseline || wanted.length === 0) return []
	const { n, estimates, trust, why } = estimate(view, baseline, seeded(seed))
	return wanted.map(({ id }) => {
		const own = estimates[id.slice('estimated.'.length)] as Estimate | undefined
		if (n === 0 || !own) return [id, missing(n, why)]
		const finding = found(own, n)
		if (Number.isNaN(finding.value)) return [id, finding]
		return [id, { ...finding, trust: trust.trust, ...(trust.reason ? { reason: trust.reason } : {}) }]
	})
}

function estimate(view: OutcomeView, baseline: LabelledBaseline, random: () => number): Estimated {
	const nothing = { n: 0, estimates: {}, trust: { trust: 'ok', reason: '' } as const }
	if (view.task === 'regression') {
		const table = view.predictions
		if (!baseline.loss) return { ...nothing, why: 'the baseline has no row with both a score and an actual' }
		const estimates = estimateLoss(table, baseline.loss, random)
		return {
			n: total(table.rows),
			estimates,
			trust: trustOfLoss(table, baseline.loss),
			why: 'no row has a score',
		}
	}
	const why = 'no row has both a score and a decision'
	if (view.task === 'binary') {
		const calibration = baseline.calibrations[ofScore] as Calibration
		const estimates = estimatePerformance(view.table, calibration, random)
		return { n: rowsOf(view.table), estimates, trust: believe(view.table, calibration, view.scores), why }
	}
	const windows = Object.entries(view.tablesByClass).filter(([name]) => baseline.calibrations[name])
	if (windows.length === 0)
		return { ...nothing, why: 'no row has probabilities of classes that the baseline knows' }
	const estimates = estimateMulticlass(Object.fromEntries(windows), baseline.calibrations, random)
	const doubts = windows.map(([name, table]) => {
		const trust = believe(table, baseline.calibrations[name] as Calibration, view.byClass.get(name))
		return trust.trust === 'ok' ? trust : { ...trust, reason: `class ${name}: ${trust.reason}` }
	})
	const trust = doubts.find((d) => d.trust === 'doubtful') ?? nothing.trust
	return { n: rowsOf(windows[0]?.[1] as ScoreTable), estimates, trust, why }
}

/** Whether scores and the outcomes that are known so far go with the baseline. */
function believe(table: ScoreTable, calibration: Calibration, known: ScoreCounts | undefined): Trust {
	const labels = known ? total(known.positives) + total(known.negatives) : 0
	return trustOf(table, calibration, known && labels > 0 ? labelsContradict(known, calibration) : undefined)
}
