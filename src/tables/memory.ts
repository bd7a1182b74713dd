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
 * The array with room for twice as much; the old one is gone. Its memory is moved, not copied, where the platform can
 * (from Node 21 on), so that what grows is never there twice.
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

/** Gives the memory of an array back now, not when it is next looked for. Nothing may use the array afterwards. */
export function release(array: Float64Array | Uint32Array | Uint8Array): void {
	const buffer = array.buffer as Transferable
	buffer.transfer?.(0)
}
