import { barsSvg, trendSvg } from '../../../charts/trend.ts'
import type { Cell, ReportChart, ReportSection } from '../template.ts'
import { cellText } from './front-matter.ts'

/** A picture and what it shows in words. Its numbers are in the section's table. */
export type DrawnChart = { id: string; title: string; svg: string; alt: string }

const maxBars = 40

const numberOf = (cell: Cell | undefined): number | null => (typeof cell === 'number' ? cell : null)

/** The charts of a section, one for each of their numeric columns. Those whose table is empty or unknown are left out. */
export const chartsOf = (section: ReportSection): DrawnChart[] =>
	(section.charts ?? []).flatMap((chart) => chart.y.flatMap((y) => drawn(section, chart, y)))

function drawn(section: ReportSection, chart: ReportChart, y: string): DrawnChart[] {
	const table = section.tables.find((t) => t.id === chart.table)
	if (!table) return []
	const [nameAt, valueAt] = [table.columns.indexOf(chart.x), table.columns.indexOf(y)]
	const points = table.rows.map((row) => ({
		name: cellText(row[nameAt] ?? null),
		value: numberOf(row[valueAt]),
	}))
	const known = points.filter((p) => p.value !== null)
	if (nameAt < 0 || valueAt < 0 || known.length === 0) return []
	const title = chart.y.length === 1 ? chart.title : `${chart.title}: ${y}`
	const alt = altText(title, known as Known[], table.title ?? table.id)
	const id = `${section.id}-${chart.id}-${y}`
	if (chart.kind === 'trend') {
		const dated = points.map((p) => ({ ...p, low: null, high: null, isProvisional: false }))
		return [{ id, title, alt, svg: trendSvg({ title, subtitle: y, points: dated }, alt) }]
	}
	const bars = (known as Known[]).slice(0, maxBars).map((p) => ({ ...p, isMarked: false }))
	const left = known.length - bars.length
	const subtitle = left > 0 ? `${y}; ${left} more are in the table` : y
	return [{ id, title, alt, svg: barsSvg({ title, subtitle, bars }, alt) }]
}

type Known = { name: string; value: number }

function altText(title: string, points: readonly Known[], table: string): string {
	const sorted = points.toSorted((a, b) => a.value - b.value)
	const [smallest, largest] = [sorted[0] as Known, sorted.at(-1) as Known]
	const of = ({ name, value }: Known) => `${JSON.stringify(value)} (${name})`
	return `${title}. ${points.length} values, from ${of(smallest)} to ${of(largest)}. All are in the table "${table}".`
}
