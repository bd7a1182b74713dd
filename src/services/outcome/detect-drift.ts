import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import type { ConceptDetector } from '../../metrics/descriptor.ts'
import { type AdwinState, adwin } from '../../stats/concept/adwin.ts'
import { type DdmState, ddm } from '../../stats/concept/ddm.ts'
import { type PageHinkleyState, pageHinkley } from '../../stats/concept/page-hinkley.ts'

type States = { adwin: AdwinState; page_hinkley: PageHinkleyState; ddm: DdmState }
/** Changes found on one day, and the errors that were looked at. */
type Day = { n: number; error: number; changes: Record<ConceptDetector, number> }

const mostAtOnce = 200
/** Larger ones would leave sums of squares that are no numbers. */
const largestError = 1e100

/**
 * Gives the errors that were stored since the last time to the detectors of their series, in the order of outcome time
 * within a run. States, findings and what was taken change in one commit. A series that fails is named, and keeps its errors.
 */
export async function detectDrift(context: Context): Promise<{ series: number; failed: number[] }> {
	const rows = (await context.sql.all({ sql: 'SELECT DISTINCT series FROM log_error' })) as unknown as [
		number,
	][]
	const failed: number[] = []
	for (const [series] of rows) {
		try {
			while (await takeErrors(context, series));
		} catch (error) {
			failed.push(series)
			context.logger.error('errors of a series could not be looked at', { series, error: String(error) })
		}
	}
	return { series: rows.length, failed }
}

async function takeErrors(context: Context, series: number): Promise<boolean> {
	const rows = (await context.sql.all({
		sql: 'SELECT chunk, bytes FROM log_error WHERE series = ? ORDER BY chunk LIMIT ?',
		params: [series, mostAtOnce],
	})) as unknown as [number, Uint8Array][]
	if (rows.length === 0) return false
	const [known] = (await context.sql.all({
		sql: 'SELECT state, revision FROM concept_state WHERE series = ?',
		params: [series],
	})) as unknown as [string, number][]
	const states = known ? (JSON.parse(known[0]) as States) : freshStates()
	const days = new Map<number, Day>()
	for (const [at, error] of inOrder(rows.map(([, bytes]) => bytes))) look(states, days, at, error)
	const revision = known?.[1] ?? 0
	await context.sql.batch([
		{
			sql: `INSERT INTO concept_state (series, state, revision) VALUES (?1, ?2, 1)
				ON CONFLICT (series) DO UPDATE SET state = ?2, revision = revision + 1 WHERE revision = ?3`,
			params: [series, JSON.stringify(states), revision],
		},
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() = 1)' },
		{
			sql: 'DELETE FROM log_error WHERE series = ? AND chunk <= ?',
			params: [series, rows.at(-1)?.[0] ?? 0],
		},
		...(await dayStatements(context, series, days)),
	])
	return rows.length === mostAtOnce
}

const freshStates = (): States => ({
	adwin: adwin.initial(),
	page_hinkley: pageHinkley.initial(),
	ddm: ddm.initial(),
})

function inOrder(parts: readonly Uint8Array[]): [number, number][] {
	const list: [number, number][] = []
	for (const bytes of parts) {
		const pairs = new Float64Array(bytes.slice().buffer)
		for (let i = 0; i < pairs.length; i += 2)
			list.push([pairs[i] as number, Math.min(largestError, pairs[i + 1] as number)])
	}
	return list.sort((a, b) => a[0] - b[0])
}

/** Gives one error to each detector. DDM takes only right and wrong. */
function look(states: States, days: Map<number, Day>, at: number, error: number): void {
	const day = Math.floor(at / dayMs) * dayMs
	const entry = days.get(day) ?? { n: 0, error: 0, changes: { adwin: 0, page_hinkley: 0, ddm: 0 } }
	days.set(day, entry)
	entry.n++
	entry.error += error
	const take = <S>(name: ConceptDetector, step: { state: S; drift: boolean }) => {
		if (step.drift) entry.changes[name]++
		return step.state
	}
	states.adwin = take('adwin', adwin.update(states.adwin, error))
	states.page_hinkley = take('page_hinkley', pageHinkley.update(states.page_hinkley, error))
	if (error === 0 || error === 1) states.ddm = take('ddm', ddm.update(states.ddm, error))
}

async function dayStatements(
	context: Context,
	series: number,
	days: ReadonlyMap<number, Day>,
): Promise<Statement[]> {
	const statements: Statement[] = []
	for (const [day, { n, error, changes }] of days) {
		const [row] = (await context.sql.all({
			sql: 'SELECT n, error, changes FROM concept_day WHERE series = ? AND day_ms = ?',
			params: [series, day],
		})) as unknown as [number, number, string][]
		const before = row ? (JSON.parse(row[2]) as Day['changes']) : undefined
		const total = Object.fromEntries(
			Object.entries(changes).map(([name, count]) => [
				name,
				count + (before?.[name as ConceptDetector] ?? 0),
			]),
		)
		statements.push({
			sql: 'INSERT OR REPLACE INTO concept_day (series, day_ms, n, error, changes) VALUES (?, ?, ?, ?, ?)',
			params: [series, day, n + (row?.[0] ?? 0), error + (row?.[1] ?? 0), JSON.stringify(total)],
		})
		// The window of that day has something new to say.
		statements.push({
			sql: `INSERT INTO log_tally_dirty (series, hour, mark) VALUES (?, ?, 1)
				ON CONFLICT (series, hour) DO UPDATE SET mark = mark + 1`,
			params: [series, day],
		})
	}
	return statements
}
