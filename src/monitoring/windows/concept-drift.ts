import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import type { ConceptDetector } from '../../metrics/descriptor.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import {
	type AdwinState,
	adwin,
	type DdmState,
	ddm,
	type PageHinkleyState,
	pageHinkley,
} from '../../stats/concept/detectors.ts'
import { maturityOf } from './outcomes.ts'

type States = { adwin: AdwinState; page_hinkley: PageHinkleyState; ddm: DdmState }
/** `through`: the last day that the detectors have taken. */
type Known = { states: States; through: number; revision: number }
/** One day's errors, their sum, and the changes that each detector found among them. */
type Day = { n: number; error: number; changes: Record<ConceptDetector, number> }

/** Larger errors would make sums of squares infinite. */
const maxError = 1e100

/**
 * Passes errors to the detectors of their series, a day of predictions at a time, once the day is mature, in an order by a
 * hash of the ids: the time and order in which outcomes arrive make no difference. Errors of a day that was taken come too
 * late and are dropped. A series that fails is named, and keeps its errors.
 */
export async function detectDrift(
	context: Context,
): Promise<{ series: number; days: number; failed: number[] }> {
	const rows = await context.sql.all<{ series: number }>({ sql: 'SELECT DISTINCT series FROM log_error' })
	if (rows.length === 0) return { series: 0, days: 0, failed: [] }
	const models = new Map((await context.log.series()).map(({ id, model }) => [id, model]))
	const failed: number[] = []
	let days = 0
	for (const { series } of rows) {
		try {
			days += await takeDays(context, series, await findModel(context, models.get(series) ?? ''))
		} catch (error) {
			failed.push(series)
			context.logger.error('concept drift of a series could not be computed', {
				series,
				error: String(error),
			})
		}
	}
	return { series: rows.length, days, failed }
}

/** Returns how many days were taken. */
async function takeDays(context: Context, series: number, model: ModelRow): Promise<number> {
	let known = await readStates(context, series)
	await context.sql.batch([
		{ sql: 'DELETE FROM log_error WHERE series = ? AND day_ms <= ?', params: [series, known.through] },
	])
	let count = 0
	for (const pending of await pendingDays(context, series, known.through)) {
		if (!(await isMature(context, series, model, pending))) break
		if (!pending.hasErrors) continue
		known = await takeDay(context, series, pending.day, known)
		count++
	}
	return count
}

async function readStates(context: Context, series: number): Promise<Known> {
	const [row] = await context.sql.all<{ state: string; revision: number }>({
		sql: 'SELECT state, revision FROM concept_state WHERE series = ?',
		params: [series],
	})
	if (!row) return { states: freshStates(), through: Number.MIN_SAFE_INTEGER, revision: 0 }
	const { through = Number.MIN_SAFE_INTEGER, ...states } = JSON.parse(row.state) as States & {
		through?: number
	}
	return { states, through, revision: row.revision }
}

type PendingDay = { day: number; hasErrors: number; isDirty: number; isKnownMature: number }

/** Days not taken yet that have errors or may be immature, oldest first. An immature day holds back all days after it. */
const pendingDays = (context: Context, series: number, through: number): Promise<PendingDay[]> =>
	context.sql.all<PendingDay>({
		sql: `WITH errors AS (SELECT DISTINCT day_ms AS day FROM log_error WHERE series = ?1),
			dirty AS (SELECT DISTINCT hour - hour % ${dayMs} AS day FROM log_tally_dirty WHERE series = ?1),
			records AS (SELECT from_ms AS day, provisional = 0 AND mature_at IS NULL AS is_mature FROM outcome_record
				WHERE series = ?1 AND hours = 24 AND superseded_at IS NULL)
			SELECT day, day IN errors AS hasErrors, day IN dirty AS isDirty,
				day IN (SELECT day FROM records WHERE is_mature) AS isKnownMature FROM (SELECT day FROM errors UNION SELECT day FROM dirty UNION SELECT day FROM records WHERE NOT is_mature)
			WHERE day > ?2 ORDER BY day`,
		params: [series, through],
	})

