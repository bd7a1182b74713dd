const emptyRow = 0xffff

/** Where the row of a key is. */
export type Location = { chunk: number; row: number }

/** Keys of a run, sorted by `high`. */
export type SortedKeys = { high: Uint32Array; low: Uint16Array; chunk: Uint32Array; row: Uint16Array }

/** An open-addressing hash table of recent keys, in typed arrays: its size is known, and garbage collection has no work. */
export class KeyTable {
	readonly capacity: number
	size = 0
	private readonly mask: number
	private readonly high: Uint32Array
	private readonly low: Uint16Array
	private readonly chunk: Uint32Array
	private readonly row: Uint16Array

	/** Holds up to `capacity` keys (a power of two, at most 2^20) in twice as many slots. */
	constructor(capacity: number) {
		const slots = capacity * 2
		this.capacity = capacity
		this.mask = slots - 1
		this.high = new Uint32Array(slots)
		this.low = new Uint16Array(slots)
		this.chunk = new Uint32Array(slots)
		this.row = new Uint16Array(slots).fill(emptyRow)
	}

	get bytes(): number {
		return (this.mask + 1) * 12
	}

	add(high: number, low: number, chunk: number, row: number): void {
		let slot = (high ^ (low << 7)) & this.mask
		while (this.row[slot] !== emptyRow) slot = (slot + 1) & this.mask
		this.high[slot] = high
		this.low[slot] = low
		this.chunk[slot] = chunk
		this.row[slot] = row
		this.size++
	}

	/** The same keys with room for twice as many. */
	grown(): KeyTable {
		const table = new KeyTable(this.capacity * 2)
		for (let slot = 0; slot <= this.mask; slot++) {
			const row = this.row[slot] as number
			if (row !== emptyRow)
				table.add(this.high[slot] as number, this.low[slot] as number, this.chunk[slot] as number, row)
		}
		return table
	}

	find(high: number, low: number, found: (location: Location) => void): void {
		let slot = (high ^ (low << 7)) & this.mask
		while (this.row[slot] !== emptyRow) {
			if (this.high[slot] === high && this.low[slot] === low)
				found({ chunk: this.chunk[slot] as number, row: this.row[slot] as number })
			slot = (slot + 1) & this.mask
		}
	}

	/** All keys by ascending `high`. */
	sorted(): SortedKeys {
		// high * 2^21 + slot is an exact double, and typed arrays of doubles sort natively.
		const order = new Float64Array(this.size)
		let n = 0
		for (let slot = 0; slot <= this.mask; slot++) {
			if (this.row[slot] !== emptyRow) order[n++] = (this.high[slot] as number) * 2 ** 21 + slot
		}
		order.sort()
		const keys = emptyKeys(n)
		for (let i = 0; i < n; i++) {
			const slot = (order[i] as number) % 2 ** 21
			keys.high[i] = this.high[slot] as number
			keys.low[i] = this.low[slot] as number
			keys.chunk[i] = this.chunk[slot] as number
			keys.row[i] = this.row[slot] as number
		}
		return keys
	}
}

export const emptyKeys = (n: number): SortedKeys => ({
	high: new Uint32Array(n),
	low: new Uint16Array(n),
	chunk: new Uint32Array(n),
	row: new Uint16Array(n),
})

/** Index of the first key whose `high` is not below the given one. */
export function lowerBound(keys: Uint32Array, high: number, from = 0, to = keys.length): number {
	let low = from
	let end = to
	while (low < end) {
		const middle = (low + end) >>> 1
		if ((keys[middle] as number) < high) low = middle + 1
		else end = middle
	}
	return low
}

export function findSorted(
	keys: SortedKeys,
	high: number,
	low: number,
	found: (location: Location) => void,
): void {
	for (let i = lowerBound(keys.high, high); i < keys.high.length && keys.high[i] === high; i++) {
		if (keys.low[i] === low) found({ chunk: keys.chunk[i] as number, row: keys.row[i] as number })
	}
}

/** A page of a run: the columns `high`, `chunk`, `low` and `row`, 12 bytes per key. */
export function encodePage(keys: SortedKeys, from: number, to: number): Uint8Array {
	const n = to - from
	const bytes = new Uint8Array(n * 12)
	new Uint32Array(bytes.buffer, 0, n).set(keys.high.subarray(from, to))
	new Uint32Array(bytes.buffer, 4 * n, n).set(keys.chunk.subarray(from, to))
	new Uint16Array(bytes.buffer, 8 * n, n).set(keys.low.subarray(from, to))
	new Uint16Array(bytes.buffer, 10 * n, n).set(keys.row.subarray(from, to))
	return bytes
}

export function decodePage(blob: Uint8Array): SortedKeys {
	const bytes = blob.byteOffset % 4 === 0 ? blob : blob.slice()
	const n = bytes.length / 12
	const { buffer, byteOffset } = bytes
	return {
		high: new Uint32Array(buffer, byteOffset, n),
		chunk: new Uint32Array(buffer, byteOffset + 4 * n, n),
		low: new Uint16Array(buffer, byteOffset + 8 * n, n),
		row: new Uint16Array(buffer, byteOffset + 10 * n, n),
	}
}
