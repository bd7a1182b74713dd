import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import type { Statement } from '../../../src/db/sql.ts'
import { sealRows } from '../../../src/evidence/ledger/seal-rows.ts'
import { verifyRows } from '../../../src/evidence/ledger/verify-rows.ts'
import { decodeChunk, encodeBody } from '../../../src/log/codec/chunk.ts'
import { nodeCodec } from '../../../src/log/codec/codec-node.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { predictionRows, registerModel } from '../../support/rows.ts'
import type { TestServer } from '../../support/server.ts'

const it = withServer()
const old = startOfTest - 95 * dayMs

const send = async (server: TestServer, count: number, first: number, start = old) => {
	const rows = Array.from({ length: count }, (_, i) => ({ features: { income: first + i }, score: 0.5 }))
	await server.post('/v1/models/m/predictions', predictionRows(rows, { start, first }))
}

it.beforeAll(async ({ server }) => {
	await registerModel(server, { task: 'binary', retention: '400d' }, ['income'])
	await server.post('/v1/models/m/versions', { version: '2', features: [] })
	const { context } = server
	// Rows that are archived, rows that are folded after they were sealed and before, and rows that are left as they were sent.
	await send(server, 300, 0)
	await send(server, 300, 300)
	await sealRows(context)
	await context.log.archive('m', startOfTest - 90 * dayMs)
	for (let i = 0; i < 4; i++) {
		await send(server, 10, 1000 + 10 * i, startOfTest - 2 * dayMs)
		if (i === 1) await sealRows(context)
	}
	await context.log.compact()
	await send(server, 1000, 2000, startOfTest - dayMs)
	await server.post('/v1/models/m/outcomes', [
		{ predictionId: 'p1', actual: 1, timestamp: new Date(startOfTest).toISOString() },
	])
})

it('rows that are as they were stored verify, with progress, also those that no entry commits to yet', async ({
	server: { context },
}) => {
	expect(await verifyRows(context)).toEqual({ rows: 620, seals: 2, unsealed: 1021, failures: [] })
	await sealRows(context)
	const seen: [number, number][] = []
	const check = await verifyRows(context, (done, total) => seen.push([done, total]))
	expect(check).toEqual({ rows: 1641, seals: 4, unsealed: 0, failures: [] })
	expect(seen.at(-1)).toEqual([1641, 1641])
})

type Row = Record<string, string | number | Uint8Array | null>

/** Runs `change`, verifies, and puts the rows of these tables back. */
async function failuresAfter(server: TestServer, tables: string[], change: () => Promise<unknown>) {
	const { sql } = server.context
	const kept = new Map<string, Row[]>()
	for (const table of tables) kept.set(table, await sql.all<Row>({ sql: `SELECT * FROM ${table}` }))
	await change()
	const { failures } = await verifyRows(server.context)
	const restored: Statement[] = []
	for (const [table, rows] of kept) {
		restored.push({ sql: `DELETE FROM ${table}` })
		for (const row of rows)
			restored.push({
				sql: `INSERT INTO ${table} (${Object.keys(row).map((name) => `"${name}"`)}) VALUES (${Object.keys(row).map(() => '?')})`,
				params: Object.values(row),
			})
	}
	await sql.batch(restored)
	expect((await verifyRows(server.context)).failures).toEqual([])
	return failures.map(({ where, what }) => `${where}: ${what}`)
}

