import { describe, expect } from 'vitest'
import type { Context } from '../../../src/context.ts'
import { commit } from '../../../src/db/commit.ts'
import {
	checkpoint,
	ensureCheckpoint,
	proofFile,
	pruneCheckpoints,
} from '../../../src/evidence/ledger/checkpoint.ts'
import { isSignedBy, parseCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { parseProof } from '../../../src/ledger/proof-file.ts'
import { leafHash, MemoryTree, rootFromInclusion } from '../../../src/ledger/tree.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { testLedgerKey } from '../../support/ledger-key.ts'

const test = withContextPerTest()
const key = testLedgerKey()

const add = (context: Context, count: number) =>
	commit(
		context,
		{ id: 'cli', how: 'cli' },
		Array.from({ length: count }, (_, i) => ({ action: 'note', object: `thing:${i}` })),
		[],
	)

async function treeOf(context: Context): Promise<MemoryTree> {
	const rows = await context.sql.all<{ entry: string }>({
		sql: 'SELECT entry FROM ledger_entry ORDER BY idx',
	})
	return new MemoryTree(Buffer.concat(rows.map(({ entry }) => leafHash(entry))))
}

const change = (context: Context, sql: string) => context.sql.batch([{ sql }])

describe('a checkpoint', () => {
	test('is undefined while there are no entries', async ({ context }) => {
		expect(await checkpoint(context)).toBeUndefined()
	})

	test('is the signed root over all entries, however the log has grown', async ({ context }) => {
		for (const count of [1, 1, 253, 1, 1, 700]) {
			await add(context, count)
			const made = await checkpoint(context)
			const tree = await treeOf(context)
			const note = parseCheckpoint(made?.note ?? '')
			expect(note?.checkpoint).toEqual({
				origin: 'plumbline',
				size: tree.size,
				root: new Uint8Array(await tree.root()),
			})
			expect(note && (await isSignedBy(note, key.verifier))).toBe(true)
		}
	})

	test('is not made again when nothing was added', async ({ context }) => {
		await add(context, 3)
		const first = await checkpoint(context)
		expect(await checkpoint(context)).toEqual(first)
	})

	test('is made on demand for an entry that none covers, whose proof leads to its root', async ({
		context,
	}) => {
		await add(context, 300)
		await checkpoint(context)
		await add(context, 5)
		expect((await ensureCheckpoint(context, 10)).size).toBe(300)
		for (const index of [0, 255, 256, 304]) {
			const proof = parseProof(await proofFile(context, index))
			const [row] = await context.sql.all<{ entry: string }>({
				sql: 'SELECT entry FROM ledger_entry WHERE idx = ?',
				params: [index],
			})
			const root = rootFromInclusion(
				leafHash(row?.entry ?? ''),
				index,
				proof?.note.checkpoint.size ?? 0,
				proof?.hashes ?? [],
			)
			expect(root).toEqual(proof?.note.checkpoint.root)
		}
		await expect(proofFile(context, 305)).rejects.toThrow('The ledger has no entry 305.')
	})

	test('is kept for a week, then the last one of each day', async ({ context, clock }) => {
		for (let hour = 0; hour < 48; hour += 6) {
			await add(context, 1)
			await checkpoint(context)
			clock.advance(6 * 3_600_000)
		}
		clock.advance(7 * 86_400_000)
		await add(context, 1)
		await checkpoint(context)
		await pruneCheckpoints(context)
		const rows = await context.sql.all<{ size: number }>({
			sql: 'SELECT size FROM ledger_checkpoint ORDER BY size',
		})
		expect(rows.map(({ size }) => size)).toEqual([4, 8, 9])
	})
})

describe('what does not match what was signed is found before the next signature', () => {
	const cases: [what: string, sql: string, found: RegExp][] = [
		[
			'the text of a new entry',
			`UPDATE ledger_entry SET entry = replace(entry, 'cli', 'ana') WHERE idx = 7`,
			/Entry 7 is not/,
		],
		[
			'a new entry by somebody without the key',
			`INSERT INTO ledger_entry SELECT 10, at, actor, action, object, model, entry, leaf_hash, NULL FROM ledger_entry WHERE idx = 9`,
			/Entry 10 was not written/,
		],
		[
			'a copied entry',
			`INSERT INTO ledger_entry SELECT 10, at, actor, action, object, model, entry, leaf_hash, CAST(substr(mac, 1, 47) || x'00' AS BLOB) FROM ledger_entry WHERE idx = 9`,
			/Entry 10 was not written/,
		],
		['a new entry that is missing', 'DELETE FROM ledger_entry WHERE idx = 7', /Entry 7 is missing/],
		[
			'all entries that are missing',
			'DELETE FROM ledger_entry',
			/of 5 entries was signed, and the database has 0/,
		],
		[
			'a tile',
			`UPDATE ledger_tile SET hashes = CAST(substr(hashes, 1, 128) || zeroblob(32) AS BLOB)`,
			/another root for 5 entries/,
		],
		['a tile that is missing', 'DELETE FROM ledger_tile', /another root for 5 entries/],
		[
			'a stored root',
			`UPDATE ledger_checkpoint SET root = zeroblob(32)`,
			/checkpoint of 5 entries is not one/,
		],
		[
			'a stored note',
			`UPDATE ledger_checkpoint SET note = replace(note, 'plumbline', 'plumbling')`,
			/checkpoint of 5 entries is not one/,
		],
	]
	for (const [what, sql, found] of cases)
		test(`${what}`, async ({ context }) => {
			await add(context, 5)
			await checkpoint(context)
			await add(context, 5)
			await change(context, sql)
			await expect(checkpoint(context)).rejects.toThrow(found)
			const incidents = await context.sql.all<{ severity: string; title: string }>({
				sql: 'SELECT severity, title FROM incident',
			})
			expect(incidents).toEqual([
				{ severity: 'critical', title: 'the ledger does not match what was signed' },
			])
			await expect(checkpoint(context)).rejects.toThrow('Nothing is signed while the incident')
			const signed = await context.sql.all<{ size: number }>({ sql: 'SELECT size FROM ledger_checkpoint' })
			expect(signed).toEqual([{ size: 5 }])
		})
})
