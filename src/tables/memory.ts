type Transferable = ArrayBuffer & { transfer?(bytes: number): ArrayBuffer }
type Array = (
	| Uint8Array<ArrayBuffer>
	| Uint16Array<ArrayBuffer>
	| Uint32Array<ArrayBuffer>
	| Int32Array<ArrayBuffer>
	| Float64Array<ArrayBuffer>
) & {
	constructor: unknown
}

/**
 * The array with at least twice the room; the old one must not be used afterwards. The platform moves its memory without
 * a copy where it can (since Node 21), so a growing array is never in memory twice.
 */
export function doubled<T extends Array>(array: T, minLength = array.length * 2): T {
	const make = array.constructor as new (from: ArrayBuffer | number) => T
	const length = Math.max(minLength, array.length * 2)
	const buffer: Transferable = array.buffer
	if (buffer.transfer) return new make(buffer.transfer(length * array.BYTES_PER_ELEMENT))
	const larger = new make(length)
	larger.set(array)
	return larger
}

/** Frees the memory of an array now instead of at the next garbage collection. Nothing may use the array afterwards. */
export function release(array: Float64Array | Uint32Array | Uint8Array): void {
	const buffer = array.buffer as Transferable
	buffer.transfer?.(0)
}
