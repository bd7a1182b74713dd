import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ReportDocument } from '../../../../src/evidence/reports/document.ts'
import { numberText } from '../../../../src/evidence/reports/render/front-matter.ts'
import type { Cell, ReportSection } from '../../../../src/evidence/reports/template.ts'
import { pdfRenderer } from '../../../../src/platform/node/render-pdf.ts'
import {
	checkPdfUa,
	pdfFonts,
	pdfInfo,
	pdfStructure,
	pdfText,
	qpdfCheck,
} from '../../../support/pdf-tools.ts'
import { hasPeers } from '../../../support/peers.ts'
import { reportDocument } from '../../../support/report-document.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const section = (tables: ReportSection['tables'], text = ''): ReportSection => ({
	...{ id: 's', title: 'Section', status: 'complete', text },
	tables,
})
const grid = (
	rows: number,
	columns: number,
	cell: (i: number, j: number) => Cell,
): ReportSection['tables'][0] => ({
	id: 'grid',
	columns: Array.from({ length: columns }, (_, j) => `column_${j}`),
	rows: Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => cell(i, j))),
})

const odd = [
	'x'.repeat(400),
	'שלום עולם 123 ושוב',
	'مرحبا بالعالم',
	'e\u0301 a\u0308 Zażółć gęślą jaźń, Ελληνικά, Русский',
	'漢字 \u{1f600} \u{1d504}',
	'a\u0000b\u202ec\u200bd',
	'<script>&amp;\\(x) % /Name << >>',
	'line one\nline two\n\nnext paragraph',
]

const reports: Record<string, ReportDocument> = {
	draft: reportDocument(),
	approved: reportDocument({ status: 'approved' }),
	empty: reportDocument({
		...{ title: '', legalBasis: [], subject: {}, period: null, model: null, author: '', approvers: [] },
		...{ rows: { included: 0, excluded: [] }, sections: [] },
	}),
	odd: reportDocument({
		title: 'A <b> & "c" \u{1f600} שלום',
		author: '<&>',
		sections: [
			section(
				[{ id: '<&>', columns: ['', 'b', 'b'], rows: odd.map((text, i): Cell[] => [text, i, text]) }],
				odd.join('\n\n'),
			),
			section([
				{ id: 'none', columns: [], rows: [] },
				{ id: 'short', columns: ['a', 'b'], rows: [[1], [], [1, 2, 3]] },
			]),
		],
	}),
	long: reportDocument({ sections: [section([grid(5000, 5, (i, j) => i * 5 + j + 0.25)])] }),
	wide: reportDocument({
		sections: [section([grid(30, 60, (i, j) => (j === 0 ? `row ${i}` : i * 60 + j))])],
	}),
	tall: reportDocument({
		sections: [section([{ id: 't', columns: ['a', 'b'], rows: [['many words '.repeat(3000), 7]] }])],
	}),
}

