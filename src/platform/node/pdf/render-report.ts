import type { ReportDocument } from '../../../evidence/reports/document.ts'
import { chartsOf, type DrawnChart } from '../../../evidence/reports/render/charts.ts'
import { frontMatter, incompleteText, paragraphsOf } from '../../../evidence/reports/render/front-matter.ts'
import type { ReportSection } from '../../../evidence/reports/template.ts'
import { drawSvg, sizeOf } from './draw-svg.ts'
import { color, type Element, Sheets, type SheetsOptions } from './sheets.ts'
import { drawTable } from './table.ts'
import { linesOf } from './typeface.ts'

/** A report as a tagged PDF. Equal reports and fonts give equal bytes. */
export async function renderReport(
	report: ReportDocument,
	fonts: SheetsOptions['fonts'],
): Promise<Uint8Array> {
	const { title, draft, facts, tables } = frontMatter(report)
	const sheets = new Sheets({
		title,
		head: `${title} · ${report.template} ${report.templateVersion}`,
		draft,
		author: report.author,
		keywords: `${report.template} ${report.templateVersion}, ${report.status}, ledger ${report.cut.size} ${report.cut.root}`,
		fonts,
	})
	const opening = sheets.open('Sect')
	sheets.heading(opening, 1, title)
	if (draft !== undefined) note(sheets, opening, draft)
	drawFacts(sheets, opening, facts)
	for (const table of tables) drawTable(sheets, opening, table)
	if (report.sections.length === 0) paragraph(sheets, opening, 'This report has no sections.')
	opening.end()
	report.sections.forEach((section, i) => {
		drawSection(sheets, section, i + 1)
	})
	return sheets.end()
}

function drawSection(sheets: Sheets, section: ReportSection, number: number): void {
	const element = sheets.open('Sect')
	const isIncomplete = section.status === 'incomplete'
	sheets.heading(element, 2, `${number}. ${section.title}${isIncomplete ? ' (incomplete)' : ''}`)
	if (isIncomplete) note(sheets, element, incompleteText)
	for (const text of paragraphsOf(section)) paragraph(sheets, element, text)
	for (const chart of chartsOf(section)) drawChart(sheets, element, chart)
	for (const table of section.tables) drawTable(sheets, element, table)
	element.end()
}

function paragraph(sheets: Sheets, parent: Element, text: string): void {
	const element = sheets.open('P', parent)
	for (const line of text.split('\n')) sheets.text(element, 'P', line, { size: 9.5 })
	element.end()
	sheets.y += 5
}

/** A line that nobody overlooks. */
function note(sheets: Sheets, parent: Element, text: string): void {
	const size = 9.5
	const lines = linesOf(sheets.bold, text, size, sheets.width - 20)
	const height = lines.length * size * 1.38 + 9
	sheets.y += 3
	sheets.ensure(height)
	sheets.artifact(() => {
		sheets.pdf.rect(sheets.left, sheets.y, sheets.width, height).fill(color.panel)
		sheets.pdf.rect(sheets.left, sheets.y, 3, height).fill(color.warn)
	})
	const element = sheets.open('P', parent)
	sheets.mark(element, 'P', () => {
		lines.forEach((line, i) => {
			sheets.bold.write(line, sheets.left + 12, sheets.y + 4 + size + i * size * 1.38, size, color.warn)
		})
	})
	element.end()
	sheets.y += height + 6
}

const nameWidth = 132

/** Terms and values as a list, each item with its label. */
function drawFacts(sheets: Sheets, parent: Element, facts: readonly [string, string][]): void {
	const size = 9
	const list = sheets.open('L', parent)
	sheets.y += 4
	for (const [name, value] of facts) {
		sheets.ensure(size * 1.5)
		const item = sheets.open('LI', list)
		const label = sheets.open('Lbl', item)
		sheets.mark(label, 'Lbl', () => {
			sheets.bold.write(name, sheets.left, sheets.y + size, size, color.text)
		})
		label.end()
		const body = sheets.open('LBody', item)
		sheets.text(body, 'LBody', value, { size, indent: nameWidth, leading: 1.45 })
		body.end()
		item.end()
	}
	list.end()
}

function drawChart(sheets: Sheets, parent: Element, { svg, title, alt }: DrawnChart): void {
	const { width, height } = sizeOf(svg)
	const scale = Math.min(sheets.width / width, (sheets.fullHeight - 20) / height)
	sheets.y += 6
	sheets.ensure(height * scale + 4)
	const box = [sheets.left, sheets.y, sheets.left + width * scale, sheets.y + height * scale]
	const figure = sheets.open('Figure', parent, { alt, title, bbox: box })
	sheets.mark(figure, 'Figure', () => drawSvg(sheets, svg, sheets.left, sheets.y, scale))
	figure.end()
	sheets.y += height * scale + 4
}
