import { altText } from './alt-text.ts'
import { figure, linearScale, markText, type Scale, signedFigure } from './scale.ts'
import { type Step, stepsOf, totalText, units, type Waterfall } from './steps.ts'
import { coordinate, element, ink, label, line, picture } from './svg.ts'
import { fitText, textWidth } from './text.ts'

const width = 960
const edge = 24
const labels = { left: edge, right: 318 }
const plot = { left: 332, right: 806 }
const figures = { left: 816, right: width - edge }
const rowHeight = 30
const barHeight = 18
const headTop = { title: 40, subtitle: 64, legend: 92 }
const small = 12
const tipLength = 7
const minBar = 3

/**
 * From the base to the answer of the model, one step a feature: the largest first, all others in one. Sums and steps are
 * in the model's own space; where that is log-odds of a probability, a second scale has those.
 */
export function waterfallSvg(data: Waterfall): string {
	const steps = stepsOf(data)
	const sums = steps.flatMap((s) => [s.from, s.to])
	const cutOff = data.cutOff === undefined ? [] : [data.cutOff]
	const scale = linearScale([data.base, data.margin, ...sums, ...cutOff], plot.left, plot.right, 7)
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
	const second = edge + 46 + textWidth(raises, small)
	return [
		label(edge, headTop.title, fitText(title, 20, room, true), { 'font-size': 20, 'font-weight': 'bold' }),
		label(edge, headTop.subtitle, fitText(subtitle, 13, room), { fill: ink.soft }),
		arrow(edge, edge + 22, y, 12, ink.up),
		label(edge + 30, y + 4, raises, { 'font-size': small }),
		arrow(second + 22, second, y, 12, ink.down),
		label(second + 30, y + 4, 'lowers the score', { 'font-size': small }),
	]
}

/** A bar with a tip that says its direction without colour. */
function arrow(from: number, to: number, y: number, high: number, fill: string): string {
	const tip = Math.min(tipLength, Math.abs(to - from))
	const neck = to > from ? to - tip : to + tip
	const [above, below] = [y - high / 2, y + high / 2]
	const corners = [from, above, neck, above, to, y, neck, below, from, below]
	return element('polygon', { points: corners.map(coordinate).join(' '), fill })
}

function axis({ space }: Waterfall, scale: Scale, top: number, bottom: number): string[] {
	const marks = scale.marks.flatMap((mark) => {
		const x = scale.at(mark)
		return [
			line(x, top, x, bottom, { stroke: ink.rule }),
			label(x, bottom + 18, markText(mark, scale.step), {
				'font-size': small,
				'text-anchor': 'middle',
				fill: ink.soft,
			}),
		]
	})
	const unit = label(labels.right, bottom + 18, units[space], {
		'font-size': small,
		'text-anchor': 'end',
		fill: ink.soft,
	})
	return [...marks, line(plot.left, bottom, plot.right, bottom, { stroke: ink.soft }), unit]
}

// In the order in which they get a place: the middle, then the ends, then what lies between.
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
	const style = { 'font-size': small, fill: ink.soft }
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
		label(x, bottom + 36, 'cut-off', { 'font-size': small, 'text-anchor': 'middle' }),
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
		...sumRow('base (what is expected)', totalText(data, data.base), scale.at(data.base), middle(0)),
		...drawn,
		line(end, middle(steps.length), end, last, { stroke: ink.total, 'stroke-dasharray': '2 2' }),
		...sumRow('this decision', totalText(data, data.margin), end, last),
	]
}

/** A step too small to be seen keeps a tip; one of nothing is a dash across the line. */
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
			points: [x - 7, y, x, y - 7, x + 7, y, x, y + 7].map(coordinate).join(' '),
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

/** The name, and the value if it may be shown: each keeps a part of the room when both are long. */
function stepLabel({ name, value }: Step, y: number): string {
	const room = labels.right - labels.left
	const shown = value === undefined ? '' : ` = ${fitText(value, 13, room * 0.4)}`
	const text = fitText(name, 13, room - textWidth(shown, 13)) + shown
	return label(labels.right, y + 4, text, { 'text-anchor': 'end' })
}

const footer = ({ base, margin, space }: Waterfall, height: number): string =>
	label(edge, height - 16, `${figure(base)} and all steps add up to ${figure(margin)} ${units[space]}.`, {
		'font-size': small,
		fill: ink.soft,
	})
