const alphabet = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford base 32

/** A sortable, unguessable id such as `inc_01jd…`: 48 bits of time and 80 random bits (the layout of a ULID). */
export function newId(prefix: string, nowMs: number, random: (bytes: number) => Uint8Array): string {
	let text = ''
	let time = nowMs
	for (let i = 0; i < 10; i++) {
		text = alphabet[time % 32] + text
		time = Math.floor(time / 32)
	}
	for (const byte of random(16)) text += alphabet[byte & 31]
	return `${prefix}_${text}`
}
