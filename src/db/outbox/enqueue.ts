import type { LineageEventType } from '../../ports/lineage.ts'
import type { Change } from '../commit.ts'

/** Which fact a lineage catalogue is told of: read again when it is sent, since what is told never changes. */
export type FactReference = { type: LineageEventType; model: string } & (
	| { fact: 'version'; version: string }
	| { fact: 'deployment'; environment: string; revision: number }
	| { fact: 'baseline'; version: string; digest: string }
)

/** What is to be done outside: an incident told, a fact sent, a training run read. */
export type Errand =
	| { kind: 'incident'; payload: { incidentId: string; channel?: string } }
	| { kind: 'lineage'; payload: FactReference }
	| { kind: 'training-run'; payload: { model: string; version: string } }

export type OutboxMessage = Errand & {
	key: string
	/** The key of a message that has to be done, or given up, before this one is due. */
	after?: string
}

/** Goes into the commit of what the message tells: both happen or neither. The same key again changes nothing. */
export const outboxInsert = (now: number, { key, kind, payload, after }: OutboxMessage): Change => ({
	query: {
		sql: `INSERT OR IGNORE INTO outbox (key, kind, payload, created_at, not_before, attempts, after)
			VALUES (?, ?, ?, ?, ?, 0, ?)`,
		params: [key, kind, JSON.stringify(payload), now, now, after ?? null],
	},
})
