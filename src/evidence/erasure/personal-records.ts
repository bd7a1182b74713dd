import type { Context } from '../../context.ts'
import { dayMs, hourMs } from '../../core/time.ts'
import { type Change, commit, type EntryDraft } from '../../db/commit.ts'
import { forgetBackgrounds } from '../../decisions/explanation/background.ts'
import type { SubjectRows } from '../../log/prediction-log.ts'
import { coarse, coarseTime } from '../../summaries/coarse.ts'

// What was stored about a subject beside the log: samples of decisions that others are compared with, replays, what people asked
// in a chat, reports about one person, and the computed windows of their hours.

const eraser = { id: 'job:erase', how: 'job' } as const

/** The rows of a subject in one model, and the ids of all its predictions there. */
export type PersonIn = { model: string; subject: string; ids: readonly string[]; rows: SubjectRows }

type Work = { changes: Change[]; entries: EntryDraft[]; records: number }

/** The entry that explains why a row that the ledger commits to was changed or deleted. */
const erased = (table: string, model: string, ...key: string[]): EntryDraft => ({
	action: 'erase-rows',
	object: `row:${table}/${key.join('/')}`,
	model,
})

/** Destroys what is stored about a subject beside the log. Returns the number of records. It can be repeated. */
export async function erasePersonalRecords(context: Context, person: PersonIn): Promise<number> {
	const work: Work = { changes: [], entries: [], records: 0 }
	await eraseBackgrounds(context, person, work)
	await eraseSamples(context, person, work)
	await eraseReports(context, person, work)
	await eraseMentions(context, person, work)
	await coarsenWindows(context, person, work)
	if (work.changes.length > 0) await commit(context, eraser, work.entries, work.changes)
	forgetBackgrounds(context)
	return work.records
}

/** How many records there are, before they are erased. */
export async function countPersonalRecords(context: Context, person: PersonIn): Promise<number> {
	const work: Work = { changes: [], entries: [], records: 0 }
	await eraseBackgrounds(context, person, work)
	await eraseSamples(context, person, work)
	await eraseReports(context, person, work)
	await eraseMentions(context, person, work)
	return work.records
}

/** Samples of decisions from the time of the subject's: whether they are among them cannot be seen, since rows have no ids there. */
async function eraseBackgrounds(context: Context, { model, rows }: PersonIn, work: Work): Promise<void> {
	const times = rows.predictions.map(({ timestamp }) => timestamp)
	if (times.length === 0) return
	const found = await context.sql.all<{ digest: string }>({
		sql: `SELECT b.digest AS digest FROM background b WHERE b.model = ?1 AND EXISTS (SELECT 1 FROM json_each(?2) t
			WHERE t.value >= b.content ->> '$.from' AND t.value < b.content ->> '$.to')`,
		params: [model, JSON.stringify(times)],
	})
	for (const { digest } of found) {
		work.records++
		work.entries.push(erased('background', model, digest))
		work.changes.push(
			{ query: { sql: 'DELETE FROM background_use WHERE digest = ?', params: [digest] } },
			{ query: { sql: 'DELETE FROM background WHERE digest = ?', params: [digest] } },
		)
	}
}

type Sample = { version: string; digest: string; content: string }

/** Rows of a baseline's sample that have the features of the subject: rows have no ids there. */
async function eraseSamples(context: Context, { model, rows }: PersonIn, work: Work): Promise<void> {
	const own = [...rows.predictions, ...rows.features]
		.map(({ content }) => (content.features ?? {}) as Record<string, unknown>)
		.filter((features) => Object.keys(features).length > 0)
	if (own.length === 0) return
	const samples = await context.sql.all<Sample>({
		sql: 'SELECT version, digest, content FROM baseline_sample WHERE model = ?',
		params: [model],
	})
	for (const { version, digest, content } of samples) {
		const { features, rows: all } = JSON.parse(content) as { features: string[]; rows: unknown[][] }
		const owned = new Set(own.map((values) => JSON.stringify(features.map((name) => values[name] ?? null))))
		const left = all.filter((values) => !owned.has(JSON.stringify(values)))
		if (left.length === all.length) continue
		work.records += all.length - left.length
		work.entries.push(erased('baseline_sample', model, model, version, digest))
		work.changes.push({
			query: {
				sql: 'UPDATE baseline_sample SET content = ? WHERE model = ? AND version = ? AND digest = ?',
				params: [JSON.stringify({ features, rows: left }), model, version, digest],
			},
		})
	}
}

/** Reports about the person or one of their decisions: the entry, the digests and who approved stay. */
async function eraseReports(context: Context, { model, subject, ids }: PersonIn, work: Work): Promise<void> {
	const reports = await context.sql.all<{ id: string }>({
		sql: `SELECT id FROM report WHERE erased_at IS NULL AND (
			(subject = ?1 AND EXISTS (SELECT 1 FROM json_each(models) m WHERE m.value = ?2))
			OR (model = ?2 AND prediction_id IN (SELECT value FROM json_each(?3))))`,
		params: [subject, model, JSON.stringify(ids)],
	})
	for (const { id } of reports) {
		work.records++
		work.entries.push(erased('report', model, id))
		work.changes.push(
			{ query: { sql: 'DELETE FROM report_file WHERE report = ?', params: [id] } },
			{
				query: {
					// The identity is a digest of the subject too.
					sql: 'UPDATE report SET subject = NULL, prediction_id = NULL, identity = id, erased_at = ? WHERE id = ?',
					params: [context.now(), id],
				},
			},
		)
	}
}

