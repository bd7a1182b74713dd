import type { Context } from '../../context.ts'
import type { Change } from '../../db/changes.ts'
import { outboxInsert } from '../../db/outbox.ts'

/**
 * What goes with each change of a request, in its commit: the message that shows it in Slack, and the lines for the
 * timeline of its incident.
 */
export const requestNews = (
	context: Context,
	request: { id: string; incident: string | null },
	revision: number,
	who: string,
	lines: readonly string[],
): Change[] => [
	requestMessage(context, request, revision),
	...incidentNotes(context, request.incident, who, lines),
]

/** The message that shows a revision of a request in Slack. */
export const requestMessage = (context: Context, { id }: { id: string }, revision: number): Change =>
	outboxInsert(context.now(), {
		key: `request:${id}:${revision}`,
		kind: 'request',
		payload: { requestId: id },
	})

/** Lines for the timeline of an incident as one more revision, announced in its channels. */
export function incidentNotes(
	context: Context,
	incident: string | null,
	who: string,
	lines: readonly string[],
): Change[] {
	if (incident === null || lines.length === 0) return []
	const now = context.now()
	const events = lines.map((what, seq) => ({
		query: {
			sql: `INSERT INTO incident_event (incident, revision, seq, at, who, what)
				SELECT id, revision, ?, ?, ?, ? FROM incident WHERE id = ?`,
			params: [seq, now, who, what, incident],
		},
	}))
	return [
		{ query: { sql: 'UPDATE incident SET revision = revision + 1 WHERE id = ?', params: [incident] } },
		...events,
		{ query: { sql: announceSql, params: [now, incident] } },
	]
}

// The payload has the bytes of JSON.stringify: messages with the same content are delivered as one.
const announceSql = `INSERT OR IGNORE INTO outbox (key, kind, payload, created_at, not_before, attempts)
	SELECT 'incident:' || i.id || ':' || i.revision || ':' || coalesce(c.value, ''), 'incident',
		CASE WHEN c.value IS NULL THEN json_object('incidentId', i.id)
			ELSE json_object('incidentId', i.id, 'channel', c.value) END, ?1, ?1, 0
	FROM incident i LEFT JOIN json_each(i.channels) c WHERE i.id = ?2`
