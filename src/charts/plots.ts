import type { CalibrationPoint } from '../stats/performance/calibration.ts'
import { type Axis, anchored, frame, ruled } from './axes.ts'
import { numberText } from './number-text.ts'
import { scaleToTicks } from './scale.ts'
import { type Caption, element, escape, inlineChart, path, rect } from './svg.ts'

/** The charts of an evaluation's page. Their colours are classes of its style sheet: `a` and `b` are two series. */

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`)

const dot = (kind: string, cx: number, cy: number, r: number): string =>
	element('circle', { class: `dot ${kind}`, cx, cy, r })

/** The names of two series above the plot, and the margin that leaves room for them. */
const legend = (names: readonly string[], kinds: readonly string[], left: number): string =>
	names
		.map((name, i) => {
			const x = left + i * 130
			return rect(x, 7, 12, 10, { class: kinds[i] as string }) + anchored(cut(name, 18), x + 17, 16, 'start')
		})
		.join('')
const legendMargin = (series: readonly unknown[]) => ({ left: 62, top: series.length > 1 ? 30 : 12 })

export type LineSeries = {
	name: string
	kind: 'a' | 'b'
	points: readonly (readonly [x: number, y: number])[]
}
export type Ideal = readonly [from: readonly [number, number], to: readonly [number, number]]

/** Curves over two numeric axes. `ideal` is a dashed line to compare them with. */
export function lineChart(
	caption: Caption,
	xAxis: Axis,
	yAxis: Axis,
	{ series, ideal, dots }: { series: readonly LineSeries[]; ideal?: Ideal; dots?: boolean },
): string {
	const { x, y, size, box, body } = frame(xAxis, yAxis, legendMargin(series))
	const place = ([a, b]: readonly [number, number]): [number, number] => [x.at(a), y.at(b)]
	const curves = series.map(({ points, kind }) => {
		const placed = points.map(place)
		const marks = dots ? placed.map(([a, b]) => dot(kind, a, b, 3.5)) : []
		return path(placed, { class: `curve ${kind}` }) + marks.join('')
	})
	const [from, to] = (ideal ?? []).map(place)
	const dashed = from && to ? ruled(from[0], from[1], to[0], to[1], 'ideal') : ''
	const names =
		series.length > 1
			? legend(
					series.map((s) => s.name),
					series.map((s) => `bar ${s.kind}`),
					box.left,
				)
			: ''
	return inlineChart(caption, size, body + dashed + curves.join('') + names)
}

export type HistogramSeries = { name: string; kind: 'a' | 'b'; shares: readonly number[] }

/** Shares of rows in bins between `edges`, for one or two series, which overlap and stay readable. */
export function histogram(
	caption: Caption,
	{ edges, label, series }: { edges: readonly number[]; label: string; series: readonly HistogramSeries[] },
): string {
	const highest = Math.max(1e-9, ...series.flatMap((s) => s.shares))
	const percent = (v: number) => `${Number((v * 100).toPrecision(6))}%`
	const { x, y, size, box, body } = frame(
		{ label, range: [edges[0] ?? 0, edges.at(-1) ?? 1] },
		{ label: 'share of rows', range: [0, highest], format: percent },
		legendMargin(series),
	)
	const kinds = series.map((s) => `bar see ${s.kind}`)
	const bars = series.flatMap(({ shares }, s) =>
		shares.map((share, i) => {
			const [from, to] = [x.at(edges[i] as number), x.at(edges[i + 1] as number)]
			const top = y.at(share)
			return share > 0 ? rect(from, top, to - from, box.bottom - top, { class: kinds[s] as string }) : ''
		}),
	)
	const names =
		series.length > 1
			? legend(
					series.map((s) => s.name),
					kinds,
					box.left,
				)
			: ''
	return inlineChart(caption, size, body + bars.join('') + names)
}

/**
 * Share positive against mean score, with 95% intervals, beside the diagonal of perfect calibration; below it the number of
 * rows of each point.
 */
export function calibrationChart(caption: Caption, points: readonly CalibrationPoint[]): string {
	const of = (label: string) => ({ label, range: [0, 1] as const })
	const { x, y, size, box, body } = frame(of('mean score'), of('share positive'))
	const marks = points.map(({ meanScore, positive: { value, low, high } }) => {
		const at = x.at(meanScore)
		const whisker = Number.isNaN(low) ? '' : ruled(at, y.at(low), at, y.at(high), 'whisker a')
		return whisker + dot('a', at, y.at(value), 4)
	})
	const diagonal = ruled(x.at(0), y.at(0), x.at(1), y.at(1), 'ideal')
	const curve = path(
		points.map((p) => [x.at(p.meanScore), y.at(p.positive.value)]),
		{ class: 'curve a' },
	)
	const maxRows = Math.max(1, ...points.map((p) => p.n))
	const bottom = size.height + 62
	const counts = points.map((p) => {
		const high = Math.max(1, (p.n / maxRows) * 44)
		return rect(x.at(p.meanScore) - 10, bottom - high, 20, high, { class: 'bar a' })
	})
	const note = element(
		'text',
		{ class: 'tick', x: box.left, y: size.height + 12 },
		`rows at each point, at most ${numberText(maxRows)}`,
	)
	const base = ruled(box.left, bottom, box.right, bottom, 'axis')
	return inlineChart(
		caption,
		{ width: size.width, height: size.height + 70 },
		body + diagonal + curve + marks.join('') + note + counts.join('') + base,
	)
}

export type IntervalBar = { name: string; value: number; low: number; high: number }

const bars = { row: 24, width: 420, left: 130, right: 56 }

/** A bar a group from 0 up, with its interval as a whisker; names on the left, values on the right. */
export function intervalBars(caption: Caption, label: string, groups: readonly IntervalBar[]): string {
	const { row, width, left, right } = bars
	const known = groups.flatMap(({ value, high }) => [value, high]).filter(Number.isFinite)
	const x = scaleToTicks([0, Math.max(1e-9, ...known)], [left, width - right], 4)
	const bottom = 8 + groups.length * row
	const grid = x.ticks.map(
		(t) =>
			ruled(x.at(t), 4, x.at(t), bottom, 'grid') + anchored(numberText(t), x.at(t), bottom + 16, 'middle'),
	)
	const rows = groups.map(({ name, value, low, high }, i) => {
		const top = 8 + i * row
		const middle = top + row / 2
		const heading = anchored(cut(name, 20), left - 8, middle + 4, 'end')
		if (!Number.isFinite(value)) return heading + anchored('too few rows', left + 6, middle + 4, 'start')
		const bar = rect(left, top + 4, x.at(value) - left, row - 8, { class: 'bar see a' })
		const ends = [low, high].map((end) => ruled(x.at(end), middle - 4, x.at(end), middle + 4, 'whisker ink'))
		const whisker =
			Number.isFinite(low) && Number.isFinite(high)
				? ruled(x.at(low), middle, x.at(high), middle, 'whisker ink') + ends.join('')
				: ''
		return heading + bar + whisker + anchored(numberText(value), width - right + 8, middle + 4, 'start')
	})
	const axis = element(
		'text',
		{ class: 'label', 'text-anchor': 'middle', x: (left + width - right) / 2, y: bottom + 36 },
		escape(label),
	)
	return inlineChart(caption, { width, height: bottom + 44 }, grid.join('') + rows.join('') + axis)
}

const matrix = { left: 110, top: 46 }

/** Rows by actual class (down) and decision (across). A cell is the darker, the larger its share of the actual class. */
export function matrixChart(
	caption: Caption,
	{ classes, counts }: { classes: readonly string[]; counts: readonly (readonly number[])[] },
): string {
	const { left, top } = matrix
	const side = Math.max(26, Math.min(64, 300 / Math.max(1, classes.length)))
	const size = {
		width: Math.max(420, left + side * classes.length + 12),
		height: top + side * classes.length + 12,
	}
	const maxCharacters = Math.max(1, Math.floor(side / 7))
	const cells = counts.flatMap((row, i) => {
		const total = Math.max(
			1,
			row.reduce((a, b) => a + b, 0),
		)
		return row.map((count, j) => {
			const [x, y] = [left + j * side, top + i * side]
			const depth = count / total
			const square = { class: 'cell', x, y, width: side - 2, height: side - 2 }
			return (
				element('rect', { ...square, 'fill-opacity': 0.06 + 0.94 * depth }) +
				anchored(
					shortCount(count, maxCharacters),
					x + side / 2 - 1,
					y + side / 2 + 4,
					'middle',
					depth > 0.55 ? 'on' : 'label',
				)
			)
		})
	})
	const names = classes.flatMap((name, i) => [
		anchored(cut(name, 14), left - 8, top + i * side + side / 2 + 4, 'end'),
		anchored(cut(name, maxCharacters), left + i * side + side / 2, top - 8, 'middle'),
	])
	const axes =
		anchored('decision', left + (side * classes.length) / 2, 16, 'middle', 'label') +
		anchored('actual', 8, top - 8, 'start', 'label')
	return inlineChart(caption, size, cells.join('') + names.join('') + axes)
}

const shortCount = (count: number, maxCharacters: number): string => {
	const plain = count.toLocaleString('en')
	if (plain.length <= maxCharacters) return plain
	return count >= 1e6
		? `${(count / 1e6).toFixed(1)}M`
		: count >= 1000
			? `${Math.round(count / 1000)}k`
			: String(count)
}
