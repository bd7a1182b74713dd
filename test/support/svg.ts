import { textWidth } from '../../src/charts/text.ts'

type Box = { left: number; right: number; top: number; bottom: number }

const attribute = (tag: string, name: string): string | undefined =>
	new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1]
const number = (tag: string, name: string): number => Number(attribute(tag, name) ?? Number.NaN)

/** The opening tags of one name. */
export const childrenOf = (svg: string, name: string): string[] =>
	svg.match(new RegExp(`<${name}\\b[^>]*>`, 'g')) ?? []

const unescape = (text: string): string =>
	text.replace(
		/&(lt|gt|quot|#39|amp);/g,
		(_, name: string) => ({ lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' })[name] ?? '',
	)

/** Where texts, lines, polygons and dots of one of our pictures are, as far as their numbers say. */
export function boxesOf(svg: string): { width: number; height: number; boxes: Box[] } {
	const root = childrenOf(svg, 'svg')[0] ?? ''
	const boxes: Box[] = []
	for (const [, tag = '', content = ''] of svg.matchAll(/(<text[^>]*>)([^<]*)<\/text>/g)) {
		const size = number(tag, 'font-size') || 13
		const wide = textWidth(unescape(content), size, tag.includes('bold'))
		const anchor = attribute(tag, 'text-anchor') ?? 'start'
		const left = number(tag, 'x') - (anchor === 'end' ? wide : anchor === 'middle' ? wide / 2 : 0)
		boxes.push({ left, right: left + wide, top: number(tag, 'y') - size, bottom: number(tag, 'y') })
	}
	for (const tag of childrenOf(svg, 'line'))
		boxes.push(boxOf([number(tag, 'x1'), number(tag, 'y1'), number(tag, 'x2'), number(tag, 'y2')]))
	for (const tag of childrenOf(svg, 'polygon'))
		boxes.push(boxOf((attribute(tag, 'points') ?? '').split(' ').map(Number)))
	for (const tag of childrenOf(svg, 'circle')) boxes.push(boxOf([number(tag, 'cx'), number(tag, 'cy')]))
	return { width: number(root, 'width'), height: number(root, 'height'), boxes }
}

function boxOf(pairs: number[]): Box {
	const xs = pairs.filter((_, i) => i % 2 === 0)
	const ys = pairs.filter((_, i) => i % 2 === 1)
	return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) }
}

/** Whether every tag is closed in order, every `&` is one of the known references, and no character is outside XML. */
export function isWellFormed(svg: string): boolean {
	const open: string[] = []
	const rest = svg.replace(
		/<(\/?)([\w-]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g,
		(_, closes: string, name: string, __, empty: string) => {
			if (closes) {
				if (open.pop() !== name) open.push('wrong', name)
			} else if (!empty) open.push(name)
			return ''
		},
	)
	return (
		open.length === 0 &&
		!/[<>]|&(?!(amp|lt|gt|quot|#39);)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(rest) &&
		svg.isWellFormed()
	)
}
