import { withoutControls } from './text.ts'

/** Builds SVG as text. Attributes keep their order and numbers have at most two decimals, so equal pictures have equal bytes. */

export type Attributes = Record<string, string | number>

const entities: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
}

/** Text for SVG and HTML, in elements and in attributes. Characters that XML cannot hold become U+FFFD. */
export const escape = (text: string): string =>
	text
		.toWellFormed()
		.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
		.replace(/[&<>"']/g, (c) => entities[c] as string)

/** A coordinate in pixels: two decimals are more than enough. */
export const px = (value: number): string => String(Math.round(value * 100) / 100)

export function element(name: string, attributes: Attributes, ...children: string[]): string {
	const list = Object.entries(attributes).map(
		([key, value]) => ` ${key}="${typeof value === 'number' ? px(value) : escape(value)}"`,
	)
	return children.length === 0
		? `<${name}${list.join('')}/>`
		: `<${name}${list.join('')}>${children.join('')}</${name}>`
}

/** A line of text at (x, y). */
export const label = (x: number, y: number, text: string, attributes: Attributes = {}): string =>
	element('text', { x, y, ...attributes }, escape(withoutControls(text)))

export const line = (x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string =>
	element('line', { x1, y1, x2, y2, ...attributes })

/** A width below 0 is drawn as 0. */
export const rect = (x: number, y: number, width: number, height: number, attributes: Attributes): string =>
	element('rect', { ...attributes, x, y, width: Math.max(0, width), height: Math.max(0, height) })

export const path = (points: readonly (readonly [number, number])[], attributes: Attributes): string =>
	points.length === 0
		? ''
		: element('path', { ...attributes, d: `M${points.map(([x, y]) => `${px(x)} ${px(y)}`).join('L')}` })

export type Size = { width: number; height: number }

/** What a chart of a page shows, for screen readers. Ids are unique in the page. */
export type Caption = { id: string; title: string; description: string }

/** A chart inside a page, whose style sheet colours it by class. */
export function inlineChart(
	{ id, title, description }: Caption,
	{ width, height }: Size,
	body: string,
): string {
	return element(
		'svg',
		{
			role: 'img',
			viewBox: `0 0 ${px(width)} ${px(height)}`,
			'aria-labelledby': `${id}-t ${id}-d`,
			xmlns: 'http://www.w3.org/2000/svg',
		},
		element('title', { id: `${id}-t` }, escape(title)),
		element('desc', { id: `${id}-d` }, escape(description)),
		body,
	)
}

/** A picture of its own on a white ground, to be made a PNG. */
export function picture(
	{ width, height }: Size,
	title: string,
	description: string,
	...children: string[]
): string {
	return element(
		'svg',
		{
			xmlns: 'http://www.w3.org/2000/svg',
			width,
			height,
			viewBox: `0 0 ${width} ${height}`,
			role: 'img',
			'aria-labelledby': 'title desc',
			'font-family': "'DejaVu Sans', Verdana, sans-serif",
			'font-size': 13,
			fill: ink.text,
		},
		element('title', { id: 'title' }, escape(withoutControls(title))),
		element('desc', { id: 'desc' }, escape(withoutControls(description))),
		element('rect', { width, height, fill: '#ffffff' }),
		...children,
	)
}

/** Okabe and Ito's blue and vermilion, which colour-blind people can tell apart, and greys of enough contrast on white. */
export const ink = {
	text: '#1f2933',
	soft: '#52606d',
	rule: '#d5dbe1',
	up: '#d55e00',
	down: '#0072b2',
	total: '#3e4c59',
}
