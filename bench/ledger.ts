import { randomFillSync } from 'node:crypto'
import { join } from 'node:path'
import type { Context } from '../src/context.ts'
import { sameBytes } from '../src/core/bytes.ts'
import { seeded } from '../src/core/random.ts'
import { commit, type EntryDraft } from '../src/db/commit.ts'
import { openSql } from '../src/db/open-node.ts'
import type { SqlValue } from '../src/db/sql.ts'
import { checkpoint, checkpointInsert, proofFile, signRoot } from '../src/evidence/ledger/checkpoint.ts'
import { GrowingTiles, readNodes } from '../src/evidence/ledger/stored-tiles.ts'
import { consistencyProof, hashBytes, rootOf, rootsFromConsistency } from '../src/ledger/tree.ts'
import { testLedgerKey } from '../test/support/ledger-key.ts'
import { quantile } from './ingest.ts'
import { openStore } from './store.ts'
import type { Measurement } from './table.ts'

const now = Date.parse('2026-03-02T12:00:00Z')
const batchEntries = 1000
const checkpointEntries = 100_000
const proofs = 1000
const actor = { id: 'key:key_bench', how: 'key' } as const
const ledgerKey = testLedgerKey()

const draftOf = (i: number): EntryDraft => ({
	action: 'explain-prediction',
	object: `prediction:credit-risk/${i}`,
	model: 'credit-risk',
	details: { reasons: 4, requestId: `req_${i.toString(36).padStart(26, '0')}` },
})

const secondsSince = (began: number) => (performance.now() - began) / 1000

/** Inserts the rows of the ledger into a plain table, as durable and in batches of the same size. Returns rows per second. */
async function insertPlainly(context: Context, url: string): Promise<number> {
	const rows = await context.sql.values({
		sql: 'SELECT at, actor, action, object, model, entry, leaf_hash, mac FROM ledger_entry ORDER BY idx',
	})
	const sql = await openSql(url)
	await sql.batch([
		{
			sql: `CREATE TABLE plain (idx INTEGER PRIMARY KEY, at INTEGER, actor TEXT, action TEXT, object TEXT, model TEXT,
				entry TEXT, leaf_hash BLOB, mac BLOB)`,
		},
	])
	const began = performance.now()
	for (let at = 0; at < rows.length; at += batchEntries)
		await sql.batch(
			rows.slice(at, at + batchEntries).map((row) => ({
				sql: 'INSERT INTO plain VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)',
				params: row as readonly SqlValue[],
			})),
		)
	const rate = rows.length / secondsSince(began)
	await sql.close()
	return rate
}

async function benchAppend(): Promise<Measurement[]> {
	const store = await openStore(now)
	const context = { ...store.context, ledgerKey, now: Date.now }
	try {
		await commit(context, actor, draftOf(0), [])
		await checkpoint(context)
		const began = performance.now()
		for (let at = 0; at < checkpointEntries; at += batchEntries)
			await commit(
				context,
				actor,
				Array.from({ length: batchEntries }, (_, i) => draftOf(at + i)),
				[],
			)
		const rate = checkpointEntries / secondsSince(began)
		const signing = performance.now()
		const made = await checkpoint(context)
		const seconds = secondsSince(signing)
		if ((made?.size ?? 0) <= checkpointEntries) throw new Error(`the checkpoint is of ${made?.size} entries`)
		const floor = await insertPlainly(context, `file:${join(store.url.slice('file:'.length), '../plain.db')}`)
		return [
			{ name: `floor: plain inserts, ${batchEntries} in a batch`, value: floor, unit: 'rows/s' },
			{
				name: `entries appended, ${batchEntries} in a batch`,
				value: rate,
				unit: 'entries/s',
				target: '>= 20,000',
				ok: rate >= 20_000,
			},
			{ name: 'appending / floor', value: rate / floor, unit: 'ratio' },
			{
				name: `checkpoint over ${checkpointEntries.toLocaleString('en')} new entries`,
				value: seconds,
				unit: 's',
			},
		]
	} finally {
		await store.close()
	}
}

/** A signed tree over random leaves, in slices so that its tiles are not all in memory. */
async function growTree(context: Context, size: number): Promise<Uint8Array> {
	const slice = 2 ** 18
	const leaves = new Uint8Array(slice * hashBytes)
	for (let from = 0; from < size; from += slice) {
		const tiles = await GrowingTiles.open(context, from)
		randomFillSync(leaves)
		for (let i = 0; i < Math.min(slice, size - from); i++)
			tiles.add(leaves.slice(i * hashBytes, (i + 1) * hashBytes))
		await commit(context, actor, [], tiles.changes())
	}
	const root = await rootOf(readNodes(context, size), size)
	const made = { size, root, note: await signRoot(size, root, [ledgerKey]) }
	await commit(context, actor, [], [checkpointInsert(context, made, 0, ledgerKey.verifier)])
	return root
}

async function benchProofs(size: number): Promise<Measurement[]> {
	const store = await openStore(now)
	const context = { ...store.context, ledgerKey, now: Date.now }
	try {
		await checkpoint(context)
		const root = await growTree(context, size)
		const random = seeded(11)
		const [inclusion, consistency]: [number[], number[]] = [[], []]
		for (let i = 0; i < proofs; i++) {
			const index = Math.floor(random() * size)
			let began = performance.now()
			await proofFile(context, index)
			inclusion.push(performance.now() - began)
			began = performance.now()
			const proof = await consistencyProof(readNodes(context, size), index + 1, size)
			consistency.push(performance.now() - began)
			const old = await rootOf(readNodes(context, size), index + 1)
			const found = rootsFromConsistency(old, index + 1, size, proof)
			if (!found || !sameBytes(found.from, old) || !sameBytes(found.size, root))
				throw new Error(`the proof from ${index + 1} entries leads to another root`)
		}
		const of = `of ${size.toLocaleString('en')} entries`
		return [
			...measurements(`inclusion proof, checked against the checkpoint ${of}`, inclusion),
			...measurements(`consistency proof with the checkpoint ${of}`, consistency),
		]
	} finally {
		await store.close()
	}
}

function measurements(name: string, times: number[]): Measurement[] {
	times.sort((a, b) => a - b)
	const p99 = quantile(times, 0.99)
	return [
		{ name: `${name}, p50`, value: quantile(times, 0.5), unit: 'ms' },
		{ name: `${name}, p99`, value: p99, unit: 'ms', target: '< 5', ok: p99 < 5 },
	]
}

/** Measures how fast entries are appended and signed, and what a proof costs in a ledger of `entries`. */
export async function benchLedger(entries: number): Promise<Measurement[]> {
	return [...(await benchAppend()), ...(await benchProofs(entries))]
}
