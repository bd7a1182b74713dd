import { linearScale, type Scale } from './scale.ts'

const entities: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
}

/** Text for HTML and SVG, in elements and in attributes. Characters that no XML may hold become U+FFFD. */
export const escape = (text: string): string =>
	text
		.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
		.replace(/[&<>"']/g, (c) => entities[c] as string)

/** A text that fits, its end cut off. */
export const cut = (text: string, most: number): string =>
	text.length <= most ? text : `${text.slice(0, most - 1)}…`

/** Two decimals of a pixel are more than enough. */
export const px = (x: number): string => String(Math.round(x * 100) / 100)

/** What a picture shows, for those who do not see it. */
export type Caption = { id: string; title: string; description: string }

export function svg(
	{ id, title, description }: Caption,
	{ width, height }: { width: number; height: number },
	body: string,
): string {
	return `<svg role="img" viewBox="0 0 ${px(width)} ${px(height)}" aria-labelledby="${id}-t ${id}-d" xmlns="http://www.w3.org/2000/svg"><title id="${id}-t">${escape(title)}</title><desc id="${id}-d">${escape(description)}</desc>${body}</svg>`
}

export type Axis = {
	label: string
	range: readonly [number, number]
	format?: (value: number) => string
	ticks?: number
}

export type Box = { left: number; top: number; right: number; bottom: number }
export type Frame = { x: Scale; y: Scale; box: Box; size: { width: number; height: number }; body: string }

const plain = (value: number): string =>
	Math.abs(value) >= 1e6 ? value.toExponential(0) : value.toLocaleString('en')

/** The axes of a chart, with a grid at round numbers. */
export function frame(
	xAxis: Axis,
	yAxis: Axis,
	size = { width: 420, height: 320 },
	margin = { left: 58, top: 12, right: 14, bottom: 46 },
): Frame {
	const box = {
		left: margin.left,
		top: margin.top,
		right: size.width - margin.right,
		bottom: size.height - margin.bottom,
	}
	const x = linearScale(xAxis.range, [box.left, box.right], xAxis.ticks)
	const y = linearScale(yAxis.range, [box.bottom, box.top], yAxis.ticks)
	const grid = [
		...x.ticks.map((t) => line({ x1: x.at(t), y1: box.top, x2: x.at(t), y2: box.bottom }, 'grid')),
		...y.ticks.map((t) => line({ x1: box.left, y1: y.at(t), x2: box.right, y2: y.at(t) }, 'grid')),
	]
	const labels = [
		...x.ticks.map((t) => text((xAxis.format ?? plain)(t), x.at(t), box.bottom + 16, 'middle')),
		...y.ticks.map((t) => text((yAxis.format ?? plain)(t), box.left - 6, y.at(t) + 4, 'end')),
		text(xAxis.label, (box.left + box.right) / 2, size.height - 8, 'middle', 'label'),
		`<text class="label" text-anchor="middle" transform="translate(14 ${px((box.top + box.bottom) / 2)}) rotate(-90)">${escape(yAxis.label)}</text>`,
	]
	return { x, y, box, size, body: [...grid, ...labels].join('') }
}

type Ends = { x1: number; y1: number; x2: number; y2: number }
export const line = ({ x1, y1, x2, y2 }: Ends, kind: string): string =>
	`<line class="${kind}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`

export const text = (
	content: string,
	x: number,
	y: number,
	anchor: 'start' | 'middle' | 'end',
	kind = 'tick',
): string =>
	`<text class="${kind}" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${escape(content)}</text>`

export const rect = (x: number, y: number, width: number, height: number, kind: string): string =>
	`<rect class="${kind}" x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(Math.max(0, height))}"/>`

export const path = (points: readonly (readonly [number, number])[], kind: string): string =>
	points.length === 0
		? ''
		: `<path class="${kind}" d="M${points.map(([x, y]) => `${px(x)} ${px(y)}`).join('L')}"/>`

/** Names of series with their colours, above the plot. */
export const legend = (names: readonly { name: string; kind: string }[], left: number, top: number): string =>
	names
		.map(({ name, kind }, i) => {
			const x = left + i * 130
			return rect(x, top - 9, 12, 10, kind) + text(cut(name, 18), x + 17, top, 'start')
		})
		.join('')

/** Bars on one line, each at its place: `share` of the height. */
export const linearBars = (
	bars: readonly { at: number; share: number }[],
	{ bottom, height, width }: { bottom: number; height: number; width: number },
): string =>
	bars
		.map(({ at, share }) =>
			rect(at - width / 2, bottom - Math.max(1, share * height), width, Math.max(1, share * height), 'bar a'),
		)
		.join('')
