import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Change, commit } from '../../db/commit.ts'
import { type Claim, deliverer } from '../../db/outbox/claim.ts'
import { slackMessages } from '../../db/schema.ts'
import type { SqlValue } from '../../db/sql.ts'

export type StoredPlace = typeof slackMessages.$inferSelect
type Column = 'ts' | 'channel_id' | 'replies' | 'attempted_replies'

// Whoever lost the claim meanwhile must not write: the message is another's now.
const held = 'EXISTS (SELECT 1 FROM outbox WHERE claim = ?)'

/** Where an incident's message stands in a channel, as one delivery writes it. Throws `conflict` once its claim is lost. */
export class MessagePlace {
	private readonly context: Context
	private readonly claim: Claim
	private readonly key: readonly [incident: string, channel: string]

	constructor(context: Context, claim: Claim, incident: string, channel: string) {
		this.context = context
		this.claim = claim
		this.key = [incident, channel]
	}

	async read(): Promise<StoredPlace | undefined> {
		const [incident, channel] = this.key
		const mine = and(eq(slackMessages.incident, incident), eq(slackMessages.channel, channel))
		const [row] = await this.context.db.select().from(slackMessages).where(mine)
		return row
	}

	/** On record before the message is posted: after a crash we look for it before we post again. */
	async beginPost(): Promise<void> {
		const now = this.context.now()
		await this.write(
			`INSERT INTO slack_message (incident, channel, ts, attempted_at, replies, attempted_replies)
				SELECT ?, ?, NULL, ?, 0, 0 WHERE ${held}
				ON CONFLICT DO UPDATE SET ts = NULL, attempted_at = excluded.attempted_at, replies = 0, attempted_replies = 0`,
			[...this.key, now, this.claim.token],
		)
	}

	/** Slack has refused the post, or the message is gone: there is none. */
	forget(): Promise<void> {
		const sql = `DELETE FROM slack_message WHERE incident = ? AND channel = ? AND ${held}`
		return this.write(sql, [...this.key, this.claim.token])
	}

	set(values: Partial<Record<Column, string | number>>): Promise<void> {
		const columns = Object.keys(values).map((name) => `${name} = ?`)
		const sql = `UPDATE slack_message SET ${columns.join(', ')} WHERE incident = ? AND channel = ? AND ${held}`
		return this.write(sql, [...Object.values(values), ...this.key, this.claim.token])
	}

	private async write(sql: string, params: SqlValue[]): Promise<void> {
		const change: Change = { query: { sql, params }, guarded: true }
		await commit(this.context, deliverer, [], [change])
	}
}
