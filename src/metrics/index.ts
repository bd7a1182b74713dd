import { clarify } from './clarify.ts'
import { concept } from './concept.ts'
import type { MetricDescriptor } from './descriptor.ts'
import { drift } from './drift.ts'
import { estimated } from './estimated.ts'
import { fairness } from './fairness.ts'
import { performance } from './performance.ts'
import { quality } from './quality.ts'
import { service } from './service.ts'

/** Every metric, once: rules, HTTP, Slack, the command line and Prometheus know them by these ids. */
export const metrics: readonly MetricDescriptor[] = [
	...performance,
	...estimated,
	...fairness,
	...clarify,
	...concept,
	...drift,
	...quality,
	...service,
]

export const metricIds: readonly string[] = metrics.map((m) => m.id)

export type { MetricDescriptor } from './descriptor.ts'
