import type { Sql, Statement } from '../../db/sql.ts'
import { countErasure, erasuresOf, noErasureSince } from '../erase/erased-ids.ts'
import type { DueChunks } from '../prediction-log.ts'

type Part = { chunk: number; rows: number; due: number; seal: number | null; file: string | null }

/**
 * The chunks of a model and kind whose rows are all older than `before`. A seal is deleted with all its rows or not at all, so
 * that what is left can be verified, and so is a file: rows that share one with younger rows, or with a chunk in `kept`, wait.
 */
export async function dueChunks(
	sql: Sql,
	query: { model: string; kind: number; before: number; kept: ReadonlySet<number>; max: number },
): Promise<DueChunks> {
	const { model, kind, before, kept, max } = query
	const erasures = await erasuresOf(sql)
	const parts = await sql.all<Part>({
		sql: `WITH stored AS (SELECT c.id AS id, c.rows AS rows, c.to_ms < ?3 AS due, c.file AS file, a.id AS folded
				FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = ?2 LEFT JOIN log_alias a ON a.target = c.id
				WHERE s.model = ?1 AND s.segment = '')
			SELECT t.id AS chunk, t.rows AS rows, t.due AS due, t.file AS file, l.seal AS seal
			FROM stored t LEFT JOIN log_sealed l ON l.chunk = coalesce(t.folded, t.id) ORDER BY t.id`,
		params: [model, kind, before],
	})
	const out = new Set<string>()
	const namesOf = ({ chunk, seal, file }: Part) => [
		`chunk ${chunk}`,
		...(seal === null ? [] : [`seal ${seal}`]),
		...(file === null ? [] : [`file ${file}`]),
	]
	for (const part of parts)
		if (part.due === 0 || kept.has(part.chunk)) for (const name of namesOf(part)) out.add(name)
	for (let before = -1; before !== out.size; ) {
		before = out.size
		for (const part of parts) {
			const names = namesOf(part)
			if (names.some((name) => out.has(name))) for (const name of names) out.add(name)
		}
	}
	return chosen(
		parts.filter((part) => !out.has(`chunk ${part.chunk}`)),
		max,
		erasures,
	)
}

/** Whole groups of what belongs together, up to about `max` chunks. */
function chosen(parts: readonly Part[], max: number, erasures: number): DueChunks {
	const [chunks, seals, files] = [new Map<number, number>(), new Set<number>(), new Set<string>()]
	for (let grown = true; grown; ) {
		grown = false
		for (const { chunk, rows, seal, file } of parts) {
			const belongs = (seal !== null && seals.has(seal)) || (file !== null && files.has(file))
			if (!chunks.has(chunk) && !belongs && chunks.size >= max) continue
			grown ||= !chunks.has(chunk) || (seal !== null && !seals.has(seal))
			chunks.set(chunk, rows)
			if (seal !== null) seals.add(seal)
			if (file !== null) files.add(file)
		}
	}
	const rows = [...chunks.values()].reduce((sum, n) => sum + n, 0)
	return { chunks: [...chunks.keys()], rows, seals: [...seals], files: [...files], erasures }
}

/** The statements that delete them, for the commit of the entry that says so. `entry`: SQL of its index. */
export function deleteStatements(
	model: string,
	{ chunks, seals, files, erasures }: DueChunks,
	entry: string,
): Statement[] {
	const [ids, sealIds, names] = [chunks, seals, files].map((list) => JSON.stringify(list)) as [
		string,
		string,
		string,
	]
	const among = 'IN (SELECT value FROM json_each(?))'
	return [
		noErasureSince(erasures),
		{ sql: `DELETE FROM log_chunk WHERE id ${among}`, params: [ids] },
		{ sql: 'INSERT INTO guard (ok) VALUES (changes() = ?)', params: [chunks.length] },
		{
			sql: `DELETE FROM log_unsealed WHERE chunk ${among} OR chunk IN (SELECT id FROM log_alias WHERE target ${among})`,
			params: [ids, ids],
		},
		...['log_brief', 'log_covered', 'log_group', 'log_group_waiting', 'log_join'].map((table) => ({
			sql: `DELETE FROM ${table} WHERE chunk ${among}`,
			params: [ids],
		})),
		{ sql: `DELETE FROM log_join WHERE feature_chunk ${among}`, params: [ids] },
		{ sql: `DELETE FROM log_waiting WHERE model = ? AND chunk ${among}`, params: [model, ids] },
		{ sql: `DELETE FROM log_alias WHERE target ${among}`, params: [ids] },
		{ sql: `DELETE FROM log_sealed WHERE seal ${among}`, params: [sealIds] },
		{ sql: `DELETE FROM log_erased WHERE seal ${among}`, params: [sealIds] },
		{
			sql: `UPDATE log_seal SET keys = x'', blocks = x'', deleted = ${entry} WHERE id ${among}`,
			params: [sealIds],
		},
		{ sql: `DELETE FROM log_archive WHERE file ${among}`, params: [names] },
		countErasure,
	]
}
