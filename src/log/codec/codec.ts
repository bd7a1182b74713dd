import { decompressZstd } from 'hyparquet-compressors'
import type { RowVault } from './row-vault.ts'

/** Compression of chunk bodies. The first byte names the format, so that every runtime reads what another wrote. */
export type Codec = {
	/** The keys of encrypted rows. Absent where there is no place for them. */
	vault?: RowVault

	compress(bytes: Uint8Array<ArrayBuffer>): Uint8Array | Promise<Uint8Array>
	decompress(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}

export const codecTag = { zstd: 1, deflate: 2 } as const

export function tagged(tag: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
	const out = new Uint8Array(bytes.length + 1)
	out[0] = tag
	out.set(bytes, 1)
	return out
}

async function pipe(
	bytes: Uint8Array,
	through: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
	const body = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(through)
	return new Uint8Array(await new Response(body).arrayBuffer())
}

/** For workers: writes deflate with the web's streams, and also reads what Node wrote with zstd. */
export const webCodec: Codec = {
	compress: async (bytes) =>
		tagged(codecTag.deflate, await pipe(bytes, new CompressionStream('deflate-raw'))),
	decompress: async (bytes) =>
		bytes[0] === codecTag.zstd
			? decompressZstd(bytes.subarray(1))
			: pipe(bytes.subarray(1), new DecompressionStream('deflate-raw')),
}
