/** Builds SVG as text: attributes in the order given, numbers with at most two decimals, so the same picture has the same bytes. */

export type Attributes = Record<string, string | number>

const escapes: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
}

const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** A text as XML can hold it: what it cannot hold at all is left out. */
const escapeXml = (text: string): string =>
	text
		.toWellFormed()
		.replace(forbidden, '')
		.replace(/[&<>"']/g, (c) => escapes[c] as string)

/** A coordinate. Adding 0 turns -0 into 0. */
export const coordinate = (value: number): string => String(Math.round(value * 100) / 100 + 0)

export function element(name: string, attributes: Attributes, ...children: string[]): string {
	const list = Object.entries(attributes).map(
		([key, value]) => ` ${key}="${typeof value === 'number' ? coordinate(value) : escapeXml(value)}"`,
	)
	return children.length === 0
		? `<${name}${list.join('')}/>`
		: `<${name}${list.join('')}>${children.join('')}</${name}>`
}

/** A text of one line at (x, y); the attributes say the rest. */
export const label = (x: number, y: number, text: string, attributes: Attributes = {}): string =>
	element('text', { x, y, ...attributes }, escapeXml(text))

export const line = (x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string =>
	element('line', { x1, y1, x2, y2, ...attributes })

/** A whole picture on a white ground, with what screen readers say of it. */
export function picture(
	size: { width: number; height: number },
	title: string,
	description: string,
	...children: string[]
): string {
	const { width, height } = size
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
		element('title', { id: 'title' }, escapeXml(title)),
		element('desc', { id: 'desc' }, escapeXml(description)),
		element('rect', { width, height, fill: '#ffffff' }),
		...children,
	)
}

/** Okabe and Ito's blue and vermilion, which nearly all people tell apart, and greys of enough contrast on white. */
export const ink = {
	text: '#1f2933',
	soft: '#52606d',
	rule: '#d5dbe1',
	up: '#d55e00',
	down: '#0072b2',
	total: '#3e4c59',
}
