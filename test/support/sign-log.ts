import type { Context } from '../../src/context.ts'
import { checkpoint } from '../../src/evidence/ledger/checkpoint.ts'
import { commitState } from '../../src/evidence/ledger/commit-state.ts'
import { sealRows } from '../../src/evidence/ledger/seal-rows.ts'

/** Commits to all rows and signs, as the job does. Returns the checkpoint. */
export async function signLog(context: Context): Promise<string> {
	await sealRows(context)
	const { mismatches } = await commitState(context)
	if (mismatches.length > 0) throw new Error(JSON.stringify(mismatches))
	return (await checkpoint(context))?.note ?? ''
}
