import type { Context } from '../../context.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { dayMs, formatTime, minuteMs } from '../../core/time.ts'
import { type Change, commit } from '../../db/commit.ts'
import { outboxInsert } from '../../db/outbox.ts'
import type { TrainingRun } from '../../ports/lineage.ts'
import { linkInserts, originsOf, runLinks, type TracedVersion } from './links.ts'

type Traced = Pick<TracedVersion, 'model' | 'version' | 'artifact' | 'lineage'>

/**
 * What the tracking server says of a version's run. `read`: just now, or lately enough. `kept`: what it said at
 * `readAt`, since it was not asked. `unreachable`: it did not answer; `run` is what it said before, if it ever did.
 */
export type RunReading = {
	status: 'read' | 'kept' | 'unreachable'
	reference: string
	run: TrainingRun | null
	readAt: string | null
	reason: string | null
}

const reader = { id: 'job:deliver', how: 'job' } as const
/** A run that has ended hardly changes; a tag may still be added. */
const freshMs = dayMs
const openRunMs = minuteMs
const ended = new Set(['FINISHED', 'FAILED', 'KILLED'])

type Kept = { run: TrainingRun; text: string; readAt: number; confirmedAt: number }

/** The text of a version that names a run of the tracking server; undefined when it names none, or none is connected. */
export function runReference(
	context: Context,
	row: Pick<Traced, 'artifact' | 'lineage'>,
): string | undefined {
	const { run, artifact } = originsOf(row)
	return [run, artifact?.uri].find((text) => text && context.runs?.names(text)) ?? undefined
}

/** What was last read of a version's run, without asking anybody. */
export async function keptRun(context: Context, row: Traced): Promise<RunReading | undefined> {
	const reference = runReference(context, row)
	const kept = reference === undefined ? undefined : await readKept(context, reference)
	return reference === undefined || !kept ? undefined : reading('kept', reference, kept)
}

/** A version's run, asked of the tracking server unless that was lately. Never throws for what the server does. */
export async function readTrainingRun(context: Context, row: Traced): Promise<RunReading | undefined> {
	const reference = runReference(context, row)
	if (reference === undefined || !context.runs) return undefined
	const kept = await readKept(context, reference)
	const now = context.now()
	if (kept && now - kept.confirmedAt < (ended.has(kept.run.status) ? freshMs : openRunMs))
		return reading('read', reference, kept)
	const answer = await context.runs.read(reference)
	if (!answer.ok) return { ...reading('unreachable', reference, kept), reason: answer.error.message }
	const text = canonicalJson(answer.value)
	const next = { run: answer.value, text, readAt: kept?.text === text ? kept.readAt : now, confirmedAt: now }
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
	const [row] = await context.sql.values({
		sql: 'SELECT content, read_at, confirmed_at FROM training_run WHERE run = ? ORDER BY read_at DESC LIMIT 1',
		params: [reference],
	})
	if (!row) return undefined
	const [text, readAt, confirmedAt] = row as unknown as [string, number, number]
	return { run: JSON.parse(text), text, readAt, confirmedAt }
}

/** What it said before stays: who asks later can see what was known when. The version is found by it from now on. */
async function keep(context: Context, row: Traced, reference: string, next: Kept): Promise<void> {
	const query = {
		sql: `INSERT INTO training_run (run, read_at, content, confirmed_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (run, read_at) DO UPDATE SET content = excluded.content, confirmed_at = excluded.confirmed_at`,
		params: [reference, next.readAt, next.text, next.confirmedAt],
	}
	await commit(context, reader, [], [{ query }, ...linkInserts(row, runLinks(next.run), 'mlflow')])
}

/**
 * Reads the run of a version and makes the version known by it: another version of the same run may have been read before.
 */
export async function linkTrainingRun(context: Context, row: Traced): Promise<RunReading | undefined> {
	const found = await readTrainingRun(context, row)
	if (found?.run) await commit(context, reader, [], linkInserts(row, runLinks(found.run), 'mlflow'))
	return found
}

/** Has the run of a new version read soon, so that it is found from its data and code before anybody looks at it. */
export function runMessages(context: Context, row: Traced): Change[] {
	if (runReference(context, row) === undefined) return []
	const payload = { model: row.model, version: row.version }
	const key = JSON.stringify(['training-run', row.model, row.version])
	return [outboxInsert(context.now(), { kind: 'training-run', key, payload })]
}
