import { decompressZstd } from 'hyparquet-compressors'
import { webCodec as codecWith } from './codec.ts'

/** For workers: writes deflate, and reads what Node wrote with zstd as well. */
export const webCodec = codecWith((bytes) => decompressZstd(bytes))
