/** Damaged copies of a file, the same ones each time: one to three bytes changed, now and then cut off. */
export function* damagedCopies(bytes: Uint8Array, count: number): Generator<Uint8Array<ArrayBuffer>> {
	let state = 2463534242
	const below = (n: number) => {
		state ^= state << 13
		state ^= state >>> 17
		state ^= state << 5
		return (state >>> 0) % n
	}
	for (let i = 0; i < count; i++) {
		const copy = new Uint8Array(bytes)
		for (let n = 1 + below(3); n > 0; n--) copy[below(copy.length)] = below(256)
		yield below(8) === 0 ? copy.slice(0, below(copy.length)) : copy
	}
}
