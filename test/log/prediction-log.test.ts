import { describe, expect } from 'vitest'
import { dayMs, hourMs } from '../../src/core/time.ts'
import { openLibsqlLog } from '../../src/log/libsql-log-node.ts'
import type { PredictionLog } from '../../src/log/prediction-log.ts'
import type { RowKind } from '../../src/log/row-kinds.ts'
import { BatchBuilder, type RowInput } from '../../src/summaries/inputs/batch-builder.ts'
import { encodeInputSummary } from '../../src/summaries/inputs/encoding.ts'
import { schemaBins } from '../../src/summaries/inputs/make-bins.ts'
import { startOfTest, testContext } from '../support/context.ts'
import { withContextPerTest } from '../support/fixtures.ts'
import { registerTestModel, testFeatures } from '../support/model.ts'

const it = withContextPerTest()
let log: PredictionLog
it.beforeEach(async ({ context }) => {
	log = context.log
	await registerTestModel(context)
})

const bins = schemaBins(testFeatures)
const prediction = (n: number, more: Partial<RowInput> = {}): RowInput => ({
	id: `p${n}`,
	version: '1',
	environment: 'production',
	timestamp: startOfTest - dayMs + n * 1000,
	features: { income: 1000 + n, region: n % 2 === 0 ? 'north' : 'south' },
	score: (n % 100) / 100,
	...more,
})

async function append(kind: RowKind, rows: RowInput[], to = log): Promise<number[]> {
	const builder = new BatchBuilder(rows.length)
	for (const row of rows) builder.add(row)
	return [...(await to.append('m', kind, builder.finish())).statuses]
}

