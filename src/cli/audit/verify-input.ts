import type { VerifierKey } from '../../ledger/checkpoint.ts'
import type { StoredCheckpoint } from '../../ledger/verify-log.ts'

/** What each kind of source is verified with. */
export type VerifyInput = {
	key: VerifierKey
	older: StoredCheckpoint | undefined
	onProgress: (done: number, total: number) => void
}
