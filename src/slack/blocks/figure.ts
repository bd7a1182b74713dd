import type { WindowSize } from '../../core/time.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { ChosenSeries } from '../../monitoring/windows/recent-windows.ts'
import { named, shortTime } from './text.ts'

/** Three significant digits. */
export const figure = (value: number): string =>
	Number(value.toPrecision(3)).toLocaleString('en', {
		maximumSignificantDigits: 3,
		notation: notationOf(value),
	})

const notationOf = (value: number): 'standard' | 'scientific' =>
	value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e15) ? 'scientific' : 'standard'

export const count = (value: number): string => value.toLocaleString('en')

const percent = (share: number): string => `${figure(100 * share)}%`

/** `0.71 (0.68 to 0.74)`: the value with its 95% interval, if it has one. */
export function withInterval({ value, low, high }: Pick<MetricPoint, 'value' | 'low' | 'high'>): string {
	if (value === null) return 'unknown'
	return low === null || high === null
		? figure(value)
		: `${figure(value)} (${figure(low)} to ${figure(high)})`
}

/** `q = 0.02`; empty without a value. */
export const chanceOf = (name: 'p' | 'q', value: number | null): string =>
	value === null ? '' : value < 0.001 ? `${name} < 0.001` : `${name} = ${figure(value)}`

/** The time of a window, as short as its length allows. */
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

/** The name of a metric without its family. */
export const shortName = (metric: string): string => metric.slice(metric.indexOf('.') + 1)

const maxOthers = 4

/** The series of the windows, and which other series there are. */
export function placeText({ series, window, others }: ChosenSeries): string {
	const name = ({ version, environment }: ChosenSeries['series']) =>
		`${named(version, 60)} in ${named(environment, 60)}`
	const segment = series.segment === '' ? '' : `, ${named(series.segment, 60)} = ${named(series.value, 60)}`
	const more = others.length > maxOthers ? ` and ${others.length - maxOthers} more` : ''
	const besides =
		others.length === 0 ? '' : `. Other series: ${others.slice(0, maxOthers).map(name).join(', ')}${more}`
	return `Version ${name(series)}${segment}, windows of ${window} in UTC${besides}`
}
