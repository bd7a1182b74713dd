import type { Change, EntryDraft } from '../../db/commit.ts'

/** What one commit is going to change, with its ledger entries. */
export type ChangeSet = { changes: Change[]; entries: EntryDraft[] }

export const newChangeSet = (): ChangeSet => ({ changes: [], entries: [] })

/** Who acts when rules do. */
export const ruleActor = { id: 'job:evaluate-rules', how: 'job' } as const
