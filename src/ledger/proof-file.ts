import { fromBase64, toBase64 } from '../core/bytes.ts'
import { type ParsedNote, parseCheckpoint } from './checkpoint.ts'
import { hashBytes } from './tree.ts'

// A proof of one entry in a file, as in C2SP tlog-proof: its index, the hashes from the leaf to the root, and the signed
// checkpoint with that root.

const firstLine = 'c2sp.org/tlog-proof@v1'

/** `note`: the signed checkpoint. */
export const formatProof = (index: number, hashes: readonly Uint8Array[], note: string): string =>
	`${firstLine}\nindex ${index}\n${hashes.map((h) => `${toBase64(h)}\n`).join('')}\n${note}`

export type ProofFile = { index: number; hashes: Uint8Array[]; note: ParsedNote }

/** Reads a proof without checking it. Undefined if it is not one. An `extra` line is skipped. */
export function parseProof(text: string): ProofFile | undefined {
	const end = text.indexOf('\n\n')
	const note = end < 0 ? undefined : parseCheckpoint(text.slice(end + 2))
	const [first, ...rest] = text.slice(0, Math.max(0, end)).split('\n')
	const lines = rest[0]?.startsWith('extra ') ? rest.slice(1) : rest
	const index = /^index (0|[1-9]\d{0,15})$/.exec(lines[0] ?? '')?.[1]
	const hashes = lines.slice(1).map((line) => fromBase64(line))
	if (first !== firstLine || !note || index === undefined) return undefined
	if (!hashes.every((h) => h?.length === hashBytes)) return undefined
	return { index: Number(index), hashes: hashes as Uint8Array[], note }
}
