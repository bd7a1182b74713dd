import type PDFDocument from 'pdfkit'
import { oneLine } from '../../../charts/text.ts'

// Text is written glyph by glyph: pdfkit's own text shapes each word anew, which takes most of the time of a long table.

/** What pdfkit knows of an embedded font; its types leave it out. */
type Embedded = {
	id: string
	scale: number
	ascender: number
	font: {
		glyphForCodePoint(code: number): { id: number; advanceWidth: number; path: { toSVG(): string } }
	}
	subset: { includeGlyph(id: number): number }
	widths: number[]
	unicode: number[][]
	ref(): unknown
}
type Internal = typeof PDFDocument.prototype & {
	_font: Embedded
	page: { fonts: Record<string, unknown>; height: number }
}
type Glyph = { hex: string; advance: number }

/** A piece of a line in one font, from left to right. */
type Run = { kind: 'plain' | 'shaped' | 'missing'; font: number; text: string }

// Scripts whose letters join, stack or run from right to left are shaped; all others have a glyph for each character.
const shaped =
	/\p{M}|\u200c|\u200d|[\u0590-\u08ff\u0900-\u0dff\u0e00-\u109f\u1780-\u1cff]|[\ufb1d-\ufdff\ufe70-\ufefc]/u
const joiners = /\u200c|\u200d|[\ufe00-\ufe0f]/gu
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u
const leftToRight = /[\p{L}\p{N}]/u
const replacement = '\ufffd'
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const lengthOf = (text: string): number => [...graphemes.segment(text)].length

/** Fonts for one weight, the first that has a character first. */
export class Typeface {
	private readonly document: Internal
	private readonly names: readonly string[]
	private readonly fonts: Embedded[]
	private readonly glyphs: Map<number, Glyph | null>[]

	/** `names` are registered with the document. */
	constructor(document: typeof PDFDocument.prototype, names: readonly string[]) {
		this.document = document as Internal
		this.names = names
		this.fonts = names.map((name) => {
			document.font(name)
			return this.document._font
		})
		this.glyphs = names.map(() => new Map())
	}

	/** How wide a text is, in the unit of `size`. */
	width(text: string, size: number): number {
		let sum = 0
		for (const run of this.runsOf(text)) sum += this.runWidth(run, size)
		return sum
	}

	/** Writes a line whose baseline is `y` below the top of the page. Returns its width. */
	write(text: string, x: number, y: number, size: number, color: string): number {
		let at = x
		for (const run of visualOrder(this.runsOf(text))) {
			const width = this.runWidth(run, size)
			if (run.kind === 'plain') this.writePlain(run, at, y, size, color)
			else this.writeMarked(run, at, y, size, color)
			at += width
		}
		return at - x
	}

	/** A text in glyphs of the first font, for content that is written elsewhere than on a page. */
	encoded(text: string): { hex: string; font: Embedded } {
		return { hex: this.hexOf({ kind: 'plain', font: 0, text }), font: this.fonts[0] as Embedded }
	}

	/** Fills the outlines of a text around the origin. */
	outline(pdf: typeof PDFDocument.prototype, text: string, size: number, color: string): void {
		const { font, scale } = this.fonts[0] as Embedded
		const factor = (size * scale) / 1000
		pdf.translate(-this.width(text, size) / 2, size / 3).scale(factor, -factor)
		for (const character of text) {
			const glyph = font.glyphForCodePoint(character.codePointAt(0) as number)
			pdf.path(glyph.path.toSVG()).fill(color)
			pdf.translate(glyph.advanceWidth, 0)
		}
	}

	private glyph(font: number, code: number): Glyph | null {
		const known = (this.glyphs[font] as Map<number, Glyph | null>).get(code)
		if (known !== undefined) return known
		const embedded = this.fonts[font] as Embedded
		const { id, advanceWidth } = embedded.font.glyphForCodePoint(code)
		let glyph: Glyph | null = null
		if (id !== 0) {
			const index = embedded.subset.includeGlyph(id)
			const advance = advanceWidth * embedded.scale
			embedded.widths[index] ??= advance
			embedded.unicode[index] ??= [code]
			glyph = { hex: index.toString(16).padStart(4, '0'), advance }
		}
		;(this.glyphs[font] as Map<number, Glyph | null>).set(code, glyph)
		return glyph
	}

	private fontOf(unit: string): number {
		const codes = [...unit.replace(joiners, '')].map((character) => character.codePointAt(0) as number)
		return this.fonts.findIndex((_, font) => codes.every((code) => this.glyph(font, code) !== null))
	}

	private runsOf(text: string): Run[] {
		const runs: Run[] = []
		let last: Run | undefined
		// A letter and its marks stay together.
		const units = shaped.test(text) ? [...graphemes.segment(text)].map((s) => s.segment) : text
		for (const unit of units) {
			const font = this.fontOf(unit)
			const kind = font < 0 ? 'missing' : shaped.test(unit) ? 'shaped' : 'plain'
			if (last && last.kind === kind && last.font === font) last.text += unit
			else {
				last = { kind, font, text: unit }
				runs.push(last)
			}
		}
		return runs
	}

