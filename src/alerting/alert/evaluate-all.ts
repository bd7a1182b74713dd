import type { Context, Progress } from '../../context.ts'
import { hourMs, minuteMs, secondMs, windowMs } from '../../core/time.ts'
import { commit, ruleActor } from '../../db/commit.ts'
import { ruleSets, ruleUses } from '../../db/schema.ts'
import type { Statement } from '../../db/sql.ts'
import type { ChangedWindow } from '../../monitoring/windows/read-facts.ts'
import type { RuleSet } from '../../rules/rule-set.ts'
import type { ActionRegistry } from '../actions.ts'
import { evaluateLiveness } from './evaluate-liveness.ts'
import { evaluateModel, type Place } from './evaluate-model.ts'
import { rulesInForce } from './rules-in-force.ts'
import { placeText } from './series-record.ts'
import { metricSources, type Sources } from './sources.ts'

export type EvaluateAnswer = { models: number; windows: number; waiting: number; failed: string[] }

/**
 * Judges every window that was computed since the last time and has closed, model by model. A model that fails is named,
 * its windows wait for the next run, and the others go on. `isPatient`: back-filled windows wait until they are complete.
 */
export async function evaluateAll(
	context: Context,
	actions: ActionRegistry,
	sources: Sources = metricSources,
	{ isPatient = false, onProgress }: { isPatient?: boolean; onProgress?: Progress | undefined } = {},
): Promise<EvaluateAnswer> {
	const ruleSet = await rulesInForce(context)
	await recordRuleSet(context, ruleSet)
	const since = await readProgress(context)
	const fresh = await sources.computedWindows(context, { since })
	const sequence = fresh.reduce((max, w) => Math.max(max, w.sequence), since)
	await keepWaiting(context, fresh, sequence)
	const due = await readDue(context, isPatient)
	const answer: EvaluateAnswer = { models: 0, windows: 0, waiting: 0, failed: [] }
	let done = 0
	const onWindow = () => onProgress?.(++done, due.length)
	for (const { place, windows } of byPlace(due)) {
		try {
			answer.windows += await evaluateModel(context, place, windows, { ruleSet, sources, actions, onWindow })
			answer.models++
			await forget(context, windows)
		} catch (error) {
			answer.failed.push(`${place.model} ${place.environment}`)
			context.logger.error('a model could not be judged', {
				...place,
				error: String(error),
				stack: (error as Error).stack,
			})
		}
		await new Promise((resolve) => setTimeout(resolve, 0))
	}
	answer.failed.push(...(await evaluateLiveness(context, { ruleSet, actions })))
	const [left] = await context.sql.values({ sql: 'SELECT count(*) FROM rule_waiting' })
	answer.waiting = (left as [number])[0]
	return answer
}

/**
 * Every alert names the digest of the rules that made it: the rules themselves are kept, and since when they are in
 * force, which is on the ledger too. A set that comes back is in force again.
 */
async function recordRuleSet(context: Context, { digest, content }: RuleSet): Promise<void> {
	const [last] = await context.sql.values({ sql: 'SELECT digest FROM rule_use ORDER BY at DESC LIMIT 1' })
	if (last?.[0] === digest) return
	const at = context.now()
	const query = context.db.insert(ruleSets).values({ digest, content, firstUsedAt: at }).onConflictDoNothing()
	const use = context.db.insert(ruleUses).values({ at, digest }).onConflictDoUpdate({
		target: ruleUses.at,
		set: { digest },
	})
	const before = last === undefined ? {} : { before: `sha256:${last[0]}` }
	await commit(
		context,
		ruleActor,
		{ action: 'use-rules', object: 'rules', ...before, after: `sha256:${digest}` },
		[{ query }, { query: use }],
	)
}

async function readProgress(context: Context): Promise<number> {
	const [row] = await context.sql.values({ sql: "SELECT sequence FROM rule_progress WHERE name = 'windows'" })
	return (row as [number] | undefined)?.[0] ?? 0
}

/** Notes all changed windows as waiting, and how far the changes were read: in one batch, so that none is lost. */
async function keepWaiting(
	context: Context,
	fresh: readonly ChangedWindow[],
	sequence: number,
): Promise<void> {
	if (fresh.length === 0) return
	const rows = fresh.map((w) => [
		w.model,
		w.environment,
		w.version,
		w.window,
		w.from,
		w.from + windowMs[w.window],
	])
	const insert: Statement = {
		sql: `INSERT INTO rule_waiting (model, environment, version, window, from_ms, to_ms, since, changed_at)
			SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, ?2, ?2 FROM json_each(?1)
			WHERE true ON CONFLICT DO UPDATE SET changed_at = ?2`,
		params: [JSON.stringify(rows), context.now()],
	}
	const progress: Statement = {
		sql: "INSERT INTO rule_progress (name, sequence) VALUES ('windows', ?1) ON CONFLICT (name) DO UPDATE SET sequence = ?1",
		params: [sequence],
	}
	await context.sql.batch([insert, progress])
}

/** A window that closed so lately fills up as things happen. An older one that changes is being back-filled, or restated. */
const liveMs = 15 * minuteMs
/** A back-filled window is complete when nothing came for it in so long. */
const quietMs = 45 * secondMs
/** Nothing waits for longer than this. */
const maxWaitMs = hourMs / 2

/**
 * Only windows that have closed are judged: one that still fills up would count as one of `for` too early. For the same
 * reason a patient run leaves a back-filled one alone while rows for it come in: since it was computed, or just before.
 */
async function readDue(context: Context, isPatient: boolean): Promise<ChangedWindow[]> {
	const now = context.now()
	const settled = `w.to_ms > ?2 OR w.since <= ?3 OR (w.changed_at <= ?4 AND NOT EXISTS (SELECT 1 FROM log_series s
		JOIN log_dirty d ON d.series = s.id AND d.hour >= w.from_ms AND d.hour < w.to_ms
		WHERE s.model = w.model AND s.version = w.version AND s.environment = w.environment AND s.segment = ''))`
	const rows = (await context.sql.values({
		sql: `SELECT model, environment, version, window, from_ms FROM rule_waiting w WHERE to_ms <= ?1
			${isPatient ? `AND (${settled})` : ''} ORDER BY to_ms`,
		params: isPatient ? [now, now - liveMs, now - maxWaitMs, now - quietMs] : [now],
	})) as unknown as [string, string, string, ChangedWindow['window'], number][]
	return rows.map(([model, environment, version, window, from]) => ({
		model,
		environment,
		version,
		window,
		from,
		sequence: 0,
	}))
}

function byPlace(windows: readonly ChangedWindow[]): { place: Place; windows: ChangedWindow[] }[] {
	const places = new Map<string, { place: Place; windows: ChangedWindow[] }>()
	for (const window of windows) {
		const { model, environment } = window
		const entry = places.get(placeText(window)) ?? { place: { model, environment }, windows: [] }
		entry.windows.push(window)
		places.set(placeText(window), entry)
	}
	return [...places.values()]
}

async function forget(context: Context, windows: readonly ChangedWindow[]): Promise<void> {
	const rows = windows.map((w) => [w.model, w.environment, w.version, w.window, w.from])
	await context.sql.batch([
		{
			sql: `DELETE FROM rule_waiting WHERE (model, environment, version, window, from_ms) IN
				(SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?))`,
			params: [JSON.stringify(rows)],
		},
	])
}
