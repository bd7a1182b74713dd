import { conceptAdwin } from './concept/adwin.ts'
import { conceptDdm } from './concept/ddm.ts'
import { conceptPageHinkley } from './concept/page-hinkley.ts'
import type { MetricDescriptor } from './descriptor.ts'
import { attributionDrift } from './drift/attribution.ts'
import { attributionOrder } from './drift/attribution-ndcg.ts'
import { chi2 } from './drift/chi2.ts'
import { cramersVDrift } from './drift/cramers-v.ts'
import { detected } from './drift/detected.ts'
import { effect } from './drift/effect.ts'
import { g } from './drift/g.ts'
import { hellingerDistance } from './drift/hellinger.ts'
import { js } from './drift/js.ts'
import { ks } from './drift/ks.ts'
import { linf } from './drift/linf.ts'
import { p } from './drift/p.ts'
import { psi } from './drift/psi.ts'
import { q } from './drift/q.ts'
import { tvd } from './drift/tvd.ts'
import { wasserstein } from './drift/wasserstein.ts'
import { estimatedAccuracy } from './estimated/accuracy.ts'
import { estimatedBrier } from './estimated/brier.ts'
import { estimatedF1 } from './estimated/f1.ts'
import { estimatedLogLoss } from './estimated/log-loss.ts'
import { estimatedMae } from './estimated/mae.ts'
import { estimatedPrecision } from './estimated/precision.ts'
import { estimatedRecall } from './estimated/recall.ts'
import { estimatedRmse } from './estimated/rmse.ts'
import { estimatedRocAuc } from './estimated/roc-auc.ts'
import { fairnessBaseRate } from './fairness/base-rate.ts'
import { fairnessCalibrationGap } from './fairness/calibration-gap.ts'
import { clarifyAd } from './fairness/clarify/ad.ts'
import { clarifyCi } from './fairness/clarify/ci.ts'
import { clarifyDar } from './fairness/clarify/dar.ts'
import { clarifyDca } from './fairness/clarify/dca.ts'
import { clarifyDcr } from './fairness/clarify/dcr.ts'
import { clarifyDi } from './fairness/clarify/di.ts'
import { clarifyDpl } from './fairness/clarify/dpl.ts'
import { clarifyDppl } from './fairness/clarify/dppl.ts'
import { clarifyDrr } from './fairness/clarify/drr.ts'
import { clarifyGe } from './fairness/clarify/ge.ts'
import { clarifyJs } from './fairness/clarify/js.ts'
import { clarifyKl } from './fairness/clarify/kl.ts'
import { clarifyKs } from './fairness/clarify/ks.ts'
import { clarifyLp } from './fairness/clarify/lp.ts'
import { clarifyRd } from './fairness/clarify/rd.ts'
import { clarifySd } from './fairness/clarify/sd.ts'
import { clarifyTe } from './fairness/clarify/te.ts'
import { clarifyTvd } from './fairness/clarify/tvd.ts'
import { fairnessDemographicParityDifference } from './fairness/demographic-parity-difference.ts'
import { fairnessDemographicParityRatio } from './fairness/demographic-parity-ratio.ts'
import { fairnessDisparateImpact } from './fairness/disparate-impact.ts'
import { fairnessEqualOpportunityDifference } from './fairness/equal-opportunity-difference.ts'
import { fairnessEqualizedOddsDifference } from './fairness/equalized-odds-difference.ts'
import { fairnessFnr } from './fairness/fnr.ts'
import { fairnessFnrDifference } from './fairness/fnr-difference.ts'
import { fairnessFourFifths } from './fairness/four-fifths.ts'
import { fairnessFpr } from './fairness/fpr.ts'
import { fairnessFprDifference } from './fairness/fpr-difference.ts'
import { fairnessMeanScoreDifference } from './fairness/mean-score-difference.ts'
import { fairnessPrecision } from './fairness/precision.ts'
import { fairnessPredictiveParityDifference } from './fairness/predictive-parity-difference.ts'
import { fairnessSelectionRate } from './fairness/selection-rate.ts'
import { fairnessSmd } from './fairness/smd.ts'
import { fairnessTpr } from './fairness/tpr.ts'
import { performanceAccuracy } from './performance/accuracy.ts'
import { performanceBias } from './performance/bias.ts'
import { performanceBrier } from './performance/brier.ts'
import { performanceCoverageGap } from './performance/coverage-gap.ts'
import { performanceEce } from './performance/ece.ts'
import { performanceF1 } from './performance/f1.ts'
import { performanceFn } from './performance/fn.ts'
import { performanceFp } from './performance/fp.ts'
import { performanceGini } from './performance/gini.ts'
import { performanceKs } from './performance/ks.ts'
import { performanceLift10 } from './performance/lift-10.ts'
import { performanceLogLoss } from './performance/log-loss.ts'
import { performanceMae } from './performance/mae.ts'
import { performanceMap10 } from './performance/map-10.ts'
import { performanceMape } from './performance/mape.ts'
import { performanceMrr } from './performance/mrr.ts'
import { performanceNdcg10 } from './performance/ndcg-10.ts'
import { performanceOutcomeCoverage } from './performance/outcome-coverage.ts'
import { performancePinball } from './performance/pinball.ts'
import { performancePrAuc } from './performance/pr-auc.ts'
import { performancePrecision } from './performance/precision.ts'
import { performanceR2 } from './performance/r2.ts'
import { performanceRecall } from './performance/recall.ts'
import { performanceRmse } from './performance/rmse.ts'
import { performanceRocAuc } from './performance/roc-auc.ts'
import { performanceTn } from './performance/tn.ts'
import { performanceTp } from './performance/tp.ts'
import { constant } from './quality/constant.ts'
import { domainViolations } from './quality/domain-violations.ts'
import { duplicates } from './quality/duplicates.ts'
import { freshness } from './quality/freshness.ts'
import { nullRate } from './quality/null-rate.ts'
import { rangeViolations } from './quality/range-violations.ts'
import { rejectedRows } from './quality/rejected-rows.ts'
import { schemaViolations } from './quality/schema-violations.ts'
import { typeErrors } from './quality/type-errors.ts'
import { unseenCategories } from './quality/unseen-categories.ts'
import { volume } from './quality/volume.ts'
import { errorRate } from './service/error-rate.ts'
import { latencyP50 } from './service/latency-p50.ts'
import { latencyP95 } from './service/latency-p95.ts'
import { latencyP99 } from './service/latency-p99.ts'
import { rate } from './service/rate.ts'

