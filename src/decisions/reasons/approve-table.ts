import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, personOf } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { type Change, commit } from '../../db/commit.ts'
import { reasonTableApprovals } from '../../db/schema.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { personsNow } from '../../registry/person/persons-now.ts'
import type { ReasonTableApproval, TableRecord } from './reason-table.schema.ts'
import {
	approversNeeded,
	findTable,
	newestApproved,
	statusOf,
	type TableRow,
	withApprovals,
} from './table-record.ts'

/**
 * Approves a reason table. The second approval brings it into force, in the same commit. Refuses the proposer, a second
 * approval by the same person, a digest that is not the table's, and a superseded table.
 */
export async function approveTable(
	context: Context,
	actor: Actor,
	model: string,
	revision: number,
	input: ReasonTableApproval,
): Promise<TableRecord> {
	authorise(actor, 'approver', model)
	const row = await findTable(context, model, revision)
	await check(context, actor, row, input)
	const at = context.now()
	const person = personOf(actor)
	const approval = {
		model,
		revision,
		approver: actor.id,
		person,
		digest: row.digest,
		reason: input.reason,
		at,
	}
	const entry = {
		action: 'approve-reason-table',
		object: `reason-table:${model}/${revision}`,
		model,
		why: input.reason.slice(0, 1000),
		after: row.digest,
	}
	try {
		await commit(context, actor, entry, [
			{
				query: context.db.insert(reasonTableApprovals).values(approval).onConflictDoNothing(),
				guarded: true,
			},
			intoForce(row, at),
		])
	} catch (error) {
		// Two approvals at the same time: the one that failed reads the current state.
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
		await check(context, actor, await findTable(context, model, revision), input)
		throw error
	}
	const [record] = await withApprovals(context, [await findTable(context, model, revision)])
	return record as TableRecord
}

/** Takes effect only with enough approvals of the table and while no newer table of the same scope is in force. */
export const intoForce = (
	{ model, revision, version }: TableRow,
	at: number,
	needed = approversNeeded,
): Change => ({
	query: {
		sql: `UPDATE reason_table SET approved_at = ?1 WHERE model = ?2 AND revision = ?3 AND approved_at IS NULL
			AND (SELECT count(*) FROM reason_table_approval a WHERE a.model = ?2 AND a.revision = ?3) >= ?4
			AND NOT EXISTS (SELECT 1 FROM reason_table n WHERE n.model = ?2 AND n.version IS ?5
				AND n.revision > ?3 AND n.approved_at IS NOT NULL)`,
		params: [at, model, revision, needed, version],
	},
})

async function check(
	context: Context,
	actor: Actor,
	row: TableRow,
	{ digest }: ReasonTableApproval,
): Promise<void> {
	const person = personOf(actor)
	const approvals = await context.db
		.select()
		.from(reasonTableApprovals)
		.where(and(eq(reasonTableApprovals.model, row.model), eq(reasonTableApprovals.revision, row.revision)))
	const personNow = await personsNow(context, [row.proposer, ...approvals.map((a) => a.approver)])
	const isMine = (id: string, then: string | null) =>
		[id, then, personNow(id)].some((p) => p === actor.id || p === person)
	if (isMine(row.proposer, row.proposerPerson))
		throw new AppError(
			'forbidden',
			`${row.proposerPerson ?? row.proposer} proposed this table: two other people must approve it, so that nobody approves their own words.`,
		)
	if (digest !== row.digest) {
		const message = `is not the digest of this table, ${row.digest}. Read the table again before you approve it`
		throw new AppError('conflict', `digest: ${message}.`, { faults: [{ path: 'digest', message }] })
	}
	const status = statusOf(row, await newestApproved(context, row))
	if (status !== 'draft')
		throw new AppError(
			'conflict',
			status === 'approved'
				? `The reason table ${row.revision} is already in force.`
				: `A newer reason table than ${row.revision} is in force. Propose a new table.`,
		)
	const known = approvals.find((a) => isMine(a.approver, a.person))
	if (known)
		throw new AppError(
			'conflict',
			`${known.person ?? known.approver} has already approved this table: it takes ${approversNeeded} different people.`,
		)
}
