import type { Space } from '../explain/model.ts'
import { figure, linearScale, markText, type Scale } from './scale.ts'
import { units } from './steps.ts'
import { element, ink, label, line, picture } from './svg.ts'
import { fitCharacters, fitText, oneLine } from './text.ts'

/** The contribution of a feature to one answer, and where its value stands among all, 0 to 1; null where values have no order. */
export type Point = { contribution: number; percentile: number | null }

/** How features move the answers of a model, over many rows. */
export type Beeswarm = {
	title: string
	subtitle: string
	space: Space
	/** Rows that were explained. */
	rows: number
	features: readonly { name: string; points: readonly Point[] }[]
	/** Features that are shown; the default is 20. */
	most?: number
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
const small = 12
const defaultMost = 20

type Row = { name: string; points: readonly Point[]; mean: number }

/** The features in the order of their mean absolute contribution; equal ones in the order given. */
function rowsOf({ features, most = defaultMost }: Beeswarm): Row[] {
	const rows = features.map(({ name, points }) => ({
		name: oneLine(name),
		points,
		mean: points.reduce((sum, p) => sum + Math.abs(p.contribution) / points.length, 0),
	}))
	return rows.sort((a, b) => b.mean - a.mean).slice(0, most)
}

/**
 * A line of dots for each feature, the most important first: a dot's place is what the feature adds to the answer, its
 * colour how high the value is. Where there are more rows than dots fit, a dot stands for several.
 */
export function beeswarmSvg(data: Beeswarm): string {
	const rows = rowsOf(data)
	let [low, high] = [0, 0]
	for (const { points } of rows)
		for (const { contribution } of points) {
			low = Math.min(low, contribution)
			high = Math.max(high, contribution)
		}
	const scale = linearScale([low, high], plot.left, plot.right, 7)
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

function head({ title, subtitle, rows, features, most = defaultMost }: Beeswarm): string[] {
	const room = width - 2 * edge
	const stops = [0, 0.5, 1].map((at) => element('stop', { offset: at, 'stop-color': colourOf(at) }))
	const of = features.length > most ? `, the first ${most} of ${features.length} features` : ''
	return [
		element('defs', {}, element('linearGradient', { id: 'values' }, ...stops)),
		label(edge, 40, fitText(title, 20, room, true), { 'font-size': 20, 'font-weight': 'bold' }),
		label(edge, 64, fitText(`${rows} rows${of}. ${subtitle}`, 13, room), { fill: ink.soft }),
		label(edge, 96, 'low value', { 'font-size': small }),
		element('rect', { x: 92, y: 86, width: 120, height: 12, fill: 'url(#values)' }),
		label(
			222,
			96,
			'high value; grey: values without an order. Where many rows fall together, a dot stands for several.',
			{ 'font-size': small },
		),
		label(figuresRight, top - 10, 'mean size', { 'font-size': small, 'text-anchor': 'end', fill: ink.soft }),
	]
}

function axis({ space }: Beeswarm, scale: Scale, bottom: number): string[] {
	const style = { 'font-size': small, fill: ink.soft }
	return [
		...scale.marks.flatMap((mark) => [
			line(scale.at(mark), top, scale.at(mark), bottom, { stroke: ink.rule }),
			label(scale.at(mark), bottom + 18, markText(mark, scale.step), { ...style, 'text-anchor': 'middle' }),
		]),
		line(scale.at(0), top, scale.at(0), bottom, { stroke: ink.soft }),
		line(plot.left, bottom, plot.right, bottom, { stroke: ink.soft }),
		label(
			(plot.left + plot.right) / 2,
			bottom + 38,
			`lowers the score  ←  ${units[space]}  →  raises the score`,
			{
				...style,
				'text-anchor': 'middle',
			},
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

/** Dots side by side along the line, piled up around it by how many rows fall into the same place, low values below. */
function swarm(points: readonly Point[], scale: Scale, y: number): string[] {
	const piles = new Map<number, (number | null)[]>()
	for (const { contribution, percentile } of points) {
		const place = Math.round(scale.at(contribution) / dot)
		const pile = piles.get(place)
		if (pile) pile.push(percentile)
		else piles.set(place, [percentile])
	}
	let highest = maxDots
	for (const pile of piles.values()) highest = Math.max(highest, pile.length)
	return [...piles]
		.sort(([a], [b]) => a - b)
		.flatMap(([place, pile]) => {
			const dots = Math.ceil((pile.length / highest) * maxDots)
			return groupsOf(pile, dots).map((percentile, i) =>
				element('circle', {
					cx: place * dot,
					cy: y + ((dots - 1) / 2 - i) * dot,
					r: dot / 2,
					fill: colourOf(percentile),
				}),
			)
		})
}

/** The mean percentile of equal parts of a pile, from the lowest up; what has none comes first. */
function groupsOf(pile: (number | null)[], parts: number): (number | null)[] {
	const sorted = pile.toSorted((a, b) => (a ?? -1) - (b ?? -1))
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

/** From blue by sand to vermilion. */
function colourOf(percentile: number | null): string {
	if (percentile === null) return noOrder
	const place = 2 * Math.min(1, Math.max(0, percentile))
	const from = Math.min(1, Math.floor(place))
	const parts = [0, 1, 2].map((i) => {
		const [a, b] = [ramp[from]?.[i] ?? 0, ramp[from + 1]?.[i] ?? 0]
		// In steps of four, so that dots of nearly the same colour are written the same.
		return Math.min(255, 4 * Math.round((a + (b - a) * (place - from)) / 4))
	})
	return `#${parts.map((p) => p.toString(16).padStart(2, '0')).join('')}`
}

/** What high values of a feature do, by how its contributions go along with them. */
function directionOf(points: readonly Point[]): string {
	const known = points.filter((p): p is { contribution: number; percentile: number } => p.percentile !== null)
	const mean = known.reduce((sum, p) => sum + p.contribution / known.length, 0)
	let [along, x2, y2] = [0, 0, 0]
	for (const { contribution, percentile } of known) {
		along += (percentile - 0.5) * (contribution - mean)
		x2 += (percentile - 0.5) ** 2
		y2 += (contribution - mean) ** 2
	}
	const correlation = along / Math.sqrt(x2 * y2)
	if (!(Math.abs(correlation) >= 0.3)) return ''
	return correlation > 0 ? ', high values raise the score' : ', high values lower the score'
}

const maxCharacters = 2000

/** All that the picture shows, in words: at most 2,000 characters. */
export function beeswarmText(data: Beeswarm): string {
	const { title, subtitle, rows, space } = data
	const words = rowsOf(data).map(
		({ name, points, mean }) => `${fitCharacters(name)} ${figure(mean)}${directionOf(points)}`,
	)
	const head = `${fitCharacters(title, 300)}. ${rows} rows. ${fitCharacters(subtitle, 300)}. Mean size of contributions, in ${units[space]}: `
	const kept: string[] = []
	let room = maxCharacters - head.length - 1
	for (const word of words) {
		room -= word.length + 2
		if (room < 0) break
		kept.push(word)
	}
	return `${head}${kept.join('; ')}.`
}