const lastChunk = `(SELECT max(id) FROM log_chunk WHERE kind = 1)`
const statements: [string, string[], string, RegExp][] = [
	[
		'a chunk is deleted',
		['log_chunk'],
		`DELETE FROM log_chunk WHERE id = ${lastChunk}`,
		/chunk \d+: Its rows are missing/,
	],
	['all chunks are deleted', ['log_chunk'], 'DELETE FROM log_chunk', /Its rows are missing/],
	[
		'a chunk is added',
		['log_chunk'],
		`INSERT INTO log_chunk SELECT id + 1000, kind, series, day, rows, from_ms, to_ms, grid, ids, body, file, file_row
			FROM log_chunk WHERE id = ${lastChunk}`,
		/chunk \d+ of m: It was added behind the ledger: 1000 rows are there, 0 were stored/,
	],
	[
		'a chunk is filed under another version',
		['log_chunk', 'log_series'],
		`UPDATE log_series SET version = '2' WHERE segment = '' AND version = '1'`,
		/another version, environment or time/,
	],
	[
		'a chunk is filed under another day',
		['log_chunk'],
		`UPDATE log_chunk SET day = day - 1 WHERE id = ${lastChunk}`,
		/another version, environment or time/,
	],
	[
		'a chunk is filed under another model',
		['log_series'],
		`UPDATE log_series SET model = 'other'`,
		/It is not filed under prediction rows of m/,
	],
	[
		'a chunk is of another kind',
		['log_chunk'],
		`UPDATE log_chunk SET kind = 3 WHERE id = ${lastChunk}`,
		/It is not filed under prediction rows of m/,
	],
	[
		'chunks are swapped',
		['log_chunk'],
		'UPDATE log_chunk SET file_row = 300 - file_row WHERE file IS NOT NULL',
		/chunk 1: It is filed under another version, environment or time/,
	],
	[
		'a seal is dropped',
		['log_seal'],
		'DELETE FROM log_seal WHERE id = 1',
		/ledger entry \d+: The rows that it commits to \(rows:1 of m\) are missing/,
	],
	[
		'a root is changed',
		['log_seal'],
		'UPDATE log_seal SET root = zeroblob(32) WHERE id = 2',
		/rows 2 of m .*The ledger entry does not name these rows/,
	],
	[
		'keys are changed',
		['log_seal'],
		"UPDATE log_seal SET keys = x'00' || zeroblob(36) WHERE id = 2",
		/A row is not what was stored/,
	],
	[
		'chunks of a seal are dropped',
		['log_sealed'],
		'DELETE FROM log_sealed WHERE seal = 1',
		/It names chunks of 0 rows; the entry commits to 600/,
	],
	[
		'an alias is moved',
		['log_alias'],
		'UPDATE log_alias SET first = first + 1',
		/It has \d+ of 10 rows|A row is not/,
	],
	[
		'an unsealed chunk is gone',
		['log_unsealed'],
		'INSERT INTO log_unsealed VALUES (900)',
		/chunk 900: It was stored, and is missing/,
	],
]

for (const [name, tables, sql, expected] of statements)
	it(`is noticed when ${name}`, async ({ server }) => {
		const failures = await failuresAfter(server, tables, () => server.context.sql.batch([{ sql }]))
		expect(failures.join('\n')).toMatch(expected)
	})

it('names the chunk, and some of its rows, when one value is changed', async ({ server }) => {
	const { sql } = server.context
	const [chunk] = await sql.all<{ id: number; ids: Uint8Array; body: Uint8Array }>({
		sql: `SELECT id, ids, body FROM log_chunk WHERE id = ${lastChunk}`,
	})
	if (!chunk) throw new Error('no chunk')
	const batch = decodeChunk(chunk.ids, await nodeCodec.decompress(chunk.body))
	batch.scores[700] = 0.51
	const body = await nodeCodec.compress(encodeBody(batch))
	const failures = await failuresAfter(server, ['log_chunk'], () =>
		sql.batch([{ sql: 'UPDATE log_chunk SET body = ? WHERE id = ?', params: [body, chunk.id] }]),
	)
	expect(failures).toEqual([
		expect.stringMatching(
			new RegExp(
				`^rows \\d of m \\(ledger entry \\d+\\), chunk ${chunk.id}, one of the rows \\d+ to \\d+: A row is not what was stored`,
			),
		),
	])
	const [, from, to] = /rows (\d+) to (\d+)/.exec(failures[0] as string) ?? []
	expect([Number(from) <= 700, Number(to) >= 700]).toEqual([true, true])
})

it('is noticed when an archive file is changed, until it is restored', async ({ server }) => {
	const folder = join(server.folder, 'test.db.archive', 'm')
	const path = join(folder, (await readdir(folder))[0] as string)
	const whole = await readFile(path)
	const changed = Buffer.from(whole)
	changed[80] = (changed[80] as number) ^ 1
	await writeFile(path, changed)
	const { failures } = await verifyRows(server.context)
	expect(failures).toEqual(
		[1, 2].map((chunk) => ({
			kind: 'mismatch',
			where: expect.stringContaining(`chunk ${chunk}`),
			what: expect.stringContaining('its content is not what was written'),
		})),
	)
	await writeFile(path, whole)
	expect((await verifyRows(server.context)).failures).toEqual([])
})