/** Every number of a report, as people read it. */
function numbersIn(value: unknown): string[] {
	if (typeof value === 'number') return [numberText(value)]
	return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

describe.runIf(hasPeers('pdf'))('a report as PDF, checked by programs of others', () => {
	const files: Record<string, string> = {}
	beforeAll(async () => {
		const folder = temporaryFolder()
		const renderPdf = pdfRenderer()
		for (const [name, report] of Object.entries(reports)) {
			files[name] = join(folder, `${name}.pdf`)
			await writeFile(files[name], await renderPdf(JSON.stringify(report)))
		}
	})

	it('is PDF/UA-1 to veraPDF and without a fault to qpdf, whatever is in the report', () => {
		// veraPDF needs a minute for the hundred pages of the long one, which has nothing that the others do not have.
		const { long: _, ...others } = files
		const results = checkPdfUa(...Object.values(others))
		expect(results.flatMap((r) => r.faults)).toEqual([])
		expect(results.map((r) => r.compliant)).toEqual(Object.keys(others).map(() => true))
		expect(Math.min(...results.map((r) => r.checks))).toBeGreaterThan(500)
		for (const file of Object.values(files))
			expect(qpdfCheck(file)).toContain('No syntax or stream encoding errors found')
	})

	it('is tagged and has its title, its language and real text in embedded subsets of fonts', () => {
		expect(pdfInfo(files.draft as string)).toMatchObject({
			...{
				Title: 'Model monitoring: credit-default',
				Tagged: 'yes',
				Author: 'ana@bank.example',
				JavaScript: 'no',
			},
		})
		const fonts = pdfFonts(files.odd as string)
			.split('\n')
			.slice(2, -1)
		expect(fonts.length).toBeGreaterThan(1)
		// Embedded, a subset, and with a table from glyphs to Unicode.
		for (const font of fonts)
			expect(font).toMatch(/^[A-Z]{6}\+DejaVu\S+ +CID TrueType +Identity-H +yes yes yes /)
	})

	it('has every number of the report in its text, of long tables the first rows', () => {
		for (const name of ['draft', 'long', 'wide', 'tall'] as const) {
			const text = pdfText(files[name] as string)
			const words = new Set(text.split(/\s+/))
			const [{ tables = [] } = {}] = reports[name]?.sections ?? []
			const shown = name === 'long' ? tables.map(({ rows }) => rows.slice(0, 300)) : reports[name]
			expect(numbersIn(shown).filter((n) => !words.has(n))).toEqual([])
			if (name === 'long') expect(text).toContain('the first 300 of 5000 rows')
		}
	})

	it('opens with what a regulator needs', () => {
		const report = reports.draft as ReportDocument
		const opening = pdfText(files.draft as string).split('1. Ongoing monitoring')[0] as string
		for (const text of [
			'model-monitoring, version 1.0.0',
			'2026-04-17',
			'Counsel must confirm',
			report.cut.root,
			'ana@bank.example',
		])
			expect(opening).toContain(text)
		expect(opening).toContain(report.model?.artifactSha256)
	})

	it('says on each page that it is a draft, until it is approved, and repeats the headings of a table', () => {
		for (const name of ['draft', 'long'] as const) {
			const pages = pdfText(files[name] as string)
				.split('\f')
				.slice(0, -1)
			expect(pages).toHaveLength(Number(pdfInfo(files[name] as string).Pages))
			for (const [i, page] of pages.entries()) {
				expect(page).toContain('Draft: this report is not approved.')
				expect(page).toContain(`Page ${i + 1} of ${pages.length}`)
				if (name === 'long' && i > 0) expect(page).toContain('column_4')
			}
		}
		expect(pdfText(files.approved as string)).not.toMatch(/draft/i)
	})

	it('has a structure of headings, lists, tables and figures with descriptions', () => {
		const structure = pdfStructure(files.draft as string)
		const count = (pattern: RegExp) => structure.match(pattern)?.length ?? 0
		expect(count(/^ *Document/gm)).toBe(1)
		expect(count(/^ *H1 /gm)).toBe(1)
		expect(count(/^ *H2 /gm)).toBe(2)
		expect(count(/^ *Table/gm)).toBe(5)
		expect(count(/^ *Figure/gm)).toBe(2)
		expect(count(/\/Scope \/Column/g)).toBe(5 + 2 + 9 + 3 + 3)
		expect(structure).toMatch(/"Draft: this report is not approved\."/)
		expect(structure).toMatch(/"Incomplete: something/)
	})

	it('keeps texts of any script readable to programs, also those without a glyph', () => {
		const text = pdfText(files.odd as string)
		for (const words of [
			'Zażółć gęślą jaźń, Ελληνικά, Русский',
			'漢字',
			'<script>&amp;\\(x) % /Name << >>',
			'שלום',
			'مرحبا',
		])
			expect(text).toContain(words)
	})
})
