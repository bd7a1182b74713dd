import { eq, isNull, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { SerialQueue } from '../../core/serial-queue.ts'
import { type Change, commit } from '../../db/commit.ts'
import { type ErasureCounts, erasures } from '../../db/schema.ts'
import type { SubjectRows } from '../../log/prediction-log.ts'
import { kindNumber, predictionKey, type RowKind, subjectKey } from '../../log/row-kinds.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel, reachedModels } from '../../registry/model/find-model.ts'
import { forgetRequests } from '../clocks/subject-requests.ts'
import { idDigest } from '../ledger/id-digest.ts'
import { sealChunk } from '../ledger/seal-rows.ts'
import type { EraseInput, Erasure } from './erasure.schema.ts'
import { checkReason, countHolds, noNewHold, refuseOnHold } from './holds.ts'
import { subjectDigest } from './keyed-digest.ts'
import { countPersonalRecords, erasePersonalRecords } from './personal-records.ts'

type ErasureRow = typeof erasures.$inferSelect
type Found = { model: string; rows: SubjectRows }

const maxTries = 5
const queues = new WeakMap<object, SerialQueue>()

/** One erasure at a time in a process: two of the same subject would wait for each other's commits. */
function inTurn<T>(context: Context, work: () => Promise<T>): Promise<T> {
	const queue = queues.get(context.db) ?? new SerialQueue()
	queues.set(context.db, queue)
	return queue.run(work)
}

/**
 * Erases a subject: its predictions with their features, outcomes and groups, and whatever else was stored about them. It
 * resolves when the values are in no file any more. Throws `on-hold`. Rows that arrive later with other ids are accepted.
 */
export async function eraseSubject(
	context: Context,
	actor: Actor,
	subject: string,
	input: EraseInput,
): Promise<Erasure> {
	authorise(actor, 'admin')
	checkReason(input.reason, subject)
	const models = await modelsOf(context, actor, input.models)
	return inTurn(context, async () => {
		// Find what there is, and decide: from this commit on the predictions are refused and not read any more.
		const erasure = await decide(context, actor, subject, models, input.reason)
		// Destroy the values, then what is left of them in the files.
		await finishErasure(context, erasure)
		return { status: 'erased' as const, counts: erasure.counts, entry: erasure.entry }
	})
}

async function modelsOf(
	context: Context,
	actor: Actor,
	names: readonly string[] | undefined,
): Promise<string[]> {
	if (names === undefined) return reachedModels(context, actor)
	for (const name of names) {
		authorise(actor, 'admin', name)
		await findModel(context, name)
	}
	return [...new Set(names)]
}

async function decide(
	context: Context,
	actor: Actor,
	subject: string,
	models: readonly string[],
	reason: string,
): Promise<ErasureRow> {
	for (let attempt = 1; ; attempt++) {
		const holds = await countHolds(context)
		const found: Found[] = []
		for (const model of models) found.push({ model, rows: await context.log.rowsOfSubject(model, subject) })
		const touched = found.filter(({ rows }) => Object.values(rows).some((list) => list.length > 0))
		await refuseOnHold(
			context,
			subject,
			models,
			touched.map(({ model }) => model),
		)
		try {
			return await store(context, actor, { subject, reason, models, found: touched, holds })
		} catch (error) {
			// Another process has erased rows, or somebody created a hold: look again.
			if (!(error instanceof AppError && error.code === 'conflict') || attempt === maxTries) throw error
		}
	}
}

/** What is counted was not refused before: another process may be erasing it. */
async function newRows(context: Context, { model, rows }: Found): Promise<SubjectRows> {
	const known = new Set<string>()
	for (const { id } of rows.predictions) if (await context.log.isErased(model, id)) known.add(id)
	const fresh = (list: SubjectRows['predictions']) => list.filter(({ id }) => !known.has(id))
	return {
		predictions: fresh(rows.predictions),
		features: fresh(rows.features),
		outcomes: fresh(rows.outcomes),
		groups: fresh(rows.groups),
	}
}

type Decision = {
	subject: string
	reason: string
	models: readonly string[]
	found: readonly Found[]
	holds: number
}

async function store(context: Context, actor: Actor, decision: Decision): Promise<ErasureRow> {
	const { subject, reason, models, found, holds } = decision
	const digest = await subjectDigest(context, subject)
	const counts: ErasureCounts = { predictions: 0, outcomes: 0, features: 0, groups: 0, explanations: 0 }
	const changes: Change[] = [noNewHold(holds)]
	const predictions: Record<string, string[]> = Object.fromEntries(models.map((model) => [model, []]))
	for (const one of found) {
		const rows = await newRows(context, one)
		for (const kind of ['predictions', 'outcomes', 'features', 'groups'] as const)
			counts[kind] += rows[kind].length
		const ids = one.rows.predictions.map(({ id }) => id)
		predictions[one.model] = ids
		counts.explanations += await countPersonalRecords(context, { ...one, subject, ids })
		if (ids.length > 0)
			for (const statement of await context.log.refusing(one.model, ids)) changes.push({ query: statement })
	}
	const now = context.now()
	const row = {
		id: newId('era', now, context.random),
		pending: { subject, predictions },
		...{ digest, counts },
		startedAt: now,
		finishedAt: null,
	}
	const touched = found.map(({ model }) => model)
	const entry = {
		action: 'erase-subject',
		object: `subject:${digest}`,
		...(touched.length === 1 ? { model: touched[0] as string } : {}),
		why: reason,
		details: { counts, models: touched },
	}
	// The entry that follows in this commit gets the next index.
	const insert = context.db
		.insert(erasures)
		.values({ ...row, entry: sql`(SELECT coalesce(max(idx) + 1, 0) FROM ledger_entry)` })
	const [committed] = await commit(context, actor, entry, [...changes, { query: insert }])
	return { ...row, entry: committed?.index ?? -1 }
}

const storedId = (kind: RowKind, id: string, subject: string): string =>
	kind === 'prediction' || kind === 'outcome' ? id : id === '' ? subjectKey(subject) : predictionKey(id)

/** An entry commits to the rows before they are destroyed, so that they can be proven like all others. */
async function sealBefore(context: Context, rows: readonly { chunk: number }[]): Promise<void> {
	if (!context.ledgerKey) return
	for (let attempt = 1; attempt <= maxTries; attempt++) {
		const unsealed = await context.sql.all<{ chunk: number }>({
			sql: `SELECT u.chunk AS chunk FROM log_unsealed u LEFT JOIN log_alias a ON a.id = u.chunk
				WHERE coalesce(a.target, u.chunk) IN (SELECT value FROM json_each(?))`,
			params: [JSON.stringify([...new Set(rows.map(({ chunk }) => chunk))])],
		})
		if (unsealed.length === 0) return
		for (const { chunk } of unsealed) await sealChunk(context, chunk)
	}
}

/** Destroys what an erasure has decided. Whatever of it was done before a crash is not done again. */
async function finishErasure(context: Context, { id, pending, entry }: ErasureRow): Promise<void> {
	for (const [model, ids] of Object.entries(pending?.predictions ?? {})) {
		const { subject } = pending as NonNullable<ErasureRow['pending']>
		const found = await context.log.rowsOfSubject(model, subject, ids)
		// Predictions that arrived later are not refused, so they stay.
		const rows = { ...found, predictions: found.predictions.filter((row) => ids.includes(row.id)) }
		const person = { model, subject, rows, ids }
		await sealBefore(context, Object.values(rows).flat())
		await erasePersonalRecords(context, person)
		// Predictions first: their outcomes are still needed to round what the summaries have of them.
		for (const kind of ['prediction', 'outcome', 'feature', 'group'] as const)
			await context.log.eraseRows(
				{ model, subject, entry },
				rows[`${kind}s`].map(({ chunk, row, id }) => ({
					...{ chunk, row },
					idDigest: idDigest(context, model, kindNumber[kind], storedId(kind, id, subject)),
				})),
			)
		// What a job has computed meanwhile.
		await erasePersonalRecords(context, person)
	}
	if (pending) await forgetRequests(context, pending.subject, Object.keys(pending.predictions))
	await context.db.update(erasures).set({ pending: null }).where(eq(erasures.id, id))
	await context.log.scrub()
	await context.db.update(erasures).set({ finishedAt: context.now() }).where(eq(erasures.id, id))
}

/** Finishes the erasures that a process left behind when it ended. Returns their number. */
export async function finishErasures(context: Context): Promise<number> {
	return inTurn(context, async () => {
		const rows = await context.db.select().from(erasures).where(isNull(erasures.finishedAt))
		for (const row of rows) await finishErasure(context, row)
		return rows.length
	})
}
