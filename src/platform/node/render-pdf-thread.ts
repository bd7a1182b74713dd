import { fileURLToPath } from 'node:url'
import { workerData } from 'node:worker_threads'
import type { ReportDocument } from '../../evidence/reports/document.ts'
import { renderReport } from './pdf/render-report.ts'
import { serveThread } from './serve-thread.ts'

// A long report takes seconds, in which nothing else could be answered.

const { fonts: more } = workerData as { fonts: readonly string[] }
const fontOf = (name: string): string =>
	fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`))
const fonts = {
	regular: [fontOf('DejaVuSansCondensed'), ...more],
	bold: [fontOf('DejaVuSansCondensed-Bold'), ...more],
}

const calls = { render: (document: string) => renderReport(JSON.parse(document) as ReportDocument, fonts) }
export type PdfCalls = typeof calls
serveThread(calls)
