import type { Context } from '../../../context.ts'
import { dayMs } from '../../../core/time.ts'
import type { Statement } from '../../../db/sql.ts'
import type { ConceptDetector } from '../../../metrics/descriptor.ts'
import { findModel, type ModelRow } from '../../../registry/model/find-model.ts'
import {
	type AdwinState,
	adwin,
	type DdmState,
	ddm,
	type PageHinkleyState,
	pageHinkley,
} from '../../../stats/concept/detectors.ts'
import { maturityOf } from './compute-outcomes.ts'

type States = { adwin: AdwinState; page_hinkley: PageHinkleyState; ddm: DdmState }
/** `through`: the last day that the detectors have seen. */
type Known = { states: States; through: number; revision: number }
/** Changes found on one day, and the errors that were looked at. */
type Day = { n: number; error: number; changes: Record<ConceptDetector, number> }

/** Larger ones would leave sums of squares that are no numbers. */
const largestError = 1e100

/**
 * Gives errors to the detectors of their series, a day of predictions at a time, once the day is mature: so neither when
 * outcomes arrive nor in what order says anything. Within a day the order is by a hash of the ids. What comes for a day
 * that was seen is too late for the detectors. A series that fails is named, and keeps its errors.
 */
export async function detectDrift(
	context: Context,
): Promise<{ series: number; days: number; failed: number[] }> {
	const rows = (await context.sql.values({
		sql: 'SELECT DISTINCT series FROM log_error',
	})) as unknown as [number][]
	if (rows.length === 0) return { series: 0, days: 0, failed: [] }
	const models = new Map((await context.log.series()).map(({ id, model }) => [id, model]))
	const failed: number[] = []
	let days = 0
	for (const [series] of rows) {
		try {
			days += await lookAt(context, series, await findModel(context, models.get(series) ?? ''))
		} catch (error) {
			failed.push(series)
			context.logger.error('errors of a series could not be looked at', { series, error: String(error) })
		}
	}
	return { series: rows.length, days, failed }
}

/** Answers how many days were looked at. */
async function lookAt(context: Context, series: number, model: ModelRow): Promise<number> {
	let known = await readStates(context, series)
	await context.sql.batch([
		{ sql: 'DELETE FROM log_error WHERE series = ? AND day_ms <= ?', params: [series, known.through] },
	])
	let count = 0
	for (const waiting of await waitingDays(context, series, known.through)) {
		if (!(await isMature(context, series, model, waiting))) break
		if (!waiting.hasErrors) continue
		known = await takeDay(context, series, waiting.day, known)
		count++
	}
	return count
}

async function readStates(context: Context, series: number): Promise<Known> {
	const [row] = (await context.sql.values({
		sql: 'SELECT state, revision FROM concept_state WHERE series = ?',
		params: [series],
	})) as unknown as [string, number][]
	if (!row) return { states: freshStates(), through: Number.MIN_SAFE_INTEGER, revision: 0 }
	const { through = Number.MIN_SAFE_INTEGER, ...states } = JSON.parse(row[0]) as States & { through?: number }
	return { states, through, revision: row[1] }
}

type Waiting = { day: number; hasErrors: number; isDirty: number; isKnownMature: number }

/** Days not looked at yet that have errors, or may be immature: those wait, and all after them. Oldest first. */
async function waitingDays(context: Context, series: number, through: number): Promise<Waiting[]> {
	const rows = (await context.sql.values({
		sql: `WITH errors AS (SELECT DISTINCT day_ms AS day FROM log_error WHERE series = ?1),
			dirty AS (SELECT DISTINCT hour - hour % ${dayMs} AS day FROM log_tally_dirty WHERE series = ?1),
			records AS (SELECT from_ms AS day, provisional = 0 AND mature_at IS NULL AS is_mature FROM outcome_record
				WHERE series = ?1 AND hours = 24 AND superseded_at IS NULL)
			SELECT day, day IN errors, day IN dirty, day IN (SELECT day FROM records WHERE is_mature) FROM
				(SELECT day FROM errors UNION SELECT day FROM dirty UNION SELECT day FROM records WHERE NOT is_mature)
			WHERE day > ?2 ORDER BY day`,
		params: [series, through],
	})) as unknown as [number, number, number, number][]
	return rows.map(([day, hasErrors, isDirty, isKnownMature]) => ({ day, hasErrors, isDirty, isKnownMature }))
}

