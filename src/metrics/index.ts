import type { MetricDescriptor } from './descriptor.ts'
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
import { constant } from './quality/constant.ts'
import { domainViolations } from './quality/domain-violations.ts'
import { duplicates } from './quality/duplicates.ts'
import { freshness } from './quality/freshness.ts'
import { nullRate } from './quality/null-rate.ts'
import { rangeViolations } from './quality/range-violations.ts'
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
