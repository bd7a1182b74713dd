import { sha256Hex } from '../../core/bytes.ts'
import { canonicalJson } from '../../core/canonical-json.ts'

/** How the ledger names a content: entries hold digests, so that they stay small and hold nothing personal. */
export const digestOf = async (content: unknown): Promise<string> =>
	`sha256:${await sha256Hex(canonicalJson(content))}`
