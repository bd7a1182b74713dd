import { expect } from 'vitest'
import { toHex } from '../../../src/core/bytes.ts'
import { dayMs } from '../../../src/core/time.ts'
import { openDatabase } from '../../../src/db/database.ts'
import { sealRows } from '../../../src/evidence/ledger/seal-rows.ts'
import { verifyRows } from '../../../src/evidence/ledger/verify-rows.ts'
import { openLibsqlLog } from '../../../src/log/libsql-log-node.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { predictionRows, registerModel } from '../../support/rows.ts'
import type { TestServer } from '../../support/server.ts'

const it = withServerPerTest()

it.beforeEach(({ server }) => registerModel(server, { task: 'binary', retention: '400d' }, ['income']))

const send = (server: TestServer, count: number, first = 0) =>
	server.post(
		'/v1/models/m/predictions',
		predictionRows(
			Array.from({ length: count }, (_, i) => ({ features: { income: first + i }, score: 0.5 })),
			{ start: startOfTest - dayMs, first },
		),
	)

const entriesOf = (server: TestServer) =>
	server.context.sql.all<{ idx: number; entry: string }>({
		sql: "SELECT idx, entry FROM ledger_entry WHERE action = 'commit-rows' ORDER BY idx",
	})

it('many single rows share one entry, which names their number and their root', async ({ server }) => {
	for (let i = 0; i < 20; i++) await send(server, 1, i)
	expect(await sealRows(server.context)).toEqual({ rows: 20, more: false, faults: [] })
	const [entry, ...others] = await entriesOf(server)
	const [seal] = await server.context.sql.all<{ root: Uint8Array; entry: number }>({
		sql: 'SELECT root, entry FROM log_seal',
	})
	expect(others).toEqual([])
	expect(seal?.entry).toBe(entry?.idx)
	expect(JSON.parse(entry?.entry ?? '')).toMatchObject({
		object: 'rows:1',
		model: 'm',
		details: { kind: 'prediction', rows: 20, root: toHex(seal?.root as Uint8Array) },
	})
	expect(await sealRows(server.context)).toEqual({ rows: 0, more: false, faults: [] })
})

it('two processes that seal at once commit to each row once', async ({ server }) => {
	for (let i = 0; i < 30; i++) await send(server, 2, 2 * i)
	const { sql, log } = await openLibsqlLog(server.databaseUrl)
	try {
		const other = { ...server.context, sql, log, db: openDatabase(sql) }
		await Promise.all([sealRows(server.context), sealRows(other)])
		await sealRows(server.context)
	} finally {
		await log.close()
	}
	const rows = (await entriesOf(server)).reduce((sum, { entry }) => sum + JSON.parse(entry).details.rows, 0)
	expect(rows).toBe(60)
	expect(await verifyRows(server.context)).toMatchObject({ rows: 60, unsealed: 0, failures: [] })
})

it('a backlog is sealed in slices, oldest first, each model and kind for itself', async ({ server }) => {
	await server.post('/v1/models', { model: 'other', task: 'regression' })
	await server.post('/v1/models/other/versions', { version: '1', features: [] })
	for (let i = 0; i < 6; i++) await send(server, 10, 10 * i)
	await server.post(
		'/v1/models/other/predictions',
		predictionRows([{ score: 1 }], { start: startOfTest - dayMs }),
	)
	await server.post('/v1/models/m/outcomes', [
		{ predictionId: 'p1', actual: 1, timestamp: new Date(startOfTest).toISOString() },
	])
	// As a database of an older version: everything is unsealed, and much of it folded.
	await server.context.log.compact()
	expect(await sealRows(server.context, 25)).toMatchObject({ rows: 30, more: true })
	expect(await sealRows(server.context)).toMatchObject({ rows: 32, more: false })
	const sealed = (await entriesOf(server)).map(({ entry }) => {
		const { model, details } = JSON.parse(entry)
		return [model, details.kind, details.rows]
	})
	expect(sealed).toEqual([
		['m', 'prediction', 20],
		['m', 'prediction', 10],
		['m', 'prediction', 30],
		['other', 'prediction', 1],
		['m', 'outcome', 1],
	])
})

it('a chunk that is not what was stored is left out, and the others are sealed', async ({ server }) => {
	for (let i = 0; i < 3; i++) await send(server, 5, 5 * i)
	await server.context.sql.batch([{ sql: 'UPDATE log_chunk SET day = day + 1 WHERE id = 2' }])
	expect(await sealRows(server.context)).toEqual({
		rows: 10,
		more: false,
		faults: [{ chunk: 2, what: expect.stringContaining('filed under another') }],
	})
	expect((await verifyRows(server.context)).unsealed).toBe(5)
})
