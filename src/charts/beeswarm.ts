import { groupBy } from '../core/maps.ts'
import type { Space } from '../explain/model.ts'
import { gridLines, smallText, units } from './axes.ts'
import { figure } from './number-text.ts'
import { type Scale, scaleAround } from './scale.ts'
import { element, ink, label, line, picture } from './svg.ts'
import { fitCharacters, fitText, oneLine } from './text.ts'
import { maxAltText } from './waterfall.ts'

/** A feature's contribution to one score, and the percentile of its value from 0 to 1; null where values have no order. */
export type Point = { contribution: number; percentile: number | null }

/** How features move a model's scores, over many rows. */
export type Beeswarm = {
	title: string
	subtitle: string
	space: Space
	/** The number of rows that were explained. */
	rows: number
	features: readonly { name: string; points: readonly Point[] }[]
	/** Features that are shown; the default is 20. */
	maxFeatures?: number
}

const width = 960
const edge = 24
const labels = { left: edge, right: 258 }
const plot = { left: 276, right: 826 }
const figuresRight = width - edge
const top = 132
const rowHeight = 40
const dot = 6
const maxDots = 6
const defaultFeatures = 20

type Row = { name: string; points: readonly Point[]; mean: number }

/** The features by mean absolute contribution, the largest first; equal ones in the order given. */
function rowsOf({ features, maxFeatures = defaultFeatures }: Beeswarm): Row[] {
	const rows = features.map(({ name, points }) => ({
		name: oneLine(name),
		points,
		mean: points.reduce((sum, p) => sum + Math.abs(p.contribution) / points.length, 0),
	}))
	return rows.sort((a, b) => b.mean - a.mean).slice(0, maxFeatures)
}

/**
 * Draws a row of dots for each feature, the most important first. A dot's position is what the feature adds to the score, its
 * colour how high the value is. Where more rows coincide than dots fit, a dot stands for several.
 */
export function beeswarmSvg(data: Beeswarm): string {
	const rows = rowsOf(data)
	let [low, high] = [0, 0]
	for (const { points } of rows)
		for (const { contribution } of points) {
			low = Math.min(low, contribution)
			high = Math.max(high, contribution)
		}
	const scale = scaleAround([low, high], [plot.left, plot.right], 7)
	const bottom = top + Math.max(1, rows.length) * rowHeight
	const height = bottom + 52
	return picture(
		{ width, height },
		data.title,
		beeswarmText(data),
		...head(data),
		...axis(data, scale, bottom),
		...rows.flatMap((row, i) => drawRow(row, scale, top + (i + 0.5) * rowHeight)),
	)
}

function head({ title, subtitle, rows, features, maxFeatures = defaultFeatures }: Beeswarm): string[] {
	const room = width - 2 * edge
	const stops = [0, 0.5, 1].map((at) => element('stop', { offset: at, 'stop-color': colourOf(at) }))
	const of = features.length > maxFeatures ? `, the first ${maxFeatures} of ${features.length} features` : ''
	return [
		element('defs', {}, element('linearGradient', { id: 'values' }, ...stops)),
		label(edge, 40, fitText(title, 20, room, true), { 'font-size': 20, 'font-weight': 'bold' }),
		label(edge, 64, fitText(`${rows} rows${of}. ${subtitle}`, 13, room), { fill: ink.soft }),
		label(edge, 96, 'low value', { 'font-size': smallText }),
		element('rect', { x: 92, y: 86, width: 120, height: 12, fill: 'url(#values)' }),
		label(
			222,
			96,
			'high value; grey: values without an order. Where many rows fall together, a dot stands for several.',
			{ 'font-size': smallText },
		),
		label(figuresRight, top - 10, 'mean size', {
			'font-size': smallText,
			'text-anchor': 'end',
			fill: ink.soft,
		}),
	]
}

function axis({ space }: Beeswarm, scale: Scale, bottom: number): string[] {
	return [
		...gridLines(scale, top, bottom),
		line(scale.at(0), top, scale.at(0), bottom, { stroke: ink.soft }),
		line(plot.left, bottom, plot.right, bottom, { stroke: ink.soft }),
		label(
			(plot.left + plot.right) / 2,
			bottom + 38,
			`lowers the score  ←  ${units[space]}  →  raises the score`,
			{ 'font-size': smallText, fill: ink.soft, 'text-anchor': 'middle' },
		),
	]
}

