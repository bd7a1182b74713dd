import type { Context } from '../../context.ts'
import { toHex } from '../../core/bytes.ts'
import { matchesGlob } from '../../core/glob.ts'
import { dayMs, formatTime, parseDuration } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { deletedKinds } from '../../db/schema.ts'
import { joinHashes, MemoryTree } from '../../ledger/tree.ts'
import { deleteStatements } from '../../log/maintain/delete-rows.ts'
import { kindNumber } from '../../log/row-kinds.ts'
import { allModels } from '../../registry/model/find-model.ts'
import { lawAt, lawTable } from '../reports/law.ts'
import { forgetEnded, heldNow } from './holds.ts'

const deleter = { id: 'job:delete-due', how: 'job' } as const
const chunksAtOnce = 500
const daysPerMonth = 30.4375

type Kind = (typeof deletedKinds)[number]
const numbers: Partial<Record<Kind, number>> = {
	predictions: kindNumber.prediction,
	features: kindNumber.feature,
	outcomes: kindNumber.outcome,
	groups: kindNumber.group,
}

/**
 * Deletes rows and reports that are older than the models say, also from archive files, and says so in the ledger. What is on
 * hold stays. Deleted rows keep their seal and its root; the entry `delete-rows` takes the place of their payloads.
 */
export async function deleteDue(context: Context): Promise<{ deletedRows: number; deletedReports: number }> {
	await forgetEnded(context)
	const held = await heldNow(context)
	let [deletedRows, deletedReports] = [0, 0]
	for (const { name, deleteAfter } of await allModels(context)) {
		if (held.models.has(name)) continue
		const subjects = held.subjects.flatMap(({ subject, models }) =>
			subject !== null && models.some((glob) => matchesGlob(glob, name)) ? [subject] : [],
		)
		for (const kind of deletedKinds) {
			const before = dueBefore(context, kind, deleteAfter?.[kind])
			if (before === undefined) continue
			if (kind === 'reports') deletedReports += await deleteReports(context, name, before, subjects)
			else deletedRows += await deleteRows(context, name, kind, before, subjects)
		}
	}
	if (deletedRows + deletedReports > 0) await context.log.scrub()
	return { deletedRows, deletedReports }
}

/** `law`: the longest time that a law in force says for this kind. Undefined: never. */
function dueBefore(context: Context, kind: Kind, after: string | undefined): number | undefined {
	if (after === undefined) return undefined
	const now = context.now()
	if (after !== 'law') return now - (parseDuration(after) as number)
	const months = [...lawTable(context).keys()].flatMap((id) => {
		const rule = lawAt(context, id, now)?.retention
		return rule?.kinds.includes(kind) ? [rule.months] : []
	})
	return months.length === 0 ? undefined : now - Math.max(...months) * daysPerMonth * dayMs
}

async function deleteRows(
	context: Context,
	model: string,
	kind: Kind,
	before: number,
	subjects: readonly string[],
): Promise<number> {
	const number = numbers[kind] as number
	const kept = new Set<number>()
	for (const subject of subjects)
		for (const rows of Object.values(await context.log.rowsOfSubject(model, subject)))
			for (const { chunk } of rows) kept.add(chunk)
	let deleted = 0
	for (;;) {
		const due = await context.log.dueChunks({ model, kind: number, before, kept, max: chunksAtOnce })
		if (due.chunks.length === 0) return deleted
		const seals = [...due.seals].sort((a, b) => a - b)
		const roots = await context.sql.all<{ root: Uint8Array }>({
			sql: 'SELECT root FROM log_seal WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
			params: [JSON.stringify(seals)],
		})
		const digest = toHex(await new MemoryTree(joinHashes(roots.map(({ root }) => root))).root())
		const entry = {
			action: 'delete-rows',
			object: `model:${model}`,
			model,
			details: { kind, rows: due.rows, before: formatTime(before), seals, digest },
		}
		const index = '(SELECT coalesce(max(idx) + 1, 0) FROM ledger_entry)'
		const changes = deleteStatements(model, due, index).map((query) => ({ query }))
		await commit(context, deleter, entry, changes)
		await context.log.forgetDeleted(due.files)
		deleted += due.rows
	}
}

/** The files of a report; that there was one, its digests and who approved it stay. */
async function deleteReports(
	context: Context,
	model: string,
	before: number,
	subjects: readonly string[],
): Promise<number> {
	const due = await context.sql.all<{ id: string; manifest: string }>({
		sql: `SELECT id, manifest FROM report WHERE model = ? AND created_at < ? AND erased_at IS NULL
			AND (subject IS NULL OR subject NOT IN (SELECT value FROM json_each(?))) ORDER BY id`,
		params: [model, before, JSON.stringify(subjects)],
	})
	for (const { id, manifest } of due) {
		const entry = {
			action: 'erase-rows',
			object: `row:report/${id}`,
			model,
			details: { manifest, before: formatTime(before) },
		}
		await commit(context, deleter, entry, [
			{ query: { sql: 'DELETE FROM report_file WHERE report = ?', params: [id] } },
			{
				query: {
					sql: `UPDATE report SET subject = NULL, prediction_id = NULL, identity = id, erased_at = ?
						WHERE id = ? AND erased_at IS NULL`,
					params: [context.now(), id],
				},
				guarded: true,
			},
		])
	}
	return due.length
}
