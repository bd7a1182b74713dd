import { AppError } from '../../core/errors.ts'
import type { Rendered } from './render-png-thread.ts'
import { Thread, ThreadError, threadUrl } from './thread.ts'

/** A picture takes a fifth of a second. */
const limits = { deadlineMs: 20_000, megabytes: 512 }

/**
 * Turns an SVG into a PNG, twice its size. The thread that does it starts with the first picture, and holds up no exit.
 * `fonts` are files for the scripts that DejaVu Sans, which comes with us, does not have.
 */
export function pngRenderer(fonts: readonly string[] = []): (svg: string) => Promise<Uint8Array> {
	let thread: Thread | undefined
	return async (svg) => {
		if (!thread || thread.isEnded)
			thread = new Thread(threadUrl('render-png-thread', import.meta.url), limits, { fonts })
		const rendered = await thread.ask<Rendered>({ svg }).catch((error: unknown): Rendered => {
			if (error instanceof ThreadError) return { error: error.message }
			throw error
		})
		if ('png' in rendered) return rendered.png
		throw new AppError(
			'unavailable',
			`The picture could not be drawn as PNG: ${rendered.error}. Ask for the SVG.`,
		)
	}
}
