import { barChart, trendChart } from '../../charts/text-charts.ts'
import { formatTime, hourMs } from '../../core/time.ts'
import type { IncidentDetails, SegmentValue } from '../delivery/incident-details.ts'
import { count, figure } from './figure.ts'
import { type Block, code, named, section } from './text.ts'

/** Blocks, and what they show in words. Both are escaped. */
type Part = { blocks: Block[]; told: string }

/** The metric over time and by segment, and examples; parts that there is nothing of are left out. */
export const detailParts = (details: IncidentDetails): Part[] => [
	...trendPart(details),
	...details.segments.map((segment) => segmentPart(details, segment)),
	...examplesPart(details.examples),
]

const about = ({ metric, feature }: IncidentDetails): string =>
	named(feature === undefined ? metric : `${metric} of ${feature}`)

function trendPart(details: IncidentDetails): Part[] {
	const known = details.trend.filter((w) => w.value !== null)
	const [first, last] = [known[0], known.at(-1)]
	if (!first || !last || known.length < 2) return []
	const name = (from: number) => formatTime(from).slice(0, details.window === 'h' ? 13 : 10)
	const size = (details.window === 'h' ? 1 : 24) * hourMs
	const start = first.from
	const by = new Map(known.map((w) => [w.from, w.value]))
	const length = Math.min(60, Math.round((last.from - start) / size) + 1)
	const slots = Array.from({ length }, (_, i) => ({
		value: by.get(start + i * size) ?? null,
		estimate: null,
		isProvisional: false,
	}))
	const told = `*Trend* of ${about(details)}: ${figure(first.value ?? 0)} (${name(first.from)}) to ${figure(last.value ?? 0)} (${name(last.from)})`
	return [{ told, blocks: [section(told), code(trendChart(slots, name(first.from), name(last.from)))] }]
}

function segmentPart(details: IncidentDetails, { name, values }: IncidentDetails['segments'][number]): Part {
	const said = ({ value, metric, n }: SegmentValue) =>
		`${value} ${metric === null ? 'unknown' : figure(metric)} (n ${count(n)})`
	const told = `*By ${named(name)}*, ${about(details)}: ${named(values.map(said).join(', '), 500)}`
	const bars = values.map(({ value, metric, n }) => ({
		name: value,
		value: metric,
		low: null,
		high: null,
		note: `${metric === null ? 'unknown' : figure(metric)}  n ${count(n)}`,
	}))
	return { told, blocks: [section(`*By ${named(name)}*, ${about(details)}`), code(barChart(bars))] }
}

function examplesPart(examples: readonly string[] | undefined): Part[] {
	if (examples === undefined)
		return [
			{
				told: 'Example predictions are shown to analysts',
				blocks: [section('Example predictions are shown to analysts.')],
			},
		]
	if (examples.length === 0) return []
	const told = `*Examples*: ${examples.map((id) => `\`${named(id)}\``).join(', ')}`
	return [{ told, blocks: [section(`${told}. \`/plumb why &lt;id&gt;\` explains one.`)] }]
}
