import { captionOf, cellText, isLink, isNumeric } from '../../../evidence/reports/render/front-matter.ts'
import type { ReportTable } from '../../../evidence/reports/template.ts'
import { color, type Element, type Layout, type Sheets } from './sheets.ts'
import { linesOf, type Typeface } from './typeface.ts'

const size = 7.6
const leading = 10.4
const pad = { x: 4, y: 2.6 }
/** A text column is not made narrower than this for the sake of others; a longer word is divided. */
const widestWord = 66
const widestCell = 260

type Column = { index: number; isNumber: boolean; min: number; ideal: number; width: number }
type Row = { texts: string[]; isHead: boolean }

/** Nobody reads hundreds of pages of a table. The other forms have all rows. */
const maxRows = 300

/** A table over as many pages as it needs; each repeats the headings. What is too wide is divided into parts. */
export function drawTable(sheets: Sheets, parent: Element, whole: ReportTable): void {
	const table = shownPart(whole)
	if (table.columns.length === 0) {
		const element = sheets.open('P', parent)
		sheets.text(element, 'P', `${captionOf(table)}: no columns.`, { size: 9 })
		element.end()
		return
	}
	const columns = measure(sheets, table)
	const { layout, parts } = divide(sheets, columns)
	sheets.use(layout)
	const title = captionOf(table)
	parts.forEach((part, i) => {
		const caption = parts.length === 1 ? title : `${title} (part ${i + 1} of ${parts.length} of its columns)`
		new TableWriter(sheets, parent, table, part).draw(caption)
	})
	if (layout !== 'portrait') sheets.use('portrait')
}

function shownPart(table: ReportTable): ReportTable {
	if (table.rows.length <= maxRows) return table
	const title = `${captionOf(table)}: the first ${maxRows} of ${table.rows.length} rows; the CSV, HTML and JSON of this report have all`
	return { ...table, title, rows: table.rows.slice(0, maxRows) }
}

function measure({ regular, bold }: Sheets, table: ReportTable): Column[] {
	return table.columns.map((name, index) => {
		const isNumber = isNumeric(table, index)
		let min = widestOf(bold, name)
		let ideal = Math.min(bold.width(name, size), widestCell)
		for (const row of table.rows) {
			const cell = row[index] ?? null
			const text = cellText(cell)
			const whole = regular.width(text, size)
			// A number is never divided: it would be two for who copies it.
			min = Math.max(min, typeof cell === 'number' ? whole : Math.min(whole, widestOf(regular, text)))
			ideal = Math.max(ideal, Math.min(whole, widestCell))
		}
		// A little more than needed: sums of fractions are not exact, and a word would be divided.
		const sides = 2 * pad.x + 0.05
		return { index, isNumber, min: min + sides, ideal: Math.max(min, ideal) + sides, width: 0 }
	})
}

const widestOf = (face: Typeface, text: string): number =>
	text.split(/\s+/).reduce((most, word) => Math.max(most, Math.min(face.width(word, size), widestWord)), 12)

/** Upright if it fits, else on its side, else in parts, each with the first column. */
function divide(sheets: Sheets, columns: Column[]): { layout: Layout; parts: Column[][] } {
	const needed = columns.reduce((sum, c) => sum + c.min, 0)
	for (const layout of ['portrait', 'landscape'] as const)
		if (needed <= sheets.widthOf(layout)) return { layout, parts: [widened(columns, sheets.widthOf(layout))] }
	const available = sheets.widthOf('landscape')
	const [key, ...others] = columns as [Column, ...Column[]]
	const keyMin = Math.min(key.min, available / 3)
	const groups: Column[][] = []
	let used = Number.POSITIVE_INFINITY
	for (const column of others) {
		if (used + column.min > available) {
			groups.push([])
			used = keyMin
		}
		groups.at(-1)?.push(column)
		used += column.min
	}
	return {
		layout: 'landscape',
		parts: groups.map((group) => widened([{ ...key, min: keyMin }, ...group], available)),
	}
}

/** Shares out what is left over by what columns would like to have. */
function widened(columns: readonly Column[], available: number): Column[] {
	const min = columns.reduce((sum, c) => sum + c.min, 0)
	const wish = columns.reduce((sum, c) => sum + Math.max(0, c.ideal - c.min), 0)
	const spare = Math.max(0, available - min)
	const share = wish === 0 ? 0 : Math.min(1, spare / wish)
	// What nobody needs goes to the texts, so that numbers stay near one another.
	const texts = columns.filter((c) => !c.isNumber).length
	const rest = Math.max(0, spare - wish)
	return columns.map((c) => ({
		...c,
		width: c.min + share * Math.max(0, c.ideal - c.min) + (c.isNumber || texts === 0 ? 0 : rest / texts / 2),
	}))
}

class TableWriter {
	private readonly sheets: Sheets
	private readonly table: ReportTable
	private readonly columns: readonly Column[]
	private readonly element: Element
	private readonly width: number
	/** Where rules are due on the current page. */
	private rules: number[] = []

	constructor(sheets: Sheets, parent: Element, table: ReportTable, columns: readonly Column[]) {
		this.sheets = sheets
		this.table = table
		this.columns = columns
		this.element = sheets.open('Table', parent)
		this.width = columns.reduce((sum, c) => sum + c.width, 0)
	}

