import type { WindowSize } from '../../core/time.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { shortTime } from './text.ts'

/** Three digits, as many as one reads. */
export const figure = (value: number): string =>
	Number(value.toPrecision(3)).toLocaleString('en', {
		maximumSignificantDigits: 3,
		notation: notationOf(value),
	})

const notationOf = (value: number): 'standard' | 'scientific' =>
	value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e15) ? 'scientific' : 'standard'

export const count = (value: number): string => value.toLocaleString('en')

const percent = (share: number): string => `${figure(100 * share)}%`

/** `0.71 (0.68 to 0.74)`: the value with its 95% interval, where it has one. */
export function withInterval({ value, low, high }: Pick<MetricPoint, 'value' | 'low' | 'high'>): string {
	if (value === null) return 'unknown'
	return low === null || high === null
		? figure(value)
		: `${figure(value)} (${figure(low)} to ${figure(high)})`
}

/** `q = 0.02`, and nothing where there is none. */
export const chanceOf = (name: 'p' | 'q', value: number | null): string =>
	value === null ? '' : value < 0.001 ? `${name} < 0.001` : `${name} = ${figure(value)}`

/** When a window is, as short as its length allows. */
export function windowName(from: string, size: WindowSize): string {
	if (size === '1h') return shortTime(from)
	return size === '1d' ? from.slice(0, 10) : `week from ${from.slice(0, 10)}`
}

/** `950 predictions, outcomes known of 85% (83% to 87%)`. */
export function coverageText({ value, low, high, n, reason }: MetricPoint): string {
	const share =
		value === null
			? 'unknown'
			: low === null || high === null
				? percent(value)
				: `${percent(value)} (${percent(low)} to ${percent(high)})`
	return `${count(n)} predictions, outcomes known of ${share}${reason === null ? '' : `; ${reason}`}`
}

/** A metric's name without its family. */
export const shortName = (metric: string): string => metric.slice(metric.indexOf('.') + 1)