function drawRow({ name, points, mean }: Row, scale: Scale, y: number): string[] {
	return [
		label(labels.right, y + 4, fitText(name, 13, labels.right - labels.left), { 'text-anchor': 'end' }),
		...swarm(points, scale, y),
		label(figuresRight, y + 4, figure(mean), { 'text-anchor': 'end' }),
	]
}

/** Dots along the line, stacked around it where rows coincide, with low values at the bottom. */
function swarm(points: readonly Point[], scale: Scale, y: number): string[] {
	const stacks = groupBy(points, ({ contribution }) => Math.round(scale.at(contribution) / dot))
	let highest = maxDots
	for (const stack of stacks.values()) highest = Math.max(highest, stack.length)
	return [...stacks]
		.sort(([a], [b]) => a - b)
		.flatMap(([column, stack]) => {
			const dots = Math.ceil((stack.length / highest) * maxDots)
			return meanPercentiles(stack, dots).map((percentile, i) =>
				element('circle', {
					cx: column * dot,
					cy: y + ((dots - 1) / 2 - i) * dot,
					r: dot / 2,
					fill: colourOf(percentile),
				}),
			)
		})
}

/** The mean percentile of equal parts of a stack, the lowest first; points without one come before them. */
function meanPercentiles(stack: readonly Point[], parts: number): (number | null)[] {
	const sorted = stack.map((p) => p.percentile).sort((a, b) => (a ?? -1) - (b ?? -1))
	return Array.from({ length: parts }, (_, i) => {
		const from = Math.floor((i * sorted.length) / parts)
		const to = Math.max(from + 1, Math.floor(((i + 1) * sorted.length) / parts))
		const known = sorted.slice(from, to).filter((p) => p !== null)
		return known.length === 0 ? null : known.reduce((sum, p) => sum + p, 0) / known.length
	})
}

const ramp = [
	[0x00, 0x72, 0xb2],
	[0xe3, 0xdc, 0xc8],
	[0xd5, 0x5e, 0x00],
] as const
const noOrder = '#9aa5b1'

/** From blue through sand to vermilion. */
function colourOf(percentile: number | null): string {
	if (percentile === null) return noOrder
	const position = 2 * Math.min(1, Math.max(0, percentile))
	const from = Math.min(1, Math.floor(position))
	const parts = [0, 1, 2].map((i) => {
		const [a, b] = [ramp[from]?.[i] ?? 0, ramp[from + 1]?.[i] ?? 0]
		// In steps of four, so that dots of nearly the same colour have the same text.
		return Math.min(255, 4 * Math.round((a + (b - a) * (position - from)) / 4))
	})
	return `#${parts.map((p) => p.toString(16).padStart(2, '0')).join('')}`
}

/** What high values of a feature do, by the correlation of percentile and contribution. */
function directionOf(points: readonly Point[]): string {
	const known = points.filter((p): p is { contribution: number; percentile: number } => p.percentile !== null)
	const mean = known.reduce((sum, p) => sum + p.contribution / known.length, 0)
	let [xy, x2, y2] = [0, 0, 0]
	for (const { contribution, percentile } of known) {
		xy += (percentile - 0.5) * (contribution - mean)
		x2 += (percentile - 0.5) ** 2
		y2 += (contribution - mean) ** 2
	}
	const correlation = xy / Math.sqrt(x2 * y2)
	if (!(Math.abs(correlation) >= 0.3)) return ''
	return correlation > 0 ? ', high values raise the score' : ', high values lower the score'
}

/** Everything the picture shows, in words: at most 2,000 characters. */
export function beeswarmText(data: Beeswarm): string {
	const { title, subtitle, rows, space } = data
	const words = rowsOf(data).map(
		({ name, points, mean }) => `${fitCharacters(name)} ${figure(mean)}${directionOf(points)}`,
	)
	const head = `${fitCharacters(title, 300)}. ${rows} rows. ${fitCharacters(subtitle, 300)}. Mean size of contributions, in ${units[space]}: `
	const kept: string[] = []
	let room = maxAltText - head.length - 1
	for (const word of words) {
		room -= word.length + 2
		if (room < 0) break
		kept.push(word)
	}
	return `${head}${kept.join('; ')}.`
}
