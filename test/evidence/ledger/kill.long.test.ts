import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { toHex } from '../../../src/core/bytes.ts'
import { openSql } from '../../../src/db/open-node.ts'
import { parseCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { leafHash, MemoryTree, rootOf } from '../../../src/ledger/tree.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const folder = temporaryFolder()
const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Runs a signer until it ends, and returns what it said that it had committed and signed. */
async function sign(
	database: string,
	kill = '',
): Promise<{ code: number | null; entries: [number, string][]; notes: string[] }> {
	const child = spawn(process.execPath, ['test/support/killable-signer.ts'], {
		cwd: root,
		env: { ...process.env, PLUMBLINE_DATABASE_URL: `file:${database}`, TEST_KILL: kill },
		stdio: ['ignore', 'pipe', 'inherit'],
	})
	let said = ''
	child.stdout.on('data', (chunk) => {
		said += chunk
	})
	const [code] = await once(child, 'close')
	const lines = said.split('\n')
	const of = (name: string) =>
		lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))
	const entries = of('entries').flatMap((line) =>
		line
			.split(' ')
			.map((pair): [number, string] => [Number(pair.split(':')[0]), pair.split(':')[1] as string]),
	)
	return { code: code as number | null, entries, notes: of('checkpoint').map((text) => JSON.parse(text)) }
}

/** The entries have no gap, and every checkpoint that anybody has seen is one of their tree. */
async function check(
	database: string,
	entries: readonly [number, string][],
	notes: readonly string[],
): Promise<void> {
	const sql = await openSql(`file:${database}`)
	const rows = await sql.all<{ idx: number; entry: string }>({
		sql: 'SELECT idx, entry FROM ledger_entry ORDER BY idx',
	})
	const stored = await sql.all<{ note: string }>({ sql: 'SELECT note FROM ledger_checkpoint' })
	const incidents = await sql.all({ sql: 'SELECT id FROM incident' })
	await sql.close()
	expect(incidents).toEqual([])
	expect(rows.map(({ idx }) => idx)).toEqual(rows.map((_, i) => i))
	const leaves = rows.map(({ entry }) => leafHash(entry))
	for (const [index, leaf] of entries) expect(leaf).toBe(toHex(leaves[index] as Uint8Array))
	expect(new Set(entries.map(([index]) => index)).size).toBe(entries.length)
	const tree = new MemoryTree(Buffer.concat(leaves))
	const kept = readFileSync(`${database}-ledger.checkpoint`, 'utf8')
	for (const note of [...notes, ...stored.map((row) => row.note), kept]) {
		const { size, root: signed } = (parseCheckpoint(note) as NonNullable<ReturnType<typeof parseCheckpoint>>)
			.checkpoint
		expect(toHex(await rootOf(tree.read, size))).toBe(toHex(signed))
	}
}

const points = ['append', 'store', 'file'].flatMap((step) =>
	['before', 'after'].map((when) => `${step}:${when}:2`),
)

test('a signer that is killed at any step leaves no gap, and no checkpoint that later history contradicts', async () => {
	const database = join(folder, 'killed.db')
	const [entries, notes]: [[number, string][], string[]] = [[], []]
	for (const point of [...points, '']) {
		const run = await sign(database, point)
		expect(run.code, point).toBe(point === '' ? 0 : null)
		entries.push(...run.entries)
		notes.push(...run.notes)
		if (notes.length > 0) await check(database, entries, notes)
	}
	expect(notes.length).toBeGreaterThan(points.length)
})

test('signers that write at the same time share one history', async () => {
	const database = join(folder, 'together.db')
	const runs = await Promise.all([1, 2, 3].map(() => sign(database)))
	expect(runs.map(({ code }) => code)).toEqual([0, 0, 0])
	await check(
		database,
		runs.flatMap((run) => run.entries),
		runs.flatMap((run) => run.notes),
	)
})
