import type { ByteHold } from './byte-budget.ts'

type Growing = ArrayBuffer & { transfer?(bytes: number): ArrayBuffer }

/**
 * All bytes of a stream, or undefined when there are more than `maxBytes`: reading stops there. `expected` is their number
 * where it is known, so that a large file is in memory only once. The bytes are counted in `hold`.
 */
export async function collectBytes(
	stream: (AsyncIterable<Uint8Array> & { cancel?(): Promise<void> }) | null,
	maxBytes: number,
	expected = 0,
	hold?: ByteHold,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
	if (expected > maxBytes) {
		await stream?.cancel?.()
		return undefined
	}
	let buffer = new Uint8Array(0)
	let size = 0
	for await (const part of stream ?? []) {
		const needed = size + part.byteLength
		if (needed > maxBytes) return undefined
		if (needed > buffer.length) {
			// The buffer grows with the bytes that arrive, whatever length the client has announced.
			const target = expected >= needed ? expected : maxBytes
			const length = Math.min(target, Math.max(needed, 2 * buffer.length))
			await hold?.take(length - buffer.length)
			buffer = resized(buffer, length)
		}
		buffer.set(part, size)
		size = needed
	}
	hold?.give(buffer.length - size)
	return size === buffer.length ? buffer : resized(buffer, size)
}

/** The bytes in a longer or shorter buffer, moved where the platform can, else copied. */
function resized(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
	const buffer: Growing = bytes.buffer
	if (buffer.transfer) return new Uint8Array(buffer.transfer(length))
	const other = new Uint8Array(length)
	other.set(bytes.subarray(0, length))
	return other
}