/** Every metric, once: rules, HTTP, Slack, the command line and Prometheus know them by these ids. */
export const metrics = [
	performanceAccuracy,
	performancePrecision,
	performanceRecall,
	performanceF1,
	performanceRocAuc,
	performancePrAuc,
	performanceLogLoss,
	performanceBrier,
	performanceEce,
	performanceKs,
	performanceGini,
	performanceLift10,
	performanceTp,
	performanceFp,
	performanceTn,
	performanceFn,
	performanceMae,
	performanceRmse,
	performanceMape,
	performanceR2,
	performanceBias,
	performancePinball,
	performanceNdcg10,
	performanceMrr,
	performanceMap10,
	performanceOutcomeCoverage,
	performanceCoverageGap,
	estimatedRocAuc,
	estimatedAccuracy,
	estimatedF1,
	estimatedPrecision,
	estimatedRecall,
	estimatedBrier,
	estimatedLogLoss,
	estimatedMae,
	estimatedRmse,
	fairnessSelectionRate,
	fairnessTpr,
	fairnessFpr,
	fairnessFnr,
	fairnessPrecision,
	fairnessBaseRate,
	fairnessDemographicParityDifference,
	fairnessDemographicParityRatio,
	fairnessDisparateImpact,
	fairnessEqualOpportunityDifference,
	fairnessEqualizedOddsDifference,
	fairnessPredictiveParityDifference,
	fairnessFprDifference,
	fairnessFnrDifference,
	fairnessCalibrationGap,
	fairnessSmd,
	fairnessMeanScoreDifference,
	fairnessFourFifths,
	clarifyCi,
	clarifyDpl,
	clarifyKl,
	clarifyJs,
	clarifyLp,
	clarifyTvd,
	clarifyKs,
	clarifyDppl,
	clarifyDi,
	clarifyDca,
	clarifyDcr,
	clarifyRd,
	clarifySd,
	clarifyAd,
	clarifyDar,
	clarifyDrr,
	clarifyTe,
	clarifyGe,
	conceptAdwin,
	conceptPageHinkley,
	conceptDdm,
	attributionDrift,
	attributionOrder,
	chi2,
	cramersVDrift,
	detected,
	effect,
	g,
	hellingerDistance,
	js,
	ks,
	linf,
	p,
	psi,
	q,
	tvd,
	wasserstein,
	constant,
	domainViolations,
	duplicates,
	freshness,
	nullRate,
	rangeViolations,
	rejectedRows,
	schemaViolations,
	typeErrors,
	unseenCategories,
	volume,
	errorRate,
	latencyP50,
	latencyP95,
	latencyP99,
	rate,
] as const satisfies readonly MetricDescriptor[]

export const metricIds: readonly string[] = metrics.map((m) => m.id)

export type { MetricDescriptor } from './descriptor.ts'
