import { sha256, toHex } from '../../core/bytes.ts'

/** SHA-256 of a file's bytes, 64 hexadecimal digits. */
export const digestOf = async (bytes: Uint8Array): Promise<string> =>
	toHex(await sha256(bytes as Uint8Array<ArrayBuffer>))
