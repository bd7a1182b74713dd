import { type Caption, frame, legend, rect, svg } from './svg.ts'

export type HistogramSeries = { name: string; kind: 'a' | 'b'; shares: readonly number[] }

/** Shares of rows in cells between `edges`, for one or two series; those of two overlap and stay readable. */
export function histogram(
	caption: Caption,
	{ edges, label, series }: { edges: readonly number[]; label: string; series: readonly HistogramSeries[] },
): string {
	const most = Math.max(1e-9, ...series.flatMap((s) => s.shares))
	const hasLegend = series.length > 1
	const margin = { left: 62, top: hasLegend ? 30 : 12, right: 14, bottom: 46 }
	const range = [edges[0] ?? 0, edges.at(-1) ?? 1] as const
	const percent = (v: number) => `${Number((v * 100).toPrecision(6))}%`
	const { x, y, size, box, body } = frame(
		{ label, range },
		{ label: 'share of rows', range: [0, most], format: percent },
		undefined,
		margin,
	)
	const bars = series.flatMap(({ shares, kind }) =>
		shares.map((share, i) => {
			const [from, to] = [x.at(edges[i] as number), x.at(edges[i + 1] as number)]
			return share > 0 ? rect(from, y.at(share), to - from, box.bottom - y.at(share), `bar see ${kind}`) : ''
		}),
	)
	const names = hasLegend
		? legend(
				series.map(({ name, kind }) => ({ name, kind: `bar see ${kind}` })),
				box.left,
				16,
			)
		: ''
	return svg(caption, size, body + bars.join('') + names)
}
