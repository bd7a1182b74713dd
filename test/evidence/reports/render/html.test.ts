import { expect, it } from 'vitest'
import { renderHtml } from '../../../../src/evidence/reports/render/html.ts'
import { reportDocument } from '../../../support/report-document.ts'

const section = (tables: ReturnType<typeof reportDocument>['sections'][0]['tables']) => ({
	...{ id: 's', title: 'Section', status: 'complete' as const, text: '' },
	tables,
})

it('opens with what a regulator needs, and marks a draft on screen and on paper', () => {
	const report = reportDocument()
	const html = renderHtml(report)
	const opening = html.slice(0, html.indexOf('<nav'))
	for (const text of [
		'model-monitoring, version 1.0.0',
		'Ongoing monitoring',
		'2026-04-17',
		'<a href="https://www.federalreserve.gov/supervisionreg/srletters/sr2602.htm"',
		'Counsel must confirm',
		'2026-10-01 to 2026-11-01',
		report.model?.artifactSha256 as string,
		'48213 entries',
		report.cut.root,
		'ana@bank.example',
		'ben@bank.example, cho@bank.example',
		'1204331',
		'excluded: no outcome arrived within 90 days',
		'Draft: this report is not approved.',
	])
		expect(opening).toContain(text)
	expect(html).toContain('<div class="mark" aria-hidden="true">DRAFT</div>')
	expect(renderHtml({ ...report, status: 'approved' })).not.toContain('DRAFT')
})

it('marks a section that is incomplete with what is missing', () => {
	const html = renderHtml(reportDocument())
	expect(html).toMatch(
		/<h2 id="section-2">2\. Outcomes analysis \(incomplete\)<\/h2>\n<p class="note">Incomplete/,
	)
	expect(html).toContain('No outcomes were reported for this period.')
	expect(html).toContain('No rows.')
})

it('gives each chart its description, and headings, tables and the language their marks', () => {
	const html = renderHtml(reportDocument())
	expect(html).toContain('<html lang="en">')
	expect(html).toMatch(/role="img" aria-labelledby="section-1-chart-1-t section-1-chart-1-d"/)
	expect(html).toMatch(/<desc id="section-1-chart-1-d">Drift of income\. 30 values, from 0\.02 /)
	expect(html).toContain('<th scope="col">metric</th>')
	expect(html).toContain('<th scope="row">drift.psi</th>')
	expect(html.match(/<h1>/g)).toHaveLength(1)
	const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
	expect(new Set(ids).size).toBe(ids.length)
})

it('loads nothing and runs nothing, whatever texts a report has', () => {
	const evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u0000\u202e'
	const html = renderHtml(
		reportDocument({
			title: evil,
			author: evil,
			legalBasis: [
				{ rule: evil, article: evil, inForceFrom: evil, source: 'javascript:alert(3)', confirm: true },
			],
			sections: [
				{
					...section([{ id: evil, title: evil, columns: [evil], rows: [[evil], ['javascript:alert(4)']] }]),
					title: evil,
					text: evil,
				},
			],
		}),
	)
	expect(html).not.toMatch(/<script|<img|<link|<iframe/)
	expect(html).not.toMatch(/(src|href)="(?!#|https?:)/)
	expect(html).not.toContain('\u0000')
})

it('renders a report without sections, tables without rows, and rows with too few cells', () => {
	expect(renderHtml(reportDocument({ sections: [], period: null, model: null, legalBasis: [] }))).toContain(
		'This report has no sections.',
	)
	const html = renderHtml(
		reportDocument({ sections: [section([{ id: 't', columns: ['a', 'b'], rows: [[1]] }])] }),
	)
	expect(html).toContain('<tr><th class="n" scope="row">1</th><td></td></tr>')
})
