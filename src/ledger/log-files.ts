import { decodeEntries, tilePath } from './tiles.ts'
import type { LogSource } from './verify-log.ts'

/** A log in files or behind URLs, at the paths of C2SP tlog-tiles. `read`: undefined for a file that does not exist. */
export function logOfFiles(read: (path: string) => Promise<Uint8Array | undefined>): LogSource {
	/** A full tile serves for a partial one. */
	const either = async (folder: string, n: number, width: number) =>
		(await read(`tile/${folder}/${tilePath(n, width)}`)) ?? (await read(`tile/${folder}/${tilePath(n)}`))
	return {
		checkpoint: async () => {
			const bytes = await read('checkpoint')
			return bytes && new TextDecoder().decode(bytes)
		},
		tile: async (level, n, width) => (await either(String(level), n, width))?.subarray(0, width * 32),
		entries: async (n, width) => {
			const bytes = await either('entries', n, width)
			return bytes && (decodeEntries(bytes)?.slice(0, width) ?? [])
		},
	}
}
