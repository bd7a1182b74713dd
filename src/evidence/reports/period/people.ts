import { and, asc, lt, or, sql } from 'drizzle-orm'
import type { Context } from '../../../context.ts'
import type { Role } from '../../../core/actor.ts'
import { matchesGlob } from '../../../core/glob.ts'
import { formatTime } from '../../../core/time.ts'
import { ledgerEntries } from '../../../db/schema.ts'
import type { LedgerEntry } from '../../../ledger/entry.ts'
import type { ReportCut, ReportTable } from '../template.ts'
import { tableOf } from './section.ts'

/** Somebody who could stop the model at the cut: by a vote, by cancelling, or by changing what is deployed. */
export type Overseer = {
	actor: string
	name: string | null
	owner: string | null
	role: Role
	since: string
	until: string | null
}

const stoppers: readonly Role[] = ['approver', 'admin']

type Granted = {
	name?: string
	role?: Role
	models?: string[]
	owner?: string | null
	expiresAt?: string | null
}

/** Read from the ledger, since keys and mappings have changed since. People of a mapping file leave no entry. */
export async function overseersAt(context: Context, model: string, cut: ReportCut): Promise<Overseer[]> {
	const ofAccess = or(
		sql`${ledgerEntries.object} GLOB 'key:*'`,
		sql`${ledgerEntries.object} GLOB 'slack-user:*'`,
	)
	const rows = await context.db
		.select({ entry: ledgerEntries.entry })
		.from(ledgerEntries)
		.where(and(ofAccess, lt(ledgerEntries.idx, cut.size)))
		.orderBy(asc(ledgerEntries.idx))
	const held = new Map<string, Granted & { since: string }>()
	for (const { entry } of rows) {
		const { action, object, at, details = {} } = JSON.parse(entry) as LedgerEntry
		if (action === 'revoke-key' || action === 'unmap-slack-user') held.delete(object)
		else if (action === 'create-key' || action === 'map-slack-user')
			held.set(object, { ...(details as Granted), since: at })
	}
	const now = formatTime(cut.at)
	return [...held].flatMap(([object, { name, role, models = [], owner, expiresAt, since }]) =>
		role !== undefined &&
		stoppers.includes(role) &&
		models.some((glob) => matchesGlob(glob, model)) &&
		(typeof expiresAt !== 'string' || expiresAt > now)
			? [
					{
						actor: object.replace(/^slack-user:/, 'slack:'),
						name: name ?? null,
						owner: owner ?? null,
						role,
						since,
						until: expiresAt ?? null,
					},
				]
			: [],
	)
}

export const overseerTable = (people: readonly Overseer[]): ReportTable =>
	tableOf('overseers', 'Who could stop the model at the cut', people, {
		actor: ({ actor }) => actor,
		name: ({ name }) => name,
		person: ({ owner, actor }) => owner ?? actor,
		role: ({ role }) => role,
		since: ({ since }) => since,
		until: ({ until }) => until,
	})
