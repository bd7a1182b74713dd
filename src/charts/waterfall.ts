import type { Space } from '../explain/model.ts'
import { gridLines, smallText, units } from './axes.ts'
import { figure, percentText, signedFigure } from './number-text.ts'
import { type Scale, scaleAround } from './scale.ts'
import { element, ink, label, line, picture, px } from './svg.ts'
import { fitCharacters, fitText, textWidth } from './text.ts'

/** What one feature adds. `value` is the text people read, absent where it may not be shown. */
export type Bar = { name: string; value?: string; contribution: number }

/** How a score came about: base + contributions = margin, all in `space`. */
export type Waterfall = {
	/** Names the decision and the score. */
	title: string
	/** Names the model and the prediction. */
	subtitle: string
	space: Space
	/** Whether the logistic function of a sum is a probability, as for log-odds of two classes. */
	isProbability: boolean
	base: number
	margin: number
	bars: readonly Bar[]
	/** The margin at which the decision changes. */
	cutOff?: number
	/** Features with a step of their own; the default is 10. */
	maxBars?: number
}

/** A step from one sum to the next. */
type Step = Bar & { from: number; to: number }

const defaultBars = 10

/**
 * The steps from the base to the margin, the largest first and equal ones in the order given. The other features are one
 * last step, which ends at the margin; a single feature is never "others".
 */
export function stepsOf({ base, margin, bars, maxBars = defaultBars }: Waterfall): Step[] {
	const sorted = [...bars].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
	const shown = sorted.length <= maxBars + 1 ? sorted : sorted.slice(0, maxBars)
	const others = sorted.length - shown.length
	let sum = base
	const steps = shown.map((bar) => {
		const from = sum
		sum += bar.contribution
		return { ...bar, from, to: sum }
	})
	if (others === 0) return steps
	return [...steps, { name: `${others} other features`, contribution: margin - sum, from: sum, to: margin }]
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x))

/** A sum as people read it: log-odds with their probability. */
const totalText = ({ isProbability }: Pick<Waterfall, 'isProbability'>, sum: number): string =>
	isProbability ? `${figure(sum)} (${percentText(logistic(sum))})` : figure(sum)

const width = 960
const edge = 24
const labels = { left: edge, right: 318 }
const plot = { left: 332, right: 806 }
const figures = { left: 816, right: width - edge }
const rowHeight = 30
const barHeight = 18
const headTop = { title: 40, subtitle: 64, legend: 92 }
const tipLength = 7
const minBar = 3

/**
 * Draws the steps from the base to the model's score. Sums and steps are in the model's own space; for log-odds a second
 * axis shows probabilities.
 */
export function waterfallSvg(data: Waterfall): string {
	const steps = stepsOf(data)
	const sums = steps.flatMap((s) => [s.from, s.to])
	const cutOff = data.cutOff === undefined ? [] : [data.cutOff]
	const scale = scaleAround([data.base, data.margin, ...sums, ...cutOff], [plot.left, plot.right], 7)
	const top = headTop.legend + (data.isProbability ? 54 : 26)
	const bottom = top + (steps.length + 2) * rowHeight
	const height = bottom + 76
	return picture(
		{ width, height },
		data.title,
		altText(data),
		...head(data),
		...(data.isProbability ? probabilityAxis(scale, top) : []),
		...axis(data, scale, top, bottom),
		...cutOffLine(data, scale, top, bottom),
		...rows(data, steps, scale, top),
		footer(data, height),
	)
}

function head({ title, subtitle }: Waterfall): string[] {
	const room = width - 2 * edge
	const y = headTop.legend
	const raises = 'raises the score'
	const second = edge + 46 + textWidth(raises, smallText)
	return [
		label(edge, headTop.title, fitText(title, 20, room, true), { 'font-size': 20, 'font-weight': 'bold' }),
		label(edge, headTop.subtitle, fitText(subtitle, 13, room), { fill: ink.soft }),
		arrow(edge, edge + 22, y, 12, ink.up),
		label(edge + 30, y + 4, raises, { 'font-size': smallText }),
		arrow(second + 22, second, y, 12, ink.down),
		label(second + 30, y + 4, 'lowers the score', { 'font-size': smallText }),
	]
}

/** A bar with a tip, which shows its direction without colour. */
function arrow(from: number, to: number, y: number, high: number, fill: string): string {
	const tip = Math.min(tipLength, Math.abs(to - from))
	const neck = to > from ? to - tip : to + tip
	const [above, below] = [y - high / 2, y + high / 2]
	const corners = [from, above, neck, above, to, y, neck, below, from, below]
	return element('polygon', { points: corners.map(px).join(' '), fill })
}

function axis({ space }: Waterfall, scale: Scale, top: number, bottom: number): string[] {
	const unit = label(labels.right, bottom + 18, units[space], {
		'font-size': smallText,
		'text-anchor': 'end',
		fill: ink.soft,
	})
	return [
		...gridLines(scale, top, bottom),
		line(plot.left, bottom, plot.right, bottom, { stroke: ink.soft }),
		unit,
	]
}

// In order of priority: the middle, then the ends, then those between.
const shares = [0.5, 0.1, 0.9, 0.01, 0.99, 0.001, 0.999, 0.25, 0.75, 0.05, 0.95, 0.02, 0.98, 0.4, 0.6]
const closeShares = Array.from({ length: 99 }, (_, i) => (i + 1) / 100)
const markRoom = 46

