import type { VerifierKey } from '../ledger/checkpoint.ts'

/** The Ed25519 key that signs checkpoints: from a file, or in a key management service. */
export type LedgerKey = {
	/** Its public half, under the name of the log. */
	verifier: VerifierKey
	/** The signature, 64 bytes, of a text. */
	sign(text: Uint8Array): Promise<Uint8Array>
	/** A secret of 32 bytes that only processes with the key have: for the MACs of entries, and keyed digests of ids. */
	macKey: Uint8Array
}
