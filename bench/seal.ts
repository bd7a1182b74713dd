import { randomUUID } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8 } from '../src/core/bytes.ts'
import { seeded } from '../src/core/random.ts'
import { sealRows } from '../src/evidence/ledger/seal-rows.ts'
import { verifyRows } from '../src/evidence/ledger/verify-rows.ts'
import { rowPayloads } from '../src/log/read/row-payload.ts'
import { BatchBuilder } from '../src/summaries/inputs/batch-builder.ts'
import type { RowBatch } from '../src/summaries/inputs/columns.ts'
import { openStore } from './store.ts'
import type { Measurement } from './table.ts'

const batchRows = 1000
const features = 20

function makeBatch(random: () => number, now: number): RowBatch {
	const builder = new BatchBuilder(batchRows)
	for (let i = 0; i < batchRows; i++)
		builder.add({
			id: randomUUID(),
			timestamp: now - i,
			version: '1',
			environment: 'production',
			score: random(),
			features: Object.fromEntries(
				Array.from({ length: features }, (_, f) => [`feature_${f}`, Math.round(random() * 1e6) / 1e3]),
			),
		})
	return builder.finish()
}

/** CPU seconds of all threads: hashing gives way to other work, so that wall time depends on what else runs. */
async function cpuSeconds(work: () => Promise<unknown>): Promise<number> {
	const before = process.cpuUsage()
	await work()
	const { user, system } = process.cpuUsage(before)
	return (user + system) / 1e6
}

/** Measures how fast rows are sealed in the ledger, and verified, on one core. */
export async function benchSeal(rows: number): Promise<Measurement[]> {
	const now = Date.parse('2026-03-02T12:00:00Z')
	const store = await openStore(now)
	try {
		const { context } = store
		const random = seeded(7)
		const payloads: Uint8Array[] = []
		for (let sent = 0; sent < rows; sent += batchRows) {
			const batch = makeBatch(random, now)
			if (payloads.length < 100_000) {
				const payloadOf = rowPayloads(batch, 'prediction')
				for (let row = 0; row < batch.rows; row++) payloads.push(utf8(payloadOf(row)))
			}
			await context.log.append('bench', 'prediction', batch)
		}
		const plain = await cpuSeconds(async () => {
			for (const payload of payloads) sha256(payload)
		})
		const began = performance.now()
		const seal = await cpuSeconds(async () => {
			while ((await sealRows(context)).more);
		})
		const wall = (performance.now() - began) / 1000
		const verify = await cpuSeconds(() => verifyRows(context))
		const [kept] = await context.sql
			.all<{ bytes: number }>({
				sql: `SELECT sum(pgsize) AS bytes FROM dbstat
				WHERE name IN ('log_seal', 'log_seal_entry', 'log_sealed', 'log_sealed_seal', 'log_unsealed')`,
			})
			.catch(() => [])
		const hashing = (plain / payloads.length) * rows
		const bytes = payloads.reduce((sum, { length }) => sum + length, 0) / payloads.length
		return [
			{
				name: `rows sealed in the ledger, ${rows / 1e6}M of ${Math.round(bytes)} bytes`,
				value: rows / wall,
				unit: 'rows/s',
			},
			{ name: 'the same, by CPU time', value: rows / seal, unit: 'rows/s' },
			{ name: 'plain SHA-256 of the same bytes, by CPU time', value: rows / hashing, unit: 'rows/s' },
			{
				name: 'sealing / plain SHA-256, CPU time',
				value: seal / hashing,
				unit: 'ratio',
			},
			{ name: 'rows verified, by CPU time', value: rows / verify, unit: 'rows/s' },
			...(kept
				? [
						{
							name: 'disk of seals',
							value: kept.bytes / rows,
							unit: 'bytes/row',
							target: '<= 10',
							ok: kept.bytes / rows <= 10,
						},
					]
				: []),
		]
	} finally {
		await store.close()
	}
}
