import PDFDocument from 'pdfkit'
import { escape } from '../../../charts/svg.ts'
import { linesOf, Typeface } from './typeface.ts'

/** A structure element. pdfkit's types leave out what marks content. */
export type Element = {
	add(child: unknown): Element
	end(): void
}
type Reference = { data: Record<string, unknown>; write(chunk: string): void; end(chunk?: string): void }
type Pdf = typeof PDFDocument.prototype & {
	metadata: unknown
	markStructureContent(tag: string): unknown
	page: { xobjects: Record<string, unknown>; width: number; height: number }
	ref(data: Record<string, unknown>): Reference
	appendXML(xml: string): void
	_addInfo(): void
}

export type Layout = 'portrait' | 'landscape'

export const color = {
	text: '#1f2933',
	soft: '#52606d',
	rule: '#c5cdd5',
	panel: '#eef1f4',
	link: '#0a4fa8',
	warn: '#a63603',
	mark: '#f8efeb',
}

/** A4 in points. */
const short = 595.28
const long = 841.89
const margin = { x: 48, top: 62, bottom: 56 }

export type SheetsOptions = {
	title: string
	/** In the head of each page. */
	head: string
	/** Shown on each page. */
	draft: string | undefined
	author: string
	keywords: string
	/** Files: one of DejaVu Sans, and more for characters that it does not have. */
	fonts: { regular: readonly string[]; bold: readonly string[] }
}

/** Metadata as XMP with everything escaped, for which pdfkit has no options. */
class TaggedDocument extends PDFDocument {
	_addInfo(): void {
		const { Title, Author, Producer, Keywords } = this.info as Record<string, string>
		const of = (text: string | undefined) => escape(text ?? '')
		;(
			this as unknown as Pdf
		).appendXML(`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">${of(Title)}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>${of(Author)}</rdf:li></rdf:Seq></dc:creator>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<pdf:Producer>${of(Producer)}</pdf:Producer><pdf:Keywords>${of(Keywords)}</pdf:Keywords>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part></rdf:Description>`)
	}
}

/** A tagged PDF whose pages follow one another: the pen goes down, and the next page begins where the last one is full. */
export class Sheets {
	readonly pdf: Pdf
	readonly regular: Typeface
	readonly bold: Typeface
	/** Where the next line begins, from the top of the page. */
	y = 0
	layout: Layout = 'portrait'
	private readonly options: SheetsOptions
	private readonly root: Element
	private readonly total: Reference
	private readonly bytes: Promise<Uint8Array>
	private pages = 0

	constructor(options: SheetsOptions) {
		this.options = options
		const { title, author, keywords } = options
		this.pdf = new TaggedDocument({
			autoFirstPage: false,
			pdfVersion: '1.7',
			tagged: true,
			lang: 'en',
			displayTitle: true,
			fontLayoutCache: false,
			font: undefined as never,
			info: {
				Title: title,
				Author: author,
				Keywords: keywords,
				Producer: 'Plumbline',
				Creator: 'Plumbline',
				CreationDate: new Date(0),
			},
		} as PDFKit.PDFDocumentOptions) as Pdf
		// A report has no time of its own, and equal reports have equal bytes.
		delete (this.pdf.info as Record<string, unknown>).CreationDate
		this.bytes = collect(this.pdf)
		this.regular = this.typeface('regular', options.fonts.regular)
		this.bold = this.typeface('bold', options.fonts.bold)
		this.total = this.pdf.ref({ Type: 'XObject', Subtype: 'Form', BBox: [0, -4, 80, 12] })
		this.root = this.pdf.struct('Document') as unknown as Element
		this.pdf.addStructure(this.root as never)
		this.addPage('portrait')
	}

	private typeface(weight: string, files: readonly string[]): Typeface {
		const names = files.map((file, i) => {
			this.pdf.registerFont(`${weight}-${i}`, file)
			return `${weight}-${i}`
		})
		return new Typeface(this.pdf, names)
	}

	get left(): number {
		return margin.x
	}

	get right(): number {
		return this.pdf.page.width - margin.x
	}

	get width(): number {
		return this.right - this.left
	}

	/** What a layout has for content, from side to side. */
	widthOf(layout: Layout): number {
		return (layout === 'portrait' ? short : long) - 2 * margin.x
	}

	get bottom(): number {
		return this.pdf.page.height - margin.bottom
	}

	/** The height of an empty page. */
	get fullHeight(): number {
		return this.bottom - margin.top
	}

	/** Begins a page unless `height` is left on this one. True if it did. */
	ensure(height: number): boolean {
		if (this.y + height <= this.bottom) return false
		this.addPage(this.layout)
		return true
	}

