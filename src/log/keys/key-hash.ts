/**
 * Hashes keys of a model into 48 bits: two multiplicative lanes over UTF-16 code units, and murmur3's finaliser. `space` keeps
 * the kinds of rows apart. Each database has its own seed, so that nobody can prepare ids that collide.
 */
export function hashKeys(
	seed: number,
	space: number,
	model: string,
	ids: readonly string[],
): { high: Uint32Array; low: Uint16Array } {
	const high = new Uint32Array(ids.length)
	const low = new Uint16Array(ids.length)
	let a0 = Math.imul(seed ^ space, 0x9e3779b1)
	let b0 = Math.imul(seed + space, 0x85ebca6b) ^ 0x41c6ce57
	for (let i = 0; i < model.length; i++) {
		a0 = Math.imul(a0 ^ model.charCodeAt(i), 0x9e3779b1)
		b0 = Math.imul(b0 ^ model.charCodeAt(i), 0x5f356495)
	}
	for (let k = 0; k < ids.length; k++) {
		const id = ids[k] as string
		let a = a0 ^ id.length
		let b = b0
		for (let i = 0; i < id.length; i++) {
			const code = id.charCodeAt(i)
			a = Math.imul(a ^ code, 0x9e3779b1)
			a ^= a >>> 15
			b = Math.imul(b ^ code, 0x5f356495)
		}
		a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
		b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
		high[k] = (a ^ (a >>> 16)) >>> 0
		low[k] = (b ^ (b >>> 16)) & 0xffff
	}
	return { high, low }
}