/** Tables whose texts may quote an id: the column, and what becomes of it. */
const mentions: readonly { table: string; column: string; set: string; where?: string }[] = [
	{ table: 'slack_choice', column: 'words', set: '' },
	{ table: 'slack_replay', column: 'body', set: 'body = NULL' },
	{ table: 'outbox', column: 'payload', set: "payload = '{}', error = NULL", where: 'done_at IS NOT NULL' },
	{ table: 'job_run', column: 'detail', set: 'detail = NULL' },
	{ table: 'job_run', column: 'error', set: "error = 'erased'" },
]

async function eraseMentions(context: Context, { model, subject, ids }: PersonIn, work: Work): Promise<void> {
	const list = JSON.stringify(ids)
	const among = 'IN (SELECT value FROM json_each(?))'
	const [questions] = await context.sql.all<{ count: number }>({
		sql: `SELECT count(*) AS count FROM slack_question WHERE model = ? AND prediction ${among}`,
		params: [model, list],
	})
	work.records += questions?.count ?? 0
	work.changes.push({
		query: {
			sql: `DELETE FROM slack_question WHERE model = ? AND prediction ${among}`,
			params: [model, list],
		},
	})
	const others = (column: string) =>
		`(SELECT json_group_array(json(value)) FROM json_each(${column}) WHERE value ->> 'predictionId' NOT ${among})`
	work.changes.push({
		query: {
			sql: `UPDATE replay_day SET examples = ${others('examples')}, asked = ${others('asked')}
				WHERE model = ? AND EXISTS (SELECT 1 FROM json_each(?) i
					WHERE instr(examples, json_quote(i.value)) > 0 OR instr(asked, json_quote(i.value)) > 0)`,
			params: [list, list, model, list],
		},
	})
	const quoted = JSON.stringify([subject, ...ids].map((text) => JSON.stringify(text).slice(1, -1)))
	for (const { table, column, set, where = 'true' } of mentions)
		work.changes.push({
			query: {
				sql: `${set === '' ? `DELETE FROM ${table}` : `UPDATE ${table} SET ${set}`} WHERE ${where} AND ${column} IS NOT NULL
					AND EXISTS (SELECT 1 FROM json_each(?) i WHERE instr(${column}, i.value) > 0)`,
				params: [quoted],
			},
		})
}

const windowHours = [1, 24, 168]

/** The values of computed windows that are exactly those of the subject, such as the largest one, are rounded. */
async function coarsenWindows(context: Context, { model, rows }: PersonIn, work: Work): Promise<void> {
	const times = [...new Set(rows.predictions.map(({ timestamp }) => timestamp))]
	if (times.length === 0) return
	const rounded = roundedOf(rows, times)
	const ofModel = 'IN (SELECT id FROM log_series WHERE model = ?)'
	for (const table of ['metric_record', 'outcome_record', 'attribution_record'])
		for (const hours of windowHours) {
			const records = await context.sql.all<{
				series: number
				from: number
				revision: number
				bytes: Uint8Array
			}>({
				sql: `SELECT series, from_ms AS "from", revision, bytes FROM ${table} WHERE series ${ofModel} AND hours = ?
					AND EXISTS (SELECT 1 FROM json_each(?) t WHERE t.value >= from_ms AND t.value < from_ms + hours * ${hourMs})`,
				params: [model, hours, JSON.stringify(times)],
			})
			for (const { series, from, revision, bytes } of records) {
				const changed = roundDoubles(bytes, rounded)
				if (changed)
					work.changes.push({
						query: {
							sql: `UPDATE ${table} SET bytes = ? WHERE series = ? AND hours = ? AND from_ms = ? AND revision = ?`,
							params: [changed, series, hours, from, revision],
						},
					})
			}
		}
	// The sums of these days are computed again from the hours, which are marked when the rows are erased.
	const startsOf = (ms: number) => JSON.stringify([...new Set(times.map((at) => Math.floor(at / ms) * ms))])
	for (const [table, column, starts] of [
		['metric_day', 'day_ms', startsOf(dayMs)],
		['outcome_day', 'day_ms', startsOf(dayMs)],
		['attribution_hour', 'hour_ms', startsOf(hourMs)],
	] as const)
		work.changes.push({
			query: {
				sql: `DELETE FROM ${table} WHERE series ${ofModel} AND ${column} IN (SELECT value FROM json_each(?))`,
				params: [model, starts],
			},
		})
}

const double = (value: number): Uint8Array => {
	const bytes = new Uint8Array(8)
	new DataView(bytes.buffer).setFloat64(0, value, true)
	return bytes
}

/** The numbers of a subject, as records have them, and what becomes of them. */
function roundedOf(rows: SubjectRows, times: readonly number[]): { from: Uint8Array; to: Uint8Array }[] {
	const pairs = new Map(times.map((at) => [at, coarseTime(at)]))
	for (const { content } of Object.values(rows).flat())
		for (const value of [content.score, content.actual, ...Object.values((content.features ?? {}) as object)])
			if (typeof value === 'number') pairs.set(value, coarse(value))
	return [...pairs]
		.filter(([from, to]) => from !== to)
		.map(([from, to]) => ({ from: double(from), to: double(to) }))
}

/** The bytes with these doubles replaced; undefined when none is in them. */
function roundDoubles(bytes: Uint8Array, pairs: readonly { from: Uint8Array; to: Uint8Array }[]) {
	const copy = bytes.slice()
	let isChanged = false
	for (let at = 0; at + 8 <= copy.length; at++)
		for (const { from, to } of pairs)
			if (copy[at] === from[0] && from.every((byte, i) => copy[at + i] === byte)) {
				copy.set(to, at)
				isChanged = true
			}
	return isChanged ? copy : undefined
}
