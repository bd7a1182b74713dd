import { figure, tickText } from './number-text.ts'
import { type Scale, scaleAround } from './scale.ts'
import { element, ink, label, line, path, picture } from './svg.ts'
import { fitText } from './text.ts'

/** One window of a trend. `low` and `high`: its interval. */
export type TrendPoint = {
	name: string
	value: number | null
	low: number | null
	high: number | null
	/** Drawn hollow: the value can still change. */
	isProvisional: boolean
}
export type TrendPicture = {
	title: string
	subtitle: string
	points: readonly TrendPoint[]
}

/** One bar of a chart of bars. */
export type PictureBar = { name: string; value: number; isMarked: boolean }
export type BarPicture = {
	title: string
	subtitle: string
	bars: readonly PictureBar[]
	/** A value to compare with, and what it is. */
	threshold?: { value: number; name: string }
}

const width = 960
const edge = 24
const small = 12
const head = (title: string, subtitle: string): string[] => [
	label(edge, 40, fitText(title, 20, width - 2 * edge, true), { 'font-size': 20, 'font-weight': 'bold' }),
	label(edge, 64, fitText(subtitle, 13, width - 2 * edge), { fill: ink.soft }),
]

const isDrawn = (x: number | null): x is number => x !== null && Math.abs(x) < 1e300

const trendBox = { left: 96, right: width - 48, top: 92, bottom: 380 }

/** A line of windows with the intervals of its values, as a picture of its own. Windows without a value are gaps. */
export function trendSvg({ title, subtitle, points }: TrendPicture, description: string): string {
	const { left, right, top, bottom } = trendBox
	const values = points.flatMap((p) => [p.value, p.low, p.high]).filter(isDrawn)
	const y = scaleAround(values.length === 0 ? [0, 1] : values, [bottom, top], 6)
	const at = (i: number) =>
		points.length === 1 ? (left + right) / 2 : left + 12 + ((right - left - 24) * i) / (points.length - 1)
	const runs: [number, number][][] = [[]]
	for (const [i, { value }] of points.entries()) {
		if (isDrawn(value)) runs.at(-1)?.push([at(i), y.at(value)])
		else if (runs.at(-1)?.length !== 0) runs.push([])
	}
	const whiskers = points.flatMap(({ low, high }, i) =>
		isDrawn(low) && isDrawn(high)
			? [
					line(at(i), y.at(low), at(i), y.at(high), {
						stroke: ink.down,
						'stroke-opacity': 0.4,
						'stroke-width': 3,
					}),
				]
			: [],
	)
	const dots = points.flatMap(({ value, isProvisional }, i) =>
		isDrawn(value)
			? [
					element('circle', {
						cx: at(i),
						cy: y.at(value),
						r: 4,
						fill: isProvisional ? '#ffffff' : ink.down,
						stroke: ink.down,
						'stroke-width': 2,
					}),
				]
			: [],
	)
	return picture(
		{ width, height: bottom + 48 },
		title,
		description,
		...head(title, subtitle),
		...ruleLines(y, left, right),
		...whiskers,
		...runs.map((run) => path(run, { fill: 'none', stroke: ink.down, 'stroke-width': 2 })),
		...dots,
		...dates(points, at, bottom),
	)
}

const ruleLines = (y: Scale, left: number, right: number): string[] =>
	y.ticks.flatMap((tick) => [
		line(left, y.at(tick), right, y.at(tick), { stroke: ink.rule }),
		label(left - 8, y.at(tick) + 4, tickText(tick, y.step), {
			'font-size': small,
			'text-anchor': 'end',
			fill: ink.soft,
		}),
	])

/** At most seven dates, the first and the last always. */
function dates(points: readonly TrendPoint[], at: (i: number) => number, bottom: number): string[] {
	const every = Math.max(1, Math.ceil((points.length - 1) / 6))
	const last = points.length - 1
	return points.flatMap(({ name }, i) =>
		i === last || (i % every === 0 && last - i >= every / 2)
			? [label(at(i), bottom + 22, name, { 'font-size': small, 'text-anchor': 'middle', fill: ink.soft })]
			: [],
	)
}

const barBox = { left: 260, right: width - 120, top: 92 }
const rowHeight = 28

/** Bars from zero, one a row, as a picture of its own. Marked ones have another colour and a star. */
export function barsSvg({ title, subtitle, bars, threshold }: BarPicture, description: string): string {
	const { left, right, top } = barBox
	const bottom = top + bars.length * rowHeight + 8
	const values = [0, ...bars.map((b) => b.value).filter(isDrawn), ...(threshold ? [threshold.value] : [])]
	const x = scaleAround(values, [left, right], 6)
	const grid = x.ticks.flatMap((tick) => [
		line(x.at(tick), top, x.at(tick), bottom, { stroke: ink.rule }),
		label(x.at(tick), bottom + 18, tickText(tick, x.step), {
			'font-size': small,
			'text-anchor': 'middle',
			fill: ink.soft,
		}),
	])
	const rows = bars.flatMap(({ name, value, isMarked }, i) => {
		const y = top + 4 + i * rowHeight
		const [from, to] = [x.at(0), x.at(isDrawn(value) ? value : 0)].sort((a, b) => a - b) as [number, number]
		return [
			label(left - 10, y + 15, fitText(name, 13, left - edge - 12), { 'text-anchor': 'end' }),
			element('rect', {
				x: from,
				y,
				width: Math.max(1, to - from),
				height: 20,
				fill: isMarked ? ink.up : ink.down,
			}),
			label(to + 8, y + 15, `${figure(value)}${isMarked ? ' *' : ''}`, { 'font-size': small }),
		]
	})
	const mark = threshold
		? [
				line(x.at(threshold.value), top - 4, x.at(threshold.value), bottom, {
					stroke: ink.total,
					'stroke-dasharray': '6 4',
				}),
				label(x.at(threshold.value), top - 8, threshold.name, {
					'font-size': small,
					'text-anchor': 'middle',
				}),
			]
		: []
	return picture(
		{ width, height: bottom + 40 },
		title,
		description,
		...head(title, subtitle),
		...grid,
		...rows,
		...mark,
	)
}