function probabilityAxis(scale: Scale, top: number): string[] {
	const y = top - 14
	const placed: { x: number; share: number }[] = []
	for (const share of [...shares, ...closeShares]) {
		const x = scale.at(Math.log(share / (1 - share)))
		if (x < plot.left + 16 || x > plot.right || placed.some((p) => Math.abs(p.x - x) < markRoom)) continue
		placed.push({ x, share })
	}
	const style = { 'font-size': smallText, fill: ink.soft }
	return [
		line(plot.left, top, plot.right, top, { stroke: ink.soft }),
		label(labels.right, y + 4, 'probability', { ...style, 'text-anchor': 'end' }),
		...placed.flatMap(({ x, share }) => [
			line(x, top - 5, x, top, { stroke: ink.soft }),
			label(x, y + 4, `${Number((100 * share).toPrecision(3))}%`, { ...style, 'text-anchor': 'middle' }),
		]),
	]
}

function cutOffLine({ cutOff }: Waterfall, scale: Scale, top: number, bottom: number): string[] {
	if (cutOff === undefined) return []
	const x = scale.at(cutOff)
	return [
		line(x, top, x, bottom + 5, { stroke: ink.text, 'stroke-dasharray': '5 4' }),
		label(x, bottom + 36, 'cut-off', { 'font-size': smallText, 'text-anchor': 'middle' }),
	]
}

function rows(data: Waterfall, steps: readonly Step[], scale: Scale, top: number): string[] {
	const middle = (row: number) => top + (row + 0.5) * rowHeight
	const drawn = steps.flatMap((step, i) => {
		const y = middle(i + 1)
		const from = scale.at(step.from)
		return [
			line(from, middle(i), from, y, { stroke: ink.total, 'stroke-dasharray': '2 2' }),
			...stepBar(step.contribution, from, scale.at(step.to), y),
			stepLabel(step, y),
			rowFigure(signedFigure(step.contribution), y),
		]
	})
	const last = middle(steps.length + 1)
	const end = scale.at(data.margin)
	return [
		...sumRow('base (expected score)', totalText(data, data.base), scale.at(data.base), middle(0)),
		...drawn,
		line(end, middle(steps.length), end, last, { stroke: ink.total, 'stroke-dasharray': '2 2' }),
		...sumRow('this decision', totalText(data, data.margin), end, last),
	]
}

/** A step too small to be seen keeps a tip; a step of 0 is a dash across the line. */
function stepBar(contribution: number, from: number, to: number, y: number): string[] {
	if (contribution === 0) return [line(from - 5, y, from + 5, y, { stroke: ink.total, 'stroke-width': 2 })]
	const isUp = contribution > 0
	const end = isUp ? Math.max(to, from + minBar) : Math.min(to, from - minBar)
	return [arrow(from, end, y, barHeight, isUp ? ink.up : ink.down)]
}

function sumRow(name: string, total: string, x: number, y: number): string[] {
	return [
		label(labels.right, y + 4, name, { 'text-anchor': 'end', 'font-weight': 'bold' }),
		element('polygon', {
			points: [x - 7, y, x, y - 7, x + 7, y, x, y + 7].map(px).join(' '),
			fill: ink.total,
		}),
		rowFigure(total, y, true),
	]
}

const rowFigure = (text: string, y: number, isBold = false): string =>
	label(figures.right, y + 4, fitText(text, 13, figures.right - figures.left, isBold), {
		'text-anchor': 'end',
		...(isBold ? { 'font-weight': 'bold' } : {}),
	})

/** The name, and the value if it may be shown. When both are long, each keeps a part of the room. */
function stepLabel({ name, value }: Step, y: number): string {
	const room = labels.right - labels.left
	const shown = value === undefined ? '' : ` = ${fitText(value, 13, room * 0.4)}`
	const text = fitText(name, 13, room - textWidth(shown, 13)) + shown
	return label(labels.right, y + 4, text, { 'text-anchor': 'end' })
}

const footer = ({ base, margin, space }: Waterfall, height: number): string =>
	label(edge, height - 16, `${figure(base)} and all steps add up to ${figure(margin)} ${units[space]}.`, {
		'font-size': smallText,
		fill: ink.soft,
	})

/** Slack's limit for the text of an image. */
export const maxAltText = 2000
const maxTitle = 300

/** Everything a waterfall shows, in words: at most 2,000 characters. */
export function altText(data: Waterfall): string {
	const { title, subtitle, base, margin, space, cutOff } = data
	const steps = stepsOf(data)
	const unit = ` ${units[space]}`
	const first = `${fitCharacters(title, maxTitle)}. ${fitCharacters(subtitle, maxTitle)}. From a base of ${totalText(data, base)}${unit}: `
	const last = `; in all ${totalText(data, margin)}${unit}${cutOff === undefined ? '' : `, against a cut-off of ${figure(cutOff)}`}.`
	const words = steps.map(({ name, value, contribution }) => {
		const of = value === undefined ? fitCharacters(name) : `${fitCharacters(name)} (${fitCharacters(value)})`
		return `${of} ${signedFigure(contribution)}`
	})
	let room = maxAltText - first.length - last.length - ', and 999 more'.length
	const kept = words.findIndex((word) => {
		room -= word.length + 2
		return room < 0
	})
	const text =
		kept === -1 ? words.join(', ') : `${words.slice(0, kept).join(', ')}, and ${words.length - kept} more`
	return `${first}${text || 'nothing was added'}${last}`
}
