import { sha256, utf8 } from '../core/bytes.ts'
import { canonicalJson } from '../core/canonical-json.ts'

/** What the ledger says of one change of state or one sensitive read. Personal data never goes in: digests do. */
export type LedgerEntry = {
	at: string // RFC 3339, UTC
	actor: { id: string; how: string }
	action: string // verb-noun: "open-incident"
	object: string // "incident:inc_…"
	model?: string
	why?: string
	before?: string // digests, "sha256:<hex>"
	after?: string
	details?: Record<string, unknown>
}

/** The leaf's data: canonical JSON, so that an outsider can rebuild it byte for byte. */
export const entryText = (entry: LedgerEntry): string => canonicalJson(entry)

/** RFC 6962, 2.1: leaf = SHA-256(0x00 || data). */
export async function leafHash(text: string): Promise<Uint8Array<ArrayBuffer>> {
	const data = utf8(text)
	const leaf = new Uint8Array(data.length + 1)
	leaf.set(data, 1)
	return sha256(leaf)
}
