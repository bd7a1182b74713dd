import { expect } from 'vitest'
import { toHex } from '../../../src/core/bytes.ts'
import { dayMs } from '../../../src/core/time.ts'
import { sealRows } from '../../../src/evidence/ledger/seal-rows.ts'
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
