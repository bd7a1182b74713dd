import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { makeBodies } from './rows.ts'

/**
 * The floor that ingest is compared with: one process parses each line and inserts it into libSQL with a sequential key, a
 * thousand rows in a commit, as durable as the service (WAL, FULL). No HTTP, validation, uniqueness or summaries. Returns rows
 * per second.
 */
export async function measureFloor(rows: number): Promise<number> {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-floor-'))
	const db = createClient({ url: `file:${join(folder, 'floor.db')}`, concurrency: 1 })
	await db.execute('PRAGMA page_size = 8192')
	await db.execute('PRAGMA journal_mode = WAL')
	await db.execute('PRAGMA synchronous = FULL')
	await db.execute(
		'CREATE TABLE row (id INTEGER PRIMARY KEY, prediction TEXT, version TEXT, at INTEGER, score REAL, features TEXT)',
	)
	const start = Date.parse('2026-03-01T00:00:00Z')
	const bodies = makeBodies(20, 1000, 1, (r) => start + r)
	const texts = bodies.map((b) => b.bytes.toString())
	const began = performance.now()
	let id = 0
	while (id < rows) {
		const lines = (texts[(id / 1000) % texts.length] as string).split('\n')
		const statements = []
		for (const text of lines) {
			if (text === '') continue
			const row = JSON.parse(text)
			statements.push({
				sql: 'INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)',
				args: [
					++id,
					row.predictionId,
					row.version,
					Date.parse(row.timestamp),
					row.score,
					JSON.stringify(Object.values(row.features)),
				],
			})
		}
		await db.batch(statements, 'write')
	}
	const seconds = (performance.now() - began) / 1000
	db.close()
	await rm(folder, { recursive: true, force: true })
	return rows / seconds
}

if (import.meta.main) console.log(Math.round(await measureFloor(Number(process.argv[2] ?? 200_000))))
