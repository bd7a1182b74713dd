/** Plumbline's own namespace for name-based ids; any fixed UUID would do. */
const namespace = [
	0x6b, 0x5d, 0x3c, 0x1e, 0x0f, 0x4a, 0x4d, 0x86, 0x9a, 0x57, 0x21, 0xc4, 0x7e, 0x90, 0xb8, 0x13,
] // biome-ignore format: one UUID

/** UUID version 5 (RFC 9562, 5.5) of a name: the same fact has the same run, however often it is told. */
export async function runIdOf(name: string): Promise<string> {
	const bytes = new Uint8Array([...namespace, ...new TextEncoder().encode(name)])
	const hash = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes)).slice(0, 16)
	hash[6] = ((hash[6] as number) & 0x0f) | 0x50
	hash[8] = ((hash[8] as number) & 0x3f) | 0x80
	const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
