import * as zlib from 'node:zlib'
import { decompressZstd } from 'hyparquet-compressors'
import { type Codec, codecTag, tagged } from './codec.ts'

const level1 = { params: { [zlib.constants.ZSTD_c_compressionLevel ?? 100]: 1 } }

/** Writes zstd at level 1 where Node has it (22.15 and later), otherwise deflate. Reads both. */
export const nodeCodec: Codec = {
	compress: (bytes) =>
		zlib.zstdCompressSync
			? tagged(codecTag.zstd, zlib.zstdCompressSync(bytes, level1))
			: tagged(codecTag.deflate, zlib.deflateRawSync(bytes, { level: 1 })),
	decompress: (bytes) => {
		const body = bytes.subarray(1)
		if (bytes[0] !== codecTag.zstd) return zlib.inflateRawSync(body)
		return zlib.zstdDecompressSync ? zlib.zstdDecompressSync(body) : decompressZstd(body)
	},
}
