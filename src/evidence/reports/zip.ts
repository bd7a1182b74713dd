import { Zip, ZipDeflate, ZipPassThrough } from 'fflate'

export type ZipFile = { path: string; bytes: Uint8Array; isCompact?: boolean }

/** Formats of ZIP without its 64-bit extension have at most so many files. */
export const maxZipFiles = 65_000

// The time of a file is local in the format, and the first that it can have.
const mtime = new Date(1980, 0, 1)

/**
 * Files as a ZIP archive, one after another, so that only one is in memory. Equal files give equal bytes. `isCompact`: it is
 * stored as it is.
 */
export function zipOf(files: AsyncIterable<ZipFile>): ReadableStream<Uint8Array<ArrayBuffer>> {
	const source = files[Symbol.asyncIterator]()
	let zip: Zip
	return new ReadableStream({
		start(controller) {
			zip = new Zip((error, chunk, final) => {
				if (error) return controller.error(error)
				if (chunk.length > 0) controller.enqueue(chunk as Uint8Array<ArrayBuffer>)
				if (final) controller.close()
			})
		},
		async pull() {
			const next = await source.next()
			if (next.done) return zip.end()
			const { path, bytes, isCompact } = next.value
			const file = isCompact ? new ZipPassThrough(path) : new ZipDeflate(path, { level: 6 })
			file.mtime = mtime
			zip.add(file)
			file.push(bytes, true)
		},
		async cancel() {
			await source.return?.()
		},
	})
}
