import type { VerifierKey } from '../ledger/checkpoint.ts'

/** The Ed25519 key that signs checkpoints: from a file, or in a key management service. */
export type LedgerKey = {
	/** Its public half, under the name of the log. */
	verifier: VerifierKey
	/** The signature, 64 bytes, of a text. */
	sign(text: Uint8Array): Promise<Uint8Array>
	/**
	 * A secret of 32 bytes that only processes with the key have: for the MACs of entries, and keyed digests of ids. It stays the
	 * same when another key takes over.
	 */
	macKey: Uint8Array
	/** A secret of 32 bytes for a purpose, which only who has the key can compute. */
	derive(purpose: string): Uint8Array
}

/** Where the newest checkpoint is kept outside of the database, so that an older copy of the database is noticed. */
export type CheckpointFile = {
	/** Named in messages. */
	path: string
	read(): Promise<string | undefined>
	write(note: string): Promise<void>
}

/** Who is shown checkpoints, beside Slack. */
export type LedgerAnchors = {
	/** C2SP tlog-witness: the prefix of its URLs, and the key that its cosignatures are checked with. */
	witness?: { url: string; key: VerifierKey }
	/** A time-stamping authority of RFC 3161. */
	timestampUrl?: string
}
