import { AppError } from '../../core/errors.ts'
import type { RenderCalls } from './render-png-thread.ts'
import { Thread, ThreadError, threadUrl } from './thread.ts'

/** A picture takes a fifth of a second. */
const limits = { deadlineMs: 20_000, megabytes: 512 }

/**
 * Renders an SVG as a PNG of twice its size, in a thread that starts with the first picture. `fonts` are files for scripts
 * that DejaVu Sans, the font of the package, does not have.
 */
export function pngRenderer(fonts: readonly string[] = []): (svg: string) => Promise<Uint8Array> {
	let thread: Thread<RenderCalls> | undefined
	return async (svg) => {
		if (!thread || thread.isEnded)
			thread = new Thread(threadUrl('render-png-thread', import.meta.url), {
				...limits,
				workerData: { fonts },
			})
		try {
			return await thread.call('render', svg)
		} catch (error) {
			if (!(error instanceof ThreadError)) throw error
			throw new AppError(
				'unavailable',
				`The picture could not be drawn as PNG: ${error.message}. Ask for the SVG.`,
			)
		}
	}
}
