import { describe, expect } from 'vitest'
import { commit } from '../../../src/db/commit.ts'
import { commitState } from '../../../src/evidence/ledger/commit-state.ts'
import { governedTables, governingSql } from '../../../src/evidence/ledger/governed-tables.ts'
import { deployCredit } from '../../support/deployed.ts'
import { withContextPerTest } from '../../support/fixtures.ts'

const test = withContextPerTest()

describe('a governed table', () => {
	test('has the triggers of its line, and columns that exist', async ({ context }) => {
		const rows = await context.sql.all<{ sql: string }>({
			sql: "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'ledger_*' ORDER BY name",
		})
		const wanted = governedTables.flatMap((governed) => governingSql(governed).slice(0, 3))
		expect(rows.map((row) => row.sql).sort()).toEqual(wanted.sort())
		for (const { table, key, columns } of governedTables)
			await context.sql.all({
				sql: `SELECT ${[...key, ...columns].map((c) => `"${c}"`).join(', ')} FROM ${table} LIMIT 1`,
			})
	})
})

describe('a commit of the state', () => {
	test('has the rows that changed since the last one, each once', async ({ context }) => {
		await deployCredit(context)
		// A model and its history, three versions, a deployment.
		expect(await commitState(context)).toEqual({ rows: 6, mismatches: [] })
		expect(await commitState(context)).toEqual({ rows: 0, mismatches: [] })
		await context.sql.batch([{ sql: 'UPDATE model SET threshold = threshold' }])
		expect(await commitState(context)).toEqual({ rows: 0, mismatches: [] })
	})

	test('refuses a change that no entry explains, until it is taken back', async ({ context }) => {
		await deployCredit(context)
		await commitState(context)
		await context.sql.batch([{ sql: 'UPDATE model SET threshold = 0.9' }])
		const entry = { action: 'read-model', object: 'model:credit' }
		await commit(context, { id: 'eve', how: 'cli' }, entry, [])
		const { rows, mismatches } = await commitState(context)
		expect([rows, mismatches.length]).toEqual([0, 1])
		expect(mismatches[0]).toMatchObject({
			where: 'model credit',
			what: expect.stringContaining('the row was changed, but'),
		})
		await context.sql.batch([{ sql: 'UPDATE model SET threshold = NULL' }])
		expect((await commitState(context)).mismatches).toEqual([])
	})

	test('takes rows from before the table was governed as they are found, and says how many', async ({
		context,
	}) => {
		await context.sql.batch([
			{
				sql: "INSERT INTO access_key (id, hash, name, role, models, created_at) VALUES ('key_old', 'h', 'old', 'admin', '[]', 1)",
			},
			{ sql: 'UPDATE ledger_touched SET found = 1' },
		])
		expect(await commitState(context)).toEqual({ rows: 1, mismatches: [] })
		const [row] = await context.sql.all<{ entry: string }>({
			sql: "SELECT entry FROM ledger_entry WHERE action = 'commit-state'",
		})
		expect(JSON.parse(row?.entry ?? '').details).toMatchObject({ rows: 1, baseline: 1 })
		// Later ones are not.
		await context.sql.batch([
			{
				sql: "INSERT INTO access_key (id, hash, name, role, models, created_at) VALUES ('key_new', 'i', 'new', 'admin', '[]', 1)",
			},
			{ sql: 'UPDATE ledger_touched SET found = 1' },
		])
		expect((await commitState(context)).mismatches).toHaveLength(1)
	})
})
