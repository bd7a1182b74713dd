import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { dayMs, formatTime, minuteMs } from '../../core/time.ts'
import { type Change, type ChangeSet, commit, type EntryDraft } from '../../db/commit.ts'
import { outboxInsert } from '../../db/outbox.ts'
import { lineageLinks } from '../../db/schema.ts'
import type { TrainingRun } from '../../ports/lineage.ts'
import { linkInserts, originsOf, runLinks, type TracedVersion } from './links.ts'

type Traced = Pick<TracedVersion, 'model' | 'version' | 'artifact' | 'lineage'>

/**
 * A version's training run. `read`: from the tracking server, now or recently. `kept`: the stored copy of `readAt`, without
 * a request. `unreachable`: the server did not reply; `run` is the stored copy, if there is one.
 */
export type RunReading = {
	status: 'read' | 'kept' | 'unreachable'
	reference: string
	run: TrainingRun | null
	readAt: string | null
	reason: string | null
}

const reader = { id: 'job:deliver', how: 'job' } as const
/** A run that has ended rarely changes: tags may still be added. */
const freshMs = dayMs
const openRunMs = minuteMs
const ended = new Set(['FINISHED', 'FAILED', 'KILLED'])

type Kept = { run: TrainingRun; text: string; readAt: number; confirmedAt: number }

/** The text of a version that names a run of the connected tracking server; undefined without one. */
export function runReference(
	context: Context,
	row: Pick<Traced, 'artifact' | 'lineage'>,
): string | undefined {
	const { run, artifact } = originsOf(row)
	return [run, artifact?.uri].find((text) => text && context.runs?.names(text)) ?? undefined
}

/** The stored copy of a version's run. Makes no request. */
export async function keptRun(context: Context, row: Traced): Promise<RunReading | undefined> {
	const reference = runReference(context, row)
	const kept = reference === undefined ? undefined : await readKept(context, reference)
	return reference === undefined || !kept ? undefined : reading('kept', reference, kept)
}

/** Reads a version's run from the tracking server, unless the stored copy is recent. Never throws for server errors. */
export async function readTrainingRun(context: Context, row: Traced): Promise<RunReading | undefined> {
	const reference = runReference(context, row)
	if (reference === undefined || !context.runs) return undefined
	const kept = await readKept(context, reference)
	const now = context.now()
	if (kept && now - kept.confirmedAt < (ended.has(kept.run.status) ? freshMs : openRunMs))
		return reading('read', reference, kept)
	const result = await context.runs.read(reference)
	if (!result.ok) return { ...reading('unreachable', reference, kept), reason: result.error.message }
	const text = canonicalJson(result.value)
	const next = { run: result.value, text, readAt: kept?.text === text ? kept.readAt : now, confirmedAt: now }
	await keep(context, row, reference, next)
	return reading('read', reference, next)
}

const reading = (status: RunReading['status'], reference: string, kept: Kept | undefined): RunReading => ({
	status,
	reference,
	run: kept?.run ?? null,
	readAt: kept ? formatTime(kept.confirmedAt) : null,
	reason: null,
})

async function readKept(context: Context, reference: string): Promise<Kept | undefined> {
	const [row] = await context.sql.all<Omit<Kept, 'run'>>({
		sql: `SELECT content AS text, read_at AS readAt, confirmed_at AS confirmedAt FROM training_run
			WHERE run = ? ORDER BY read_at DESC LIMIT 1`,
		params: [reference],
	})
	return row && { run: JSON.parse(row.text), ...row }
}

/** Stores a reading beside earlier ones, so that it stays visible what was known when, and links the version to it. */
async function keep(context: Context, row: Traced, reference: string, next: Kept): Promise<void> {
	const query = {
		sql: `INSERT INTO training_run (run, read_at, content, confirmed_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (run, read_at) DO UPDATE SET content = excluded.content, confirmed_at = excluded.confirmed_at`,
		params: [reference, next.readAt, next.text, next.confirmedAt],
	}
	const entry: EntryDraft = {
		action: 'read-training-run',
		object: `training-run:${reference}`,
		model: row.model,
		after: `sha256:${await sha256Hex(next.text)}`,
	}
	const links = await newLinks(context, row, next.run)
	await commit(
		context,
		reader,
		[...(next.readAt === next.confirmedAt ? [entry] : []), ...links.entries],
		[{ query }, ...links.changes],
	)
}

/** Reads the run of a version and links the version to it, also where the run was stored for another version. */
export async function linkTrainingRun(context: Context, row: Traced): Promise<RunReading | undefined> {
	const found = await readTrainingRun(context, row)
	const links = found?.run && (await newLinks(context, row, found.run))
	if (links && links.changes.length > 0) await commit(context, reader, links.entries, links.changes)
	return found
}

/** The links of a run that its version does not have yet, with their entry. */
async function newLinks(context: Context, row: Traced, run: TrainingRun): Promise<ChangeSet> {
	const { model, version } = row
	const links = runLinks(run)
	const known = await context.db
		.select({ kind: lineageLinks.kind, value: lineageLinks.value })
		.from(lineageLinks)
		.where(and(eq(lineageLinks.model, model), eq(lineageLinks.version, version)))
	const missing = links.filter(({ kind, value }) => !known.some((k) => k.kind === kind && k.value === value))
	if (missing.length === 0) return { changes: [], entries: [] }
	const object = `version:${model}@${version}`
	const details = { run: `${run.source}:${run.id}`, links: missing.length }
	return {
		changes: linkInserts(row, missing, 'mlflow'),
		entries: [{ action: 'link-training-run', object, model, details }],
	}
}

/** Outbox message to read the run of a new version, so that it can be found by its data and code. */
export function runMessages(context: Context, row: Traced): Change[] {
	if (runReference(context, row) === undefined) return []
	const payload = { model: row.model, version: row.version }
	const key = JSON.stringify(['training-run', row.model, row.version])
	return [outboxInsert(context.now(), { kind: 'training-run', key, payload })]
}
