/**
 * All bytes of a stream, or undefined when there are more than `mostBytes`: then no more are read. `expected` is how many
 * will come, where that is known, so that a large file stands in memory once.
 */
export async function collectBytes(
	stream: ReadableStream<Uint8Array> | null,
	mostBytes: number,
	expected = 0,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
	if (expected > mostBytes) {
		await stream?.cancel()
		return undefined
	}
	let buffer = new Uint8Array(expected)
	let size = 0
	for await (const part of stream ?? []) {
		const needed = size + part.byteLength
		if (needed > mostBytes) return undefined
		if (needed > buffer.length) {
			const larger = new Uint8Array(Math.min(mostBytes, Math.max(needed, 2 * buffer.length)))
			larger.set(buffer.subarray(0, size))
			buffer = larger
		}
		buffer.set(part, size)
		size = needed
	}
	return size === buffer.length ? buffer : buffer.slice(0, size)
}
