import { type Slot, trendChart } from '../../charts/text-charts.ts'
import { formatTime, windowMs } from '../../core/time.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { ModelPerformance } from '../../monitoring/performance/read-performance.ts'
import { figure, shortName, windowName } from './figure.ts'

/** The chart of a metric's windows, and what it shows in a sentence. Both are empty when no window has a value. */
export function trendOf({ trend, metric, estimates, place }: ModelPerformance): {
	sentence: string
	chart: string[]
} {
	const size = windowMs[place.window]
	const first = trend[0]?.from ?? 0
	const byFrom = new Map(trend.map((w) => [w.from, w]))
	const estimated = new Map(estimates.map((a) => [Date.parse(a.window.from), a.value]))
	const length = trend.length === 0 ? 0 : Math.round((place.newest - first) / size) + 1
	// Windows without predictions keep their place: the dates would else be wrong.
	const slots = Array.from({ length }, (_, i): Slot => {
		const window = byFrom.get(first + i * size)
		return {
			value: window?.answers.get(metric)?.value ?? null,
			estimate: estimated.get(first + i * size) ?? null,
			isProvisional: window !== undefined && !window.isMature,
		}
	})
	const name = (from: number) => windowName(formatTime(from), place.window)
	const last = first + (length - 1) * size
	const known = trend.flatMap((w) => w.answers.get(metric) ?? []).filter((a) => a.value !== null)
	const sentence = [
		knownSentence(known, slots, shortName(metric), (a) => name(Date.parse(a.window.from))),
		...(known.length > 0 && estimates.length > 0
			? ['Below it, on the same axis, the estimate without labels.']
			: []),
		...(known.length === 0 && estimates.length > 0
			? [
					`No outcome is known of the windows from ${name(first)} to ${name(last)}: the line is the estimate without labels.`,
				]
			: []),
	]
	return {
		sentence: sentence.filter((s) => s !== '').join(' '),
		chart: trendChart(slots, name(first), name(last)),
	}
}

/** For those who cannot see the chart. */
function knownSentence(
	known: readonly MetricPoint[],
	slots: readonly Slot[],
	metric: string,
	when: (answer: MetricPoint) => string,
): string {
	const [first, last] = [known[0], known.at(-1)]
	if (!first || !last) return ''
	if (first === last)
		return `*Trend*: ${metric} is known of one window, ${when(first)}: ${figure(first.value ?? 0)}.`
	const by = (better: (a: number, b: number) => boolean) =>
		known.reduce((best, a) => (better(a.value ?? 0, best.value ?? 0) ? a : best))
	const [low, high] = [by((a, b) => a < b), by((a, b) => a > b)]
	const said = (a: MetricPoint) => `${figure(a.value ?? 0)} (${when(a)})`
	const without = slots.length - known.length
	const provisional = slots.filter((s) => s.isProvisional && s.value !== null).length
	return `*Trend* of ${metric} over ${slots.length} windows: from ${said(first)} to ${said(last)}, lowest ${said(low)}, highest ${said(high)}${without > 0 ? `; ${without} without a value` : ''}${provisional > 0 ? `; ${provisional} provisional (p)` : ''}.`
}