	private runWidth({ kind, font, text }: Run, size: number): number {
		if (kind === 'missing') return (lengthOf(text) * this.advance(replacement) * size) / 1000
		if (kind === 'shaped')
			return this.document
				.font(this.names[font] as string)
				.fontSize(size)
				.widthOfString(text)
		let sum = 0
		for (const character of text) sum += this.glyph(font, character.codePointAt(0) as number)?.advance ?? 0
		return (sum * size) / 1000
	}

	private advance(character: string): number {
		return this.glyph(0, character.codePointAt(0) as number)?.advance ?? 0
	}

	private hexOf({ font, text }: Run): string {
		let hex = ''
		for (const character of text) hex += this.glyph(font, character.codePointAt(0) as number)?.hex ?? ''
		return hex
	}

	private writePlain(run: Run, x: number, y: number, size: number, color: string): void {
		const { document } = this
		const font = this.fonts[run.font] as Embedded
		document.page.fonts[font.id] ??= font.ref()
		const n = (value: number) => String(Math.round(value * 1000) / 1000)
		// The page is upside down for pdfkit, so that y grows downward; text is not.
		document.addContent(
			`${fillOf(color)} BT /${font.id} ${n(size)} Tf 1 0 0 -1 ${n(x)} ${n(y)} Tm <${this.hexOf(run)}> Tj ET`,
		)
	}

	/** What is drawn differs from the text in order or in characters, so that the text is given beside it; readers turn round
	 * what runs from right to left themselves. */
	private writeMarked(run: Run, x: number, y: number, size: number, color: string): void {
		const { document } = this
		const isMarked = !rightToLeft.test(run.text)
		if (isMarked) document.markContent('Span', { actual: run.text })
		if (run.kind === 'missing')
			this.writePlain(
				{ kind: 'plain', font: 0, text: replacement.repeat(lengthOf(run.text)) },
				x,
				y,
				size,
				color,
			)
		else {
			const font = this.fonts[run.font] as Embedded
			document
				.font(this.names[run.font] as string)
				.fontSize(size)
				.fillColor(color)
				.text(run.text, x, y - (font.ascender * size) / 1000, { lineBreak: false })
		}
		if (isMarked) document.endMarkedContent()
	}
}

/** `#1f2933` as an operator. */
const fillOf = (color: string): string =>
	`${[1, 3, 5].map((i) => Math.round((Number.parseInt(color.slice(i, i + 2), 16) / 255) * 1000) / 1000).join(' ')} rg`

/** Words that run from right to left stand in that order, unless words of another script come between them. */
function visualOrder(runs: Run[]): Run[] {
	const isRight = (run: Run) => rightToLeft.test(run.text)
	if (!runs.some(isRight)) return runs
	const ordered: Run[] = []
	for (let i = 0; i < runs.length; i++) {
		if (!isRight(runs[i] as Run)) {
			ordered.push(runs[i] as Run)
			continue
		}
		let end = i
		for (let j = i + 1; j < runs.length; j++) {
			if (isRight(runs[j] as Run)) end = j
			else if (leftToRight.test((runs[j] as Run).text)) break
		}
		ordered.push(...runs.slice(i, end + 1).reverse())
		i = end
	}
	return ordered
}

// A long word is divided after these where possible.
const seam = /(?<=[/._\-:@,;=&])/

/** The lines of a text in a column; words that are wider than it are divided. */
export function linesOf(face: Typeface, text: string, size: number, width: number): string[] {
	const blank = face.width(' ', size)
	const lines: string[] = []
	let line = ''
	let used = 0
	const take = (piece: string, pieceWidth: number, gap: number) => {
		if (line !== '' && used + gap + pieceWidth > width) {
			lines.push(line)
			line = piece
			used = pieceWidth
		} else {
			line += gap > 0 && line !== '' ? ` ${piece}` : piece
			used += (line === piece ? 0 : gap) + pieceWidth
		}
	}
	for (const word of oneLine(text).split(' ')) {
		const wordWidth = face.width(word, size)
		if (wordWidth <= width) take(word, wordWidth, blank)
		else
			piecesOf(face, word, size, width).forEach((piece, i) => {
				take(piece, face.width(piece, size), i === 0 ? blank : 0)
			})
	}
	if (line !== '' || lines.length === 0) lines.push(line)
	return lines
}

function piecesOf(face: Typeface, word: string, size: number, width: number): string[] {
	return word.split(seam).flatMap((part) => {
		if (face.width(part, size) <= width) return [part]
		const pieces: string[] = []
		let piece = ''
		let used = 0
		for (const { segment } of graphemes.segment(part)) {
			const more = face.width(segment, size)
			if (piece !== '' && used + more > width) {
				pieces.push(piece)
				piece = ''
				used = 0
			}
			piece += segment
			used += more
		}
		return [...pieces, piece]
	})
}
