import type { Calls } from '../calls.ts'
import type { EngineCalls } from '../engine.ts'
import type { FileToRewrite, RewrittenFile, RowsOfChunk } from './erase-rows.ts'

/** Writes an archive file without the values of some rows beside the old one. `removeUnused` deletes files that no chunk is in. */
export type RewriteFile = {
	write(file: FileToRewrite): Promise<RewrittenFile>
	removeUnused(files: readonly string[]): Promise<void>
}

const maxTries = 10

/** Erases rows of one chunk. A file is rewritten in another thread first, so that appends go on meanwhile. */
export async function eraseEverywhere(
	eraseInChunk: Calls<EngineCalls>['eraseInChunk'],
	rows: RowsOfChunk,
	rewriteFile: RewriteFile | undefined,
): Promise<void> {
	let next = await eraseInChunk(rows)
	for (let attempt = 1; next; attempt++) {
		if (!rewriteFile || attempt > maxTries)
			throw new RangeError(`the archive file ${next.file} cannot be rewritten by this process`)
		const rewritten = await rewriteFile.write(next)
		try {
			next = await eraseInChunk(rows, rewritten)
		} finally {
			await rewriteFile.removeUnused([rewritten.old, rewritten.file])
		}
	}
}
