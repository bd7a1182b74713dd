import { expect, it } from 'vitest'
import { pdfRenderer } from '../../../src/platform/node/render-pdf.ts'
import { reportDocument } from '../../support/report-document.ts'

const renderPdf = pdfRenderer()
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

it('makes the same bytes of the same report, in another thread too, and others of another report', async () => {
	const report = JSON.stringify(reportDocument())
	const pdf = await renderPdf(report)
	expect(text(pdf)).toMatch(/^%PDF-1\.7[\s\S]*%%EOF\n$/)
	expect(Buffer.compare(pdf, await renderPdf(report))).toBe(0)
	expect(Buffer.compare(pdf, await pdfRenderer()(report))).toBe(0)
	expect(
		Buffer.compare(pdf, await renderPdf(JSON.stringify(reportDocument({ status: 'approved' })))),
	).not.toBe(0)
})

it('names the font file that cannot be read', async () => {
	await expect(pdfRenderer(['/nowhere.ttf'])(JSON.stringify(reportDocument()))).rejects.toThrow(
		'/nowhere.ttf',
	)
})
