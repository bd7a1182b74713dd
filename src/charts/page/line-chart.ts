import { type Axis, type Caption, frame, legend, line, path, svg } from './svg.ts'

export type Series = { name: string; kind: 'a' | 'b'; points: readonly (readonly [x: number, y: number])[] }
export type Ideal = readonly [from: readonly [number, number], to: readonly [number, number]]

/** Curves over two numeric axes. `ideal` is a dashed line to compare them with. */
export function lineChart(
	caption: Caption,
	xAxis: Axis,
	yAxis: Axis,
	{ series, ideal, dots }: { series: readonly Series[]; ideal?: Ideal; dots?: boolean },
): string {
	const hasLegend = series.length > 1
	const margin = { left: 62, top: hasLegend ? 30 : 12, right: 14, bottom: 46 }
	const { x, y, size, box, body } = frame(xAxis, yAxis, undefined, margin)
	const place = ([a, b]: readonly [number, number]): [number, number] => [x.at(a), y.at(b)]
	const curves = series.map(({ points, kind }) => {
		const marks = dots
			? points
					.map(place)
					.map(([a, b]) => `<circle class="dot ${kind}" cx="${a.toFixed(2)}" cy="${b.toFixed(2)}" r="3.5"/>`)
			: []
		return path(points.map(place), `curve ${kind}`) + marks.join('')
	})
	const [from, to] = (ideal ?? []).map(place)
	const dashed = from && to ? line({ x1: from[0], y1: from[1], x2: to[0], y2: to[1] }, 'ideal') : ''
	const names = hasLegend
		? legend(
				series.map(({ name, kind }) => ({ name, kind: `bar ${kind}` })),
				box.left,
				16,
			)
		: ''
	return svg(caption, size, body + dashed + curves.join('') + names)
}
