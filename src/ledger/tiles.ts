import { hashBytes, nodeHash, type ReadNode } from './tree.ts'

// Tiles as in C2SP tlog-tiles: tile (L, N) holds up to 256 hashes of level 8 * L, from index N * 256 on.

export const tileWidth = 256
const tileHeight = 8

/** The widths of the tiles of each level in a tree of `size` leaves: how many hashes level 8 * L has. */
export function tileLevels(size: number): number[] {
	const counts: number[] = []
	for (let n = size; n > 0; n = Math.floor(n / tileWidth)) counts.push(n)
	return counts
}

/** `x001/x234/067` for 1234067, as in tlog-tiles; with the width of a partial tile `x001/x234/067.p/8`. */
export function tilePath(n: number, width = tileWidth): string {
	const groups = []
	let rest = n
	do {
		groups.unshift(String(rest % 1000).padStart(3, '0'))
		rest = Math.floor(rest / 1000)
	} while (rest > 0)
	const path = groups.map((g, i) => (i < groups.length - 1 ? `x${g}` : g)).join('/')
	return width === tileWidth ? path : `${path}.p/${width}`
}

/** The number and width that a path names. Undefined for any other text than `tilePath` gives. */
export function parseTilePath(text: string): { n: number; width: number } | undefined {
	const match = /^((?:x\d{3}\/)*)(\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(text)
	if (!match) return undefined
	const n = Number(`${match[1]}${match[2]}`.replace(/[x/]/g, ''))
	const width = match[3] === undefined ? tileWidth : Number(match[3])
	return Number.isSafeInteger(n) && width <= tileWidth && tilePath(n, width) === text
		? { n, width }
		: undefined
}

/** Reads the hashes of a tile: at least those that a tree of the size in question has. */
export type ReadTile = (level: number, n: number) => Promise<Uint8Array>

/** The root over hashes, whose number is a power of two. */
function perfectRoot(hashes: Uint8Array): Uint8Array {
	let row = hashes
	while (row.length > hashBytes) {
		const above = new Uint8Array(row.length / 2)
		for (let at = 0; at < above.length; at += hashBytes)
			above.set(
				nodeHash(
					row.subarray(2 * at, 2 * at + hashBytes),
					row.subarray(2 * at + hashBytes, 2 * at + 2 * hashBytes),
				),
				at,
			)
		row = above
	}
	return row
}

/** Reads nodes from tiles. Throws RangeError for a node that its tile does not have. */
export const nodesOfTiles =
	(readTile: ReadTile): ReadNode =>
	async (level, index) => {
		const tileLevel = Math.floor(level / tileHeight)
		const count = 2 ** (level % tileHeight)
		const start = index * count
		const tile = await readTile(tileLevel, Math.floor(start / tileWidth))
		const from = (start % tileWidth) * hashBytes
		const hashes = tile.subarray(from, from + count * hashBytes)
		if (hashes.length < count * hashBytes) throw new RangeError(`tile ${tileLevel}/${start} is too short`)
		return perfectRoot(hashes)
	}

/** The hash of a full tile: the hash of level L + 1 at its number. */
export const tileHash = (hashes: Uint8Array): Uint8Array => perfectRoot(hashes)

/** An entry bundle of tlog-tiles: each entry after its length as a big-endian uint16. Throws RangeError over 65,535 bytes. */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(entries.reduce((sum, e) => sum + 2 + e.length, 0))
	let at = 0
	for (const entry of entries) {
		if (entry.length > 0xffff) throw new RangeError(`an entry of ${entry.length} bytes has over 65,535`)
		bytes[at] = entry.length >> 8
		bytes[at + 1] = entry.length & 0xff
		bytes.set(entry, at + 2)
		at += 2 + entry.length
	}
	return bytes
}

/** The entries of a bundle. Undefined if it is cut off. */
export function decodeEntries(bytes: Uint8Array): Uint8Array[] | undefined {
	const entries: Uint8Array[] = []
	for (let at = 0; at < bytes.length; ) {
		const length = ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0)
		if (at + 2 + length > bytes.length) return undefined
		entries.push(bytes.subarray(at + 2, at + 2 + length))
		at += 2 + length
	}
	return entries
}
