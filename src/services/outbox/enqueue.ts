import type { Change } from '../../db/commit.ts'

export type OutboxMessage = {
	key: string
	kind: 'incident'
	payload: { incidentId: string; channel?: string }
}

/** Goes into the commit of what the message tells: both happen or neither. The same key again changes nothing. */
export const outboxInsert = (now: number, { key, kind, payload }: OutboxMessage): Change => ({
	query: {
		sql: `INSERT OR IGNORE INTO outbox (key, kind, payload, created_at, not_before, attempts) VALUES (?, ?, ?, ?, ?, 0)`,
		params: [key, kind, JSON.stringify(payload), now, now],
	},
})
