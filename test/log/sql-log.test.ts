import { afterEach, describe, expect } from 'vitest'
import type { Context } from '../../src/context.ts'
import { dayMs } from '../../src/core/time.ts'
import { openSql } from '../../src/db/open-node.ts'
import type { Sql } from '../../src/db/sql.ts'
import { webCodec } from '../../src/log/codec/codec.ts'
import type { PredictionLog } from '../../src/log/prediction-log.ts'
import { openSqlLog } from '../../src/log/sql-log.ts'
import { BatchBuilder } from '../../src/summaries/inputs/batch-builder.ts'
import { schemaBins } from '../../src/summaries/inputs/make-bins.ts'
import { startOfTest } from '../support/context.ts'
import { withContextPerTest } from '../support/fixtures.ts'
import { registerTestModel, testFeatures } from '../support/model.ts'

const it = withContextPerTest()
let sqls: Sql[]
it.beforeEach(async ({ context, instance }) => {
	sqls = [await openSql(instance.url), await openSql(instance.url)]
	await registerTestModel(context)
})
afterEach(async () => {
	for (const sql of sqls) await sql.close()
})

const openBoth = (context: Context): Promise<PredictionLog[]> =>
	Promise.all(sqls.map((sql) => openSqlLog({ sql, codec: webCodec, random: context.random })))

async function append(log: PredictionLog, from: number, to: number, score = 0.5): Promise<number[]> {
	const builder = new BatchBuilder(to - from)
	for (let n = from; n < to; n++)
		builder.add({
			id: `p${n}`,
			version: '1',
			environment: 'production',
			timestamp: startOfTest - dayMs,
			features: { income: n, region: 'n' },
			score,
		})
	return [...(await log.append('m', 'prediction', builder.finish())).statuses]
}

describe('the log without threads or files', () => {
	it('is shared by several independent writers, and stores each row once', async ({ context }) => {
		const [a, b] = (await openBoth(context)) as [PredictionLog, PredictionLog]
		const statuses = await Promise.all([
			append(a, 0, 60),
			append(b, 30, 90),
			append(a, 60, 100),
			append(b, 0, 20),
		])
		expect(statuses.flat().filter((v) => v === 0)).toHaveLength(100)
		expect(statuses.flat().filter((v) => v === 2)).toHaveLength(0)
		const [series] = await a.series('m')
		const inputSummary = await b.inputs(series?.id ?? 0, schemaBins(testFeatures), 0, startOfTest)
		expect([inputSummary?.rows, inputSummary?.columns[0]?.sum.value()]).toEqual([100, (99 * 100) / 2])
		for (const n of [0, 45, 99])
			expect((await a.read('m', `p${n}`))?.features).toEqual({ income: n, region: 'n' })
	})

	it('reports other content as a conflict, whichever writer stored the row', async ({ context }) => {
		const [a, b] = (await openBoth(context)) as [PredictionLog, PredictionLog]
		await append(a, 0, 2)
		expect(await append(b, 1, 3, 0.9)).toEqual([2, 0])
	})
})