	draw(caption: string): void {
		const { sheets, table, element } = this
		sheets.y += 10
		sheets.ensure(70)
		const title = sheets.open('Caption', element)
		sheets.text(title, 'Caption', caption, { size: 9, face: sheets.bold })
		title.end()
		sheets.y += 2
		const head = sheets.open('THead', element)
		this.drawRow(head, { texts: table.columns, isHead: true })
		head.end()
		const body = sheets.open('TBody', element)
		for (const row of table.rows)
			this.drawRow(body, { texts: table.columns.map((_, i) => cellText(row[i] ?? null)), isHead: false })
		if (table.rows.length === 0)
			this.drawRow(body, { texts: ['No rows.', ...table.columns.slice(1).map(() => '')], isHead: false })
		body.end()
		element.end()
		this.drawRules()
		sheets.y += 6
	}

	private drawRow(parent: Element, { texts, isHead }: Row): void {
		const { sheets } = this
		const face = isHead ? sheets.bold : sheets.regular
		const cells = this.columns.map((c) => linesOf(face, texts[c.index] as string, size, c.width - 2 * pad.x))
		const row = sheets.open('TR', parent)
		const elements = this.columns.map((_, i) => {
			if (isHead) return sheets.open('TH', row, { scope: 'Column' })
			return i === 0 ? sheets.open('TH', row, { scope: 'Row' }) : sheets.open('TD', row)
		})
		const lines = Math.max(1, ...cells.map((c) => c.length))
		let from = 0
		while (from < lines) {
			const left = Math.floor((sheets.bottom - sheets.y - 2 * pad.y) / leading + 1e-9)
			const rest = lines - from
			// A row is divided only if it is longer than a page, or nearly.
			const isTall = rest * leading + 2 * pad.y > sheets.fullHeight * 0.6
			if (left < (isTall ? 3 : rest)) {
				this.nextPage(isHead)
				continue
			}
			const count = Math.min(left, rest)
			this.drawLines(cells, elements, from, count, isHead)
			from += count
		}
		for (const element of elements) element.end()
		row.end()
	}

	private drawLines(
		cells: string[][],
		elements: (Element | undefined)[],
		from: number,
		count: number,
		isHead: boolean,
	) {
		const { sheets } = this
		const height = count * leading + 2 * pad.y
		if (isHead)
			sheets.artifact(() => sheets.pdf.rect(sheets.left, sheets.y, this.width, height).fill(color.panel))
		let x = sheets.left
		this.columns.forEach((column, i) => {
			const lines = (cells[i] as string[]).slice(from, from + count)
			const element = elements[i]
			const draw = () => this.drawCell(lines, column, x, isHead)
			if (!element) draw()
			else if (lines.some((line) => line !== '')) {
				const url = isHead ? '' : (cells[i] as string[]).join('')
				if (isLink(url)) this.drawLink(element, url, lines, column, x)
				else sheets.mark(element, isHead || i === 0 ? 'TH' : 'TD', draw)
			}
			x += column.width
		})
		sheets.y += height
		this.rules.push(sheets.y)
	}

	private drawCell(
		lines: string[],
		column: Column,
		x: number,
		isHead: boolean,
		ink: string = color.text,
	): void {
		const { sheets } = this
		const face = isHead ? sheets.bold : sheets.regular
		lines.forEach((line, i) => {
			const at = column.isNumber ? x + column.width - pad.x - face.width(line, size) : x + pad.x
			face.write(line, at, sheets.y + pad.y + i * leading + size, size, ink)
		})
	}

	private drawLink(cell: Element, url: string, lines: string[], column: Column, x: number): void {
		const { sheets } = this
		const link = sheets.open('Link', cell)
		sheets.mark(link, 'Link', () => this.drawCell(lines, column, x, false, color.link))
		const options = { structParent: link, Contents: new String(url) }
		sheets.pdf.link(
			x + pad.x,
			sheets.y + pad.y,
			column.width - 2 * pad.x,
			lines.length * leading,
			url,
			options as never,
		)
		link.end()
	}

	private nextPage(isHead: boolean): void {
		const { sheets } = this
		this.drawRules()
		sheets.addPage(sheets.layout)
		if (isHead) return
		const cells = this.columns.map((c) =>
			linesOf(sheets.bold, this.table.columns[c.index] as string, size, c.width - 2 * pad.x),
		)
		const lines = Math.max(1, ...cells.map((c) => c.length))
		const { pdf } = sheets
		sheets.artifact(() => {
			pdf.rect(sheets.left, sheets.y, this.width, lines * leading + 2 * pad.y).fill(color.panel)
			let x = sheets.left
			this.columns.forEach((column, i) => {
				this.drawCell(cells[i] as string[], column, x, true)
				x += column.width
			})
		}, true)
		sheets.y += lines * leading + 2 * pad.y
	}

	private drawRules(): void {
		const { sheets, rules } = this
		this.rules = []
		if (rules.length === 0) return
		sheets.artifact(() => {
			sheets.pdf.lineWidth(0.4).strokeColor(color.rule)
			for (const y of rules) sheets.pdf.moveTo(sheets.left, y).lineTo(sheets.left + this.width, y)
			sheets.pdf.stroke()
		})
	}
}
