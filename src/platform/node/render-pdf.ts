import { AppError } from '../../core/errors.ts'
import type { PdfCalls } from './render-pdf-thread.ts'
import { Thread, ThreadError, threadUrl } from './thread.ts'

/** A hundred pages take about two seconds. */
const limits = { deadlineMs: 300_000, megabytes: 1024 }

/**
 * Renders a report (its document as JSON) as PDF, in a thread that starts with the first one. `fonts` are files for scripts
 * that DejaVu Sans, the font of the package, does not have.
 */
export function pdfRenderer(fonts: readonly string[] = []): (document: string) => Promise<Uint8Array> {
	let thread: Thread<PdfCalls> | undefined
	return async (document) => {
		if (!thread || thread.isEnded)
			thread = new Thread(threadUrl('render-pdf-thread', import.meta.url), {
				...limits,
				workerData: { fonts },
			})
		try {
			return await thread.call('render', document)
		} catch (error) {
			if (!(error instanceof ThreadError)) throw error
			throw new AppError(
				'unavailable',
				`The report could not be made a PDF: ${error.message}. Ask for a shorter period, or for HTML.`,
			)
		}
	}
}