/** By the rule of its windows; a day is counted again only when its rows or outcomes changed. */
async function isMature(
	context: Context,
	series: number,
	model: ModelRow,
	{ day, isDirty, isKnownMature }: PendingDay,
): Promise<boolean> {
	if (isKnownMature) return true
	const none = { predictions: 1, labelled: 0, never: 0 }
	const counts = (isDirty && (await context.log.outcomes(series, day, day + dayMs))) || none
	const { provisional, matureAt } = maturityOf(model, { size: '1d', from: day }, counts, context.now())
	return !provisional && matureAt === null
}

/** States, counted changes and the errors taken change in one transaction. */
async function takeDay(
	context: Context,
	series: number,
	day: number,
	{ states: before, revision }: Known,
): Promise<Known> {
	const chunks = await context.sql.all<{ chunk: number; bytes: Uint8Array }>({
		sql: 'SELECT chunk, bytes FROM log_error WHERE series = ? AND day_ms = ? ORDER BY chunk',
		params: [series, day],
	})
	const states = { ...before }
	const taken: Day = { n: 0, error: 0, changes: { adwin: 0, page_hinkley: 0, ddm: 0 } }
	for (const error of inOrder(chunks.map(({ bytes }) => bytes))) takeError(states, taken, error)
	await context.sql.batch([
		{
			sql: `INSERT INTO concept_state (series, state, revision) VALUES (?1, ?2, 1)
				ON CONFLICT (series) DO UPDATE SET state = ?2, revision = revision + 1 WHERE revision = ?3`,
			params: [series, JSON.stringify({ ...states, through: day }), revision],
		},
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() = 1)' },
		{
			sql: 'DELETE FROM log_error WHERE series = ? AND day_ms = ? AND chunk <= ?',
			params: [series, day, chunks.at(-1)?.chunk ?? 0],
		},
		...(await dayStatements(context, series, day, taken)),
	])
	return { states, through: day, revision: revision + 1 }
}

const freshStates = (): States => ({
	adwin: adwin.initial(),
	page_hinkley: pageHinkley.initial(),
	ddm: ddm.initial(),
})

/** Errors ordered by the hashes of their ids; of equal hashes the smaller error first. */
function inOrder(parts: readonly Uint8Array[]): number[] {
	const list: [hash: number, error: number][] = []
	for (const bytes of parts) {
		const pairs = new Float64Array(bytes.slice().buffer)
		for (let i = 0; i < pairs.length; i += 2)
			list.push([pairs[i] as number, Math.min(maxError, pairs[i + 1] as number)])
	}
	return list.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, error]) => error)
}

/** Passes one error to each detector. DDM takes only right and wrong. */
function takeError(states: States, day: Day, error: number): void {
	day.n++
	day.error += error
	const take = <S>(name: ConceptDetector, step: { state: S; drift: boolean }) => {
		if (step.drift) day.changes[name]++
		return step.state
	}
	states.adwin = take('adwin', adwin.update(states.adwin, error))
	states.page_hinkley = take('page_hinkley', pageHinkley.update(states.page_hinkley, error))
	if (error === 0 || error === 1) states.ddm = take('ddm', ddm.update(states.ddm, error))
}

/** Adds a day's counts to those stored for it, and marks its windows to be computed again. */
async function dayStatements(
	context: Context,
	series: number,
	day: number,
	{ n, error, changes }: Day,
): Promise<Statement[]> {
	const [row] = await context.sql.all<{ n: number; error: number; changes: string }>({
		sql: 'SELECT n, error, changes FROM concept_day WHERE series = ? AND day_ms = ?',
		params: [series, day],
	})
	const before = row ? (JSON.parse(row.changes) as Day['changes']) : undefined
	const total = Object.fromEntries(
		Object.entries(changes).map(([name, count]) => [name, count + (before?.[name as ConceptDetector] ?? 0)]),
	)
	return [
		{
			sql: 'INSERT OR REPLACE INTO concept_day (series, day_ms, n, error, changes) VALUES (?, ?, ?, ?, ?)',
			params: [series, day, n + (row?.n ?? 0), error + (row?.error ?? 0), JSON.stringify(total)],
		},
		{
			sql: `INSERT INTO log_tally_dirty (series, hour, mark) VALUES (?, ?, 1)
				ON CONFLICT (series, hour) DO UPDATE SET mark = mark + 1`,
			params: [series, day],
		},
	]
}
