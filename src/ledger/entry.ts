import { canonicalJson } from '../core/canonical-json.ts'

/** What the ledger says of one change of state or one sensitive read. Personal data never goes in: digests do. */
export type LedgerEntry = {
	at: string // RFC 3339, UTC
	actor: { id: string; how: string }
	/** Id of the HTTP request, as in `X-Request-Id`. */
	request?: string
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