	/** Goes on in a layout, on a page of its own if the current one has the other. */
	use(layout: Layout): void {
		if (layout !== this.layout) this.addPage(layout)
	}

	addPage(layout: Layout): void {
		this.layout = layout
		this.pdf.addPage({ size: [short, long], layout, margin: 0 } as PDFKit.PDFDocumentOptions)
		this.pages++
		this.furniture()
		this.y = margin.top
	}

	/** A child of an element, or of the document. */
	open(type: string, parent: Element = this.root, options: Record<string, unknown> = {}): Element {
		const element = this.pdf.struct(type as never, options) as unknown as Element
		parent.add(element)
		return element
	}

	/** Content of an element; it stays on one page. */
	mark(element: Element, type: string, draw: () => void): void {
		const content = this.pdf.markStructureContent(type)
		draw()
		this.pdf.endMarkedContent()
		element.add(content)
	}

	/** What is no content: rules, grounds, and what each page repeats. */
	artifact(draw: () => void, isPagination = false): void {
		this.pdf.markContent('Artifact', isPagination ? { type: 'Pagination' } : { type: 'Layout' })
		draw()
		this.pdf.endMarkedContent()
	}

	/** Lines of text at the pen, over as many pages as they need. */
	text(
		element: Element,
		type: string,
		text: string,
		style: { size: number; face?: Typeface; color?: string; indent?: number; leading?: number },
	): void {
		const { size, face = this.regular, color: ink = color.text, indent = 0, leading = 1.38 } = style
		const height = size * leading
		const lines = linesOf(face, text, size, this.width - indent)
		for (let i = 0; i < lines.length; ) {
			this.ensure(height)
			const fitting = Math.max(1, Math.floor((this.bottom - this.y) / height + 1e-9))
			const part = lines.slice(i, i + fitting)
			this.mark(element, type, () => {
				for (const line of part) {
					face.write(line, this.left + indent, this.y + size, size, ink)
					this.y += height
				}
			})
			i += part.length
		}
	}

	/** A heading with a bookmark, kept together with what follows it. */
	heading(parent: Element, level: 1 | 2, text: string): void {
		const size = level === 1 ? 20 : 13.5
		if (level === 2) this.y += 16
		this.ensure(size * 1.3 + 60)
		this.pdf.outline.addItem(text, { top: this.y, left: this.pdf.page.width } as never)
		const element = this.open(`H${level}`, parent)
		this.text(element, `H${level}`, text, { size, face: this.bold, leading: 1.25 })
		element.end()
		this.y += 4
	}

	/** The title, the mark of a draft and the page's number. */
	private furniture(): void {
		const { pdf, options } = this
		const { width, height } = pdf.page
		this.artifact(() => {
			if (options.draft !== undefined) this.watermark(width, height)
			const size = 8
			const head = linesOf(this.regular, options.head, size, width - 2 * margin.x - 190)[0] as string
			this.regular.write(head, margin.x, 36, size, color.soft)
			if (options.draft !== undefined) {
				const draft = options.draft
				this.bold.write(draft, width - margin.x - this.bold.width(draft, size), 36, size, color.warn)
			}
			pdf.lineWidth(0.6).strokeColor(color.rule)
			pdf
				.moveTo(margin.x, 43)
				.lineTo(width - margin.x, 43)
				.stroke()
			const number = `Page ${this.pages} of `
			const after = margin.x + this.regular.write(number, margin.x, height - 30, size, color.soft)
			// How many pages there are is known at the end.
			pdf.page.xobjects.Total = this.total
			pdf.addContent(`q 1 0 0 -1 ${Math.round(after * 100) / 100} ${height - 30} cm /Total Do Q`)
		}, true)
	}

	/** As outlines, so that no text has it between its lines. */
	private watermark(width: number, height: number): void {
		const { pdf } = this
		pdf.save()
		pdf.translate(width / 2, height / 2).rotate(-40)
		this.bold.outline(pdf, 'DRAFT', 120, color.mark)
		pdf.restore()
	}

	/** Ends the document. */
	async end(): Promise<Uint8Array> {
		this.root.end()
		const { hex, font } = this.regular.encoded(String(this.pages))
		this.total.data.Resources = { Font: { [font.id]: font.ref() } }
		this.total.end(`0.322 0.376 0.427 rg BT /${font.id} 8 Tf 0 0 Td <${hex}> Tj ET`)
		this.pdf.end()
		return this.bytes
	}
}

function collect(pdf: Pdf): Promise<Uint8Array> {
	const chunks: Uint8Array[] = []
	pdf.on('data', (chunk: Uint8Array) => chunks.push(chunk))
	return new Promise((resolve, reject) => {
		pdf.on('error', reject)
		pdf.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
	})
}
