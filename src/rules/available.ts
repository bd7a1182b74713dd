import type { WindowSize } from '../core/time.ts'
import type { MetricDescriptor } from '../metrics/descriptor.ts'
import { metrics } from '../metrics/index.ts'
import { factParts } from './facts.ts'
import type { Each } from './rule-set.ts'

type Part = keyof typeof factParts
/** The smallest and the largest value that a fact can have. */
export type Range = readonly [low: number, high: number]

const descriptors = new Map<string, MetricDescriptor>(metrics.map((m) => [m.id, m]))
const parts = Object.keys(factParts) as Part[]

/** The metric of a fact: `performance.roc_auc.low` is the part `low` of one. Undefined for a fact that is not of a metric. */
export function metricOf(name: string): { metric: MetricDescriptor; part: Part | undefined } | undefined {
	const whole = descriptors.get(name)
	if (whole) return { metric: whole, part: undefined }
	const part = parts.find((p) => name.endsWith(`.${p}`))
	const metric = part && descriptors.get(name.slice(0, -part.length - 1))
	return metric && { metric, part }
}

const interval: readonly Part[] = ['low', 'high']
const none: readonly Part[] = []
const withInterval = new Set(['quality.null_rate', 'service.error_rate'])
const bare = /^(performance\.(tp|fp|tn|fn)|fairness\.clarify\..*)$/

/** The parts that a metric has besides its value. */
function partsOf(metric: MetricDescriptor): readonly Part[] {
	const { id, subject } = metric
	if (bare.test(id)) return none
	if (id === 'performance.coverage_gap') return ['p']
	if (subject === 'outcome' || subject === 'estimate' || subject === 'group') return interval
	if (subject === 'attribute') return parts
	if (subject === 'attribution') return metric.of === 'feature' ? parts : none
	if (subject === 'feature' && id.startsWith('drift.')) return ['p', 'q']
	return withInterval.has(id) ? interval : none
}

/** The subjects that have a metric, their own or that of the model as a whole. */
function subjectsOf(metric: MetricDescriptor): readonly Each[] {
	if (metric.subject === 'feature') return ['feature', 'segment']
	if (metric.subject === 'attribute' || metric.subject === 'group') return ['group']
	if (metric.subject === 'attribution' && metric.of === 'feature') return ['feature']
	return ['model', 'feature', 'segment', 'group']
}

const ofFeatures = /^baseline\.\w+_rate$/
const daily = new Set(['concept', 'attribution'])

/** Why a fact is never available to a rule for these subjects and windows; undefined when it can be. */
export function whyUnavailable(name: string, each: Each, window: WindowSize): string | undefined {
	const subjects: readonly Each[] = ofFeatures.test(name) ? ['feature', 'segment'] : []
	const found = metricOf(name)
	const possible = found ? subjectsOf(found.metric) : subjects
	if (possible.length > 0 && !possible.includes(each))
		return `${name} is not available with each: ${each}. Use each: ${possible.join(' or ')}`
	if (!found) return undefined
	const { metric, part } = found
	const known = partsOf(metric)
	if (part !== undefined && !known.includes(part)) {
		const others = known.map((p) => `, .${p}`).join('')
		return `${name} does not exist: ${metric.id} has only its value${others}`
	}
	if (window === '1h' && daily.has(metric.subject))
		return `${metric.id} is computed for days and weeks, not for hours. Use window: 1d or 7d`
	return undefined
}

const share: Range = [0, 1]
const amount: Range = [0, Number.POSITIVE_INFINITY]
const open: Range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
// Not limited to 0 to 1: R2 has no lower bound, gini can be negative, MAPE has no upper bound.
const unlikeShares = new Set(['performance.r2', 'performance.gini', 'performance.mape'])
// Other metrics of these units can be negative: an effect size is corrected for bias, a distance is not.
const amounts = new Set([
	'drift.psi',
	'drift.wasserstein',
	'performance.log_loss',
	'performance.rmse',
	'performance.mae',
])
const rangesByUnit: Readonly<Record<string, Range>> = {
	share,
	'0 to 1': share,
	'0 or 1': share,
	'distance, base 2': share,
	probability: share,
	rows: amount,
	ms: amount,
	'1/s': amount,
	changes: amount,
}

/** The range of a fact, as far as its unit says. */
export function rangeOf(name: string): Range {
	if (name === 'n' || name === 'm' || name.endsWith('_ms')) return amount
	if (ofFeatures.test(name) || /^(replay|quality)\.\w+_share$/.test(name)) return share
	const found = metricOf(name)
	if (!found) return open
	const { metric, part } = found
	if (part === 'p' || part === 'q') return share
	if (part !== undefined || unlikeShares.has(metric.id)) return open
	return amounts.has(metric.id) ? amount : (rangesByUnit[metric.unit] ?? open)
}
