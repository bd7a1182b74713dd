import type { Sheets } from './sheets.ts'

// Draws the pictures of the charts kit as vectors: the elements and attributes that it uses, not SVG in general.

type Attributes = Record<string, string>

const elementPattern = /<(rect|line|path|circle|text)((?:\s[\w-]+="[^"]*")*)\s*(?:\/>|>([^<]*)<\/text>)/g
const attributePattern = /([\w-]+)="([^"]*)"/g
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

const unescaped = (text: string): string =>
	text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] as string)

const attributesOf = (text: string): Attributes =>
	Object.fromEntries(
		[...text.matchAll(attributePattern)].map(([, name, value]) => [
			name as string,
			unescaped(value as string),
		]),
	)

/** The width and height of a picture. */
export function sizeOf(svg: string): { width: number; height: number } {
	const { width, height } = attributesOf(/<svg([^>]*)>/.exec(svg)?.[1] ?? '')
	return { width: Number(width), height: Number(height) }
}

/** Draws a picture at a point, `scale` times its size. */
export function drawSvg(sheets: Sheets, svg: string, x: number, y: number, scale: number): void {
	const { pdf } = sheets
	for (const [, name, attributes, content] of svg.matchAll(elementPattern)) {
		const a = attributesOf(attributes as string)
		// The ground of a picture: the page is white, and its marks are not to be covered.
		if (name === 'rect' && a.x === undefined) continue
		if (name === 'text') drawText(sheets, a, unescaped(content ?? ''), x, y, scale)
		else {
			pdf.save()
			pdf.translate(x, y).scale(scale)
			outline(sheets, name as string, a)
			paint(sheets, a)
			pdf.restore()
		}
	}
}

const n = (a: Attributes, name: string): number => Number(a[name] ?? 0)

function outline({ pdf }: Sheets, name: string, a: Attributes): void {
	if (name === 'rect') pdf.rect(n(a, 'x'), n(a, 'y'), n(a, 'width'), n(a, 'height'))
	else if (name === 'line') pdf.moveTo(n(a, 'x1'), n(a, 'y1')).lineTo(n(a, 'x2'), n(a, 'y2'))
	else if (name === 'circle') pdf.circle(n(a, 'cx'), n(a, 'cy'), n(a, 'r'))
	else pdf.path(a.d ?? '')
}

function paint({ pdf }: Sheets, a: Attributes): void {
	const fill = a.fill ?? (a.stroke === undefined ? '#000000' : 'none')
	if (a.stroke !== undefined) {
		pdf.lineWidth(Number(a['stroke-width'] ?? 1))
		const dashes = a['stroke-dasharray']?.split(/[ ,]+/).map(Number)
		if (dashes) pdf.dash(dashes[0] as number, { space: dashes[1] ?? (dashes[0] as number) })
		pdf.strokeColor(a.stroke, Number(a['stroke-opacity'] ?? 1))
	}
	if (fill !== 'none') pdf.fillColor(fill, Number(a['fill-opacity'] ?? 1))
	if (fill !== 'none' && a.stroke !== undefined) pdf.fillAndStroke()
	else if (a.stroke !== undefined) pdf.stroke()
	else pdf.fill()
}

function drawText(sheets: Sheets, a: Attributes, text: string, x: number, y: number, scale: number): void {
	const face = a['font-weight'] === 'bold' ? sheets.bold : sheets.regular
	const size = Number(a['font-size'] ?? 13) * scale
	const width = face.width(text, size)
	const shift = a['text-anchor'] === 'end' ? width : a['text-anchor'] === 'middle' ? width / 2 : 0
	face.write(text, x + n(a, 'x') * scale - shift, y + n(a, 'y') * scale, size, a.fill ?? '#1f2933')
}
