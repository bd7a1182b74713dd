import { figure } from '../../charts/number-text.ts'
import { barsSvg, trendSvg } from '../../charts/trend.ts'
import { formatTime } from '../../core/time.ts'
import { effectThreshold } from '../../metrics/drift-test.ts'
import type { ModelDrift } from '../../monitoring/drift/read-drift.ts'
import type { ModelPerformance } from '../../monitoring/performance/read-performance.ts'
import type { ChosenSeries } from '../../monitoring/windows/recent-windows.ts'
import { limits } from '../limits.ts'
import { columnName, maxColumns } from './drift.ts'
import { shortName, windowName } from './figure.ts'
import { slotsOf } from './performance.ts'
import { type Block, clipPlain } from './text.ts'

/** A chart as a picture, in words, and as a block of workspaces that draw charts themselves. */
export type Chart = { title: string; svg: string; alt: string; block: Block }

const placeOf = ({ series, window }: ChosenSeries): string => {
	const segment = series.segment === '' ? '' : `, ${series.segment} = ${series.value}`
	return `Version ${series.version} in ${series.environment}${segment}, windows of ${window} in UTC`
}

/** A block of Slack's own charts, whose labels must differ. */
function nativeChart(
	type: 'line' | 'bar',
	title: string,
	series: string,
	points: readonly { name: string; value: number }[],
): Block {
	const shown = type === 'line' ? points.slice(-limits.chartPoints) : points.slice(0, limits.chartPoints)
	const used = new Set<string>()
	const data = shown.map(({ name, value }, i) => {
		const short = clipPlain(name, limits.chartLabel)
		const label =
			used.has(short) || short === ''
				? `${clipPlain(name, limits.chartLabel - 4)} ${i}`.slice(0, limits.chartLabel)
				: short
		used.add(label)
		return { label, value }
	})
	return {
		type: 'data_visualization',
		title: clipPlain(title, limits.chartTitle),
		chart: {
			type,
			series: [{ name: clipPlain(series, limits.chartLabel), data }],
			axis_config: { categories: data.map((d) => d.label) },
		},
	}
}

/** The trend of the metric; undefined where no window has a value. */
export function performanceChart({ trend, metric, model, chosen }: ModelPerformance): Chart | undefined {
	const points = slotsOf({ trend, chosen }).map(({ from, window }) => {
		const point = window?.points.get(metric)
		return {
			name: windowName(formatTime(from), chosen.window).replace('week from ', ''),
			value: point?.value ?? null,
			low: point?.low ?? null,
			high: point?.high ?? null,
			isProvisional: window !== undefined && !window.isMature,
		}
	})
	const known = points.flatMap(({ name, value, isProvisional }) =>
		value === null ? [] : [{ name, value, isProvisional }],
	)
	if (known.length < 2) return undefined
	const title = `${shortName(metric)} of ${model}`
	const alt = clipPlain(
		`${title}. ${placeOf(chosen)}. ${known.map((p) => `${p.name} ${figure(p.value)}${p.isProvisional ? ' (provisional)' : ''}`).join(', ')}.`,
		limits.altText,
	)
	return {
		title,
		alt,
		svg: trendSvg({ title, subtitle: `${placeOf(chosen)}; 95% intervals; hollow: provisional`, points }, alt),
		block: nativeChart('line', title, shortName(metric), known),
	}
}

/** The effect of the worst columns; undefined where none is known. */
export function driftChart({ columns, model, chosen, window }: ModelDrift): Chart | undefined {
	const bars = columns
		.slice(0, maxColumns)
		.flatMap(({ feature, effect, isDetected }) =>
			effect.value === null ? [] : [{ name: columnName(feature), value: effect.value, isMarked: isDetected }],
		)
	if (bars.length === 0) return undefined
	const title = `Drift of ${model}, ${windowName(window.from, chosen.window)}`
	const alt = clipPlain(
		`${title}. ${placeOf(chosen)}. Effect: ${bars.map((b) => `${b.name} ${figure(b.value)}${b.isMarked ? ' (drifted)' : ''}`).join(', ')}.`,
		limits.altText,
	)
	const threshold = { value: effectThreshold, name: `${effectThreshold}` }
	return {
		title,
		alt,
		svg: barsSvg({ title, subtitle: `${placeOf(chosen)}; *: drifted (effect and q)`, bars, threshold }, alt),
		block: nativeChart('bar', title, 'effect', bars),
	}
}
