import type { Space } from '../explain/model.ts'
import { tickText } from './number-text.ts'
import { type Scale, scaleToTicks } from './scale.ts'
import { element, escape, ink, label, line, px, type Size } from './svg.ts'

/** What contributions are measured in, as the label of an axis. */
export const units: Record<Space, string> = {
	'log-odds': 'log-odds',
	probability: 'probability',
	points: 'points',
	value: 'units of the score',
	log: 'log of the score',
}

export const smallText = 12

/** Vertical grid lines at the ticks of a scale, with their labels below. */
export const gridLines = (scale: Scale, top: number, bottom: number): string[] =>
	scale.ticks.flatMap((tick) => {
		const x = scale.at(tick)
		return [
			line(x, top, x, bottom, { stroke: ink.rule }),
			label(x, bottom + 18, tickText(tick, scale.step), {
				'font-size': smallText,
				'text-anchor': 'middle',
				fill: ink.soft,
			}),
		]
	})

export type Axis = {
	label: string
	range: readonly [number, number]
	format?: (value: number) => string
}

export type Box = { left: number; top: number; right: number; bottom: number }
export type Frame = { x: Scale; y: Scale; box: Box; size: Size; body: string }

const plain = (value: number): string =>
	Math.abs(value) >= 1e6 ? value.toExponential(0) : value.toLocaleString('en')

export const anchored = (
	content: string,
	x: number,
	y: number,
	anchor: 'start' | 'middle' | 'end',
	kind = 'tick',
): string => element('text', { class: kind, x, y, 'text-anchor': anchor }, escape(content))

/** The two axes of a chart of a page, with a grid at round numbers. */
export function frame(xAxis: Axis, yAxis: Axis, margin = { left: 58, top: 12 }): Frame {
	const size = { width: 420, height: 320 }
	const box = { left: margin.left, top: margin.top, right: size.width - 14, bottom: size.height - 46 }
	const x = scaleToTicks(xAxis.range, [box.left, box.right])
	const y = scaleToTicks(yAxis.range, [box.bottom, box.top])
	const middle = { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 }
	const parts = [
		...x.ticks.map((t) => ruled(x.at(t), box.top, x.at(t), box.bottom, 'grid')),
		...y.ticks.map((t) => ruled(box.left, y.at(t), box.right, y.at(t), 'grid')),
		...x.ticks.map((t) => anchored((xAxis.format ?? plain)(t), x.at(t), box.bottom + 16, 'middle')),
		...y.ticks.map((t) => anchored((yAxis.format ?? plain)(t), box.left - 6, y.at(t) + 4, 'end')),
		anchored(xAxis.label, middle.x, size.height - 8, 'middle', 'label'),
		element(
			'text',
			{ class: 'label', 'text-anchor': 'middle', transform: `translate(14 ${px(middle.y)}) rotate(-90)` },
			escape(yAxis.label),
		),
	]
	return { x, y, box, size, body: parts.join('') }
}

/** A line whose class gives its look. */
export const ruled = (x1: number, y1: number, x2: number, y2: number, kind: string): string =>
	element('line', { class: kind, x1, y1, x2, y2 })