/** As its windows will say; a day is counted again only when something came for it. */
async function isMature(
	context: Context,
	series: number,
	model: ModelRow,
	{ day, isDirty, isKnownMature }: Waiting,
): Promise<boolean> {
	if (isKnownMature) return true
	const none = { predictions: 1, labelled: 0, never: 0 }
	const counts = (isDirty && (await context.log.outcomes(series, day, day + dayMs))) || none
	const { provisional, matureAt } = maturityOf(model, { size: '1d', from: day }, counts, context.now())
	return !provisional && matureAt === null
}

/** States, findings and what was taken change in one commit. */
async function takeDay(
	context: Context,
	series: number,
	day: number,
	{ states: before, revision }: Known,
): Promise<Known> {
	const rows = (await context.sql.values({
		sql: 'SELECT chunk, bytes FROM log_error WHERE series = ? AND day_ms = ? ORDER BY chunk',
		params: [series, day],
	})) as unknown as [number, Uint8Array][]
	const states = { ...before }
	const found: Day = { n: 0, error: 0, changes: { adwin: 0, page_hinkley: 0, ddm: 0 } }
	for (const error of inOrder(rows.map(([, bytes]) => bytes))) look(states, found, error)
	await context.sql.batch([
		{
			sql: `INSERT INTO concept_state (series, state, revision) VALUES (?1, ?2, 1)
				ON CONFLICT (series) DO UPDATE SET state = ?2, revision = revision + 1 WHERE revision = ?3`,
			params: [series, JSON.stringify({ ...states, through: day }), revision],
		},
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() = 1)' },
		{
			sql: 'DELETE FROM log_error WHERE series = ? AND day_ms = ? AND chunk <= ?',
			params: [series, day, rows.at(-1)?.[0] ?? 0],
		},
		...(await dayStatements(context, series, day, found)),
	])
	return { states, through: day, revision: revision + 1 }
}

const freshStates = (): States => ({
	adwin: adwin.initial(),
	page_hinkley: pageHinkley.initial(),
	ddm: ddm.initial(),
})

/** The errors by the hashes of their ids; of equal hashes the smaller error first. */
function inOrder(parts: readonly Uint8Array[]): number[] {
	const list: [hash: number, error: number][] = []
	for (const bytes of parts) {
		const pairs = new Float64Array(bytes.slice().buffer)
		for (let i = 0; i < pairs.length; i += 2)
			list.push([pairs[i] as number, Math.min(largestError, pairs[i + 1] as number)])
	}
	return list.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, error]) => error)
}

/** Gives one error to each detector. DDM takes only right and wrong. */
function look(states: States, day: Day, error: number): void {
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

/** What was found of a day is added to what its windows say by then, and they are computed again. */
async function dayStatements(
	context: Context,
	series: number,
	day: number,
	{ n, error, changes }: Day,
): Promise<Statement[]> {
	const [row] = (await context.sql.values({
		sql: 'SELECT n, error, changes FROM concept_day WHERE series = ? AND day_ms = ?',
		params: [series, day],
	})) as unknown as [number, number, string][]
	const before = row ? (JSON.parse(row[2]) as Day['changes']) : undefined
	const total = Object.fromEntries(
		Object.entries(changes).map(([name, count]) => [name, count + (before?.[name as ConceptDetector] ?? 0)]),
	)
	return [
		{
			sql: 'INSERT OR REPLACE INTO concept_day (series, day_ms, n, error, changes) VALUES (?, ?, ?, ?, ?)',
			params: [series, day, n + (row?.[0] ?? 0), error + (row?.[1] ?? 0), JSON.stringify(total)],
		},
		{
			sql: `INSERT INTO log_tally_dirty (series, hour, mark) VALUES (?, ?, 1)
				ON CONFLICT (series, hour) DO UPDATE SET mark = mark + 1`,
			params: [series, day],
		},
	]
}