async function totals() {
	const series = (await log.series('m')).find((s) => s.segment === '')
	const inputSummary = await log.inputs(series?.id ?? 0, bins, 0, startOfTest + dayMs)
	if (!inputSummary) throw new Error('no profile')
	return inputSummary
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe('appending predictions', () => {
	it('keeps what was accepted and reads it back by id', async () => {
		expect(await append('prediction', [prediction(1), prediction(2)])).toEqual([0, 0])
		const stored = await log.read('m', 'p2')
		expect(stored).toMatchObject({ predictionId: 'p2', version: '1', environment: 'production', score: 0.02 })
		expect(stored?.features).toEqual({ income: 1002, region: 'north' })
		expect(await log.read('m', 'p3')).toBeUndefined()
		expect(await log.read('other', 'p2')).toBeUndefined()
	})

	it('reports the same content as a duplicate and other content as a conflict, within and across batches', async () => {
		expect(await append('prediction', [prediction(1), prediction(1), prediction(1, { score: 0.9 })])).toEqual(
			[0, 1, 2],
		)
		expect(
			await append('prediction', [prediction(1), prediction(1, { features: { income: 1 } }), prediction(2)]),
		).toEqual([1, 2, 0])
		expect((await log.read('m', 'p1'))?.score).toBe(0.01)
		const { rows, duplicates } = await totals()
		expect([rows, duplicates]).toEqual([2, 2])
	})

	it('counts duplicates in batches without new rows, again and again', async () => {
		await append('prediction', [prediction(1)])
		for (const _ of range(0, 3)) expect(await append('prediction', [prediction(1)])).toEqual([1])
		expect((await totals()).duplicates).toBe(3)
		expect(await append('prediction', [prediction(2)])).toEqual([0])
	})

	it('sums windows to the same bytes whatever the order and the batches', async () => {
		const rows = range(0, 500).map((n) => prediction(n, { features: { income: 0.1 * n, region: null } }))
		await append('prediction', rows)
		const whole = encodeInputSummary(await totals())
		const other = await testContext()
		await registerTestModel(other.context)
		const shuffled = rows
			.map((r, i) => ({ r, k: (i * 7919) % 500 }))
			.sort((a, b) => a.k - b.k)
			.map((x) => x.r)
		await Promise.all(
			range(0, 10).map((i) => append('prediction', shuffled.slice(i * 50, i * 50 + 50), other.context.log)),
		)
		const [series] = await other.context.log.series('m')
		const parts = await other.context.log.inputs(series?.id ?? 0, bins, 0, startOfTest + dayMs)
		expect(parts && encodeInputSummary(parts)).toEqual(whole)
		await other.close()
	})

	it('marks only the hours that were touched', async () => {
		await append('prediction', [prediction(1)])
		const dirty = await log.dirtyInputs(100)
		expect(dirty.map((d) => d.hour)).toEqual([startOfTest - dayMs])
		await append('prediction', [prediction(2)])
		await log.clearDirtyInputs(dirty)
		expect(await log.dirtyInputs(100)).toHaveLength(1) // set again in the meantime
		await log.clearDirtyInputs(await log.dirtyInputs(100))
		expect(await log.dirtyInputs(100)).toHaveLength(0)
	})

	it('summarises each value of a declared segment, and all after the first fifty as other', async () => {
		await append(
			'prediction',
			range(0, 60).map((n) => prediction(n, { segment: { branch: `b${n}` } })),
		)
		const series = await log.series('m')
		expect(series.filter((s) => s.segment === 'branch')).toHaveLength(51)
		const other = series.find((s) => s.value === 'other')
		expect((await log.inputs(other?.id ?? 0, bins, 0, startOfTest))?.rows).toBe(10)
	})
})

describe('two writers of one file', () => {
	it('store each row once, although both receive the same rows at the same time', async ({ instance }) => {
		const { log: other, sql } = await openLibsqlLog(instance.url)
		try {
			let accepted = 0
			const post = async (to: PredictionLog) => {
				for (let k = 0; k < 60; k++) {
					const statuses = await append(
						'prediction',
						range(k * 5, k * 5 + 5).map((n) => prediction(n)),
						to,
					)
					accepted += statuses.filter((v) => v === 0).length
				}
			}
			await Promise.all([post(log), post(other)])
			expect(accepted).toBe(300)
			expect(await sql.values({ sql: 'SELECT sum(rows) FROM log_chunk' })).toEqual([[300]])
			expect((await totals()).rows).toBe(300)
		} finally {
			await other.close()
		}
	})
})

describe('outcomes', () => {
	it('may arrive before their prediction, be corrected, and repeat', async () => {
		const outcome = (actual: unknown, timestamp: number): RowInput => ({ id: 'p1', timestamp, label: actual })
		expect(await append('outcome', [outcome(0, 1)])).toEqual([0])
		await append('prediction', [prediction(1)])
		expect(await append('outcome', [outcome(0, 1), outcome(1, 2)])).toEqual([1, 0])
		const stored = await log.read('m', 'p1')
		expect(stored?.outcome).toEqual({ actual: 1, timestamp: 2, observed: true })
		expect(stored?.outcomeHistory).toHaveLength(2)
	})

	it('reports which of them are pending', async () => {
		await append('prediction', [prediction(1)])
		const builder = new BatchBuilder(2)
		builder.add({ id: 'p1', timestamp: 1, label: 1 })
		builder.add({ id: 'p2', timestamp: 1, label: 1 })
		expect((await log.append('m', 'outcome', builder.finish())).pending).toBe(1)
	})
})

describe('feature logs', () => {
	const bare = (n: number, more: Partial<RowInput> = {}) => prediction(n, { features: undefined, ...more })
	const features = (id: string, timestamp: number, income: number): RowInput => ({
		id,
		timestamp,
		features: { income },
	})

	it.each(['before', 'after'])('joins by prediction when the log arrives %s the prediction', async (when) => {
		const at = startOfTest - dayMs
		if (when === 'before') await append('feature', [features('pp1', at, 42)])
		await append('prediction', [bare(1)])
		if (when === 'after') await append('feature', [features('pp1', at, 42)])
		expect((await log.read('m', 'p1'))?.features).toEqual({ income: 42 })
		const income = (await totals()).columns[0]
		expect([income?.sum.value(), income?.absent]).toEqual([42, 0])
	})

	it('joins by subject: the latest log at or before the prediction', async () => {
		const at = startOfTest - dayMs
		await append('feature', [
			features('sann', at - 5000, 1),
			features('sann', at - 1000, 2),
			features('sann', at + 9000, 3),
		])
		await append('prediction', [bare(1, { subject: 'ann' }), bare(2, { subject: 'bob' })])
		expect((await log.read('m', 'p1'))?.features).toEqual({ income: 2 })
		expect((await log.read('m', 'p2'))?.features).toBeNull()
		await append('feature', [features('sbob', at, 7)])
		expect((await log.read('m', 'p2'))?.features).toEqual({ income: 7 })
		expect((await totals()).columns[0]?.sum.value()).toBe(9)
	})
})

describe('the log over time', () => {
	it('finds its keys and rows after a restart', async ({ context, instance }) => {
		await append(
			'prediction',
			range(0, 300).map((n) => prediction(n)),
		)
		await context.log.close()
		const again = await openLibsqlLog(instance.url)
		expect(await append('prediction', [prediction(5), prediction(300)], again.log)).toEqual([1, 0])
		expect((await again.log.read('m', 'p299'))?.features).toMatchObject({ income: 1299 })
		context.log = again.log
		Object.assign(instance, { close: () => again.log.close() })
	})

	it('folds small chunks and deltas without changing their sums, and still joins', async () => {
		const at = startOfTest - dayMs
		for (const n of range(0, 40))
			await append('prediction', [prediction(n, n === 7 ? { features: undefined } : {})])
		const before = encodeInputSummary(await totals())
		expect(await log.compact()).toBeGreaterThan(70)
		expect(encodeInputSummary(await totals())).toEqual(before)
		expect(await append('prediction', [prediction(3), prediction(3, { score: 1 }), prediction(99)])).toEqual([
			1, 2, 0,
		])
		await append('feature', [{ id: 'pp7', timestamp: at, features: { income: 5 } }])
		expect((await log.read('m', 'p7'))?.features).toEqual({ income: 5 })
		for (const n of range(100, 110)) await append('prediction', [prediction(n)])
		await log.compact()
		expect((await log.read('m', 'p7'))?.features).toEqual({ income: 5 })
		for (const n of [0, 39, 99, 105]) expect((await log.read('m', `p${n}`))?.predictionId).toBe(`p${n}`)
	})

	it('folds the other windows when one cannot be read, and then reports it', async ({ context }) => {
		for (const n of range(0, 10)) {
			const other = prediction(n + 100, { environment: 'staging' })
			for (const row of [prediction(n), other]) await append('prediction', [row])
		}
		const staging = (await log.series('m')).find((s) => s.environment === 'staging' && s.segment === '')
		const deltas = async (where: string) =>
			(
				await context.sql.values({
					sql: `SELECT count(*) FROM log_profile WHERE series ${where} ${staging?.id}`,
				})
			)[0]
		const damage = `UPDATE log_profile SET bytes = x'00' WHERE series = ${staging?.id}`
		await context.sql.batch([{ sql: damage }])
		await expect(log.compact()).rejects.toThrow()
		expect([await deltas('='), await deltas('<>')]).toEqual([[10], [1]])
	})

	it('moves old rows to Parquet files, still readable by id and by scan', async ({ context, instance }) => {
		const old = range(0, 50).map((n) =>
			prediction(n, {
				timestamp: startOfTest - 95 * dayMs + n,
				label: n % 2 === 0,
				segment: { branch: 'x' },
			}),
		)
		await append('prediction', old)
		await append(
			'prediction',
			range(50, 60).map((n) => prediction(n)),
		)
		const before = await log.read('m', 'p17')
		expect(await log.archive('m', startOfTest - 90 * dayMs)).toBe(50)
		expect(await log.archive('m', startOfTest - 90 * dayMs)).toBe(0)
		const ids: string[] = []
		await log.scan({ model: 'm', from: 0, to: startOfTest }, (rows) => {
			ids.push(...rows.ids)
		})
		expect(ids).toHaveLength(60)
		await context.log.close()
		const again = await openLibsqlLog(instance.url)
		expect(await again.log.read('m', 'p17')).toEqual(before)
		expect(await append('prediction', [old[3] as RowInput], again.log)).toEqual([1])
		Object.assign(instance, { close: () => again.log.close() })
	})

	it('scans a span of event time', async () => {
		await append(
			'prediction',
			range(0, 7200).map((n) => prediction(n)),
		)
		let rows = 0
		await log.scan({ model: 'm', from: startOfTest - dayMs + hourMs, to: startOfTest }, (batch) => {
			rows += batch.rows
		})
		expect(rows).toBe(3600)
	})

	it('rejects with overloaded instead of queueing without a limit', async () => {
		const work = range(0, 60).map((b) =>
			append(
				'prediction',
				range(0, 1000).map((n) => prediction(b * 1000 + n)),
			),
		)
		const results = await Promise.allSettled(work)
		const refused = results
			.filter((r) => r.status === 'rejected')
			.map((r) => (r as PromiseRejectedResult).reason.code)
		expect(new Set(refused)).toEqual(new Set(['overloaded']))
		expect((await totals()).rows).toBe((60 - refused.length) * 1000)
	})
})
