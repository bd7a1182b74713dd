import { expect } from 'vitest'
import { hourMs } from '../../../src/core/time.ts'
import { findBackground } from '../../../src/decisions/explanation/background.ts'
import { BatchBuilder } from '../../../src/summaries/inputs/batch-builder.ts'
import { actorOf } from '../../support/actors.ts'
import { startOfTest } from '../../support/context.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { registerTestModel } from '../../support/model.ts'

const analyst = actorOf('analyst')
const features = Array.from({ length: 800 }, (_, i) => `f${i}`)
const rule = { task: 'binary', positiveLabel: '1', threshold: 0.5, adverse: 'high' } as const

const it = withContextPerTest()
it.beforeEach(({ context }) => registerTestModel(context))

it('draws as many rows of a model with very many features as a value of the database holds', async ({
	context,
}) => {
	const builder = new BatchBuilder(400)
	for (let i = 0; i < 400; i++)
		builder.add({
			id: `p${i}`,
			version: '1',
			environment: 'production',
			timestamp: startOfTest - hourMs,
			score: (i % 100) / 200,
			features: Object.fromEntries(features.map((name, j) => [name, Math.sqrt(i * 800 + j)])),
		})
	await context.log.append('m', 'prediction', builder.finish())
	const query = { model: 'm', version: '1', environment: 'production', at: startOfTest, rule, features }
	const { digest, content } = await findBackground(context, analyst, query)
	const [row] = await context.sql.values({ sql: 'SELECT digest, length(content) FROM background' })
	expect(row?.[0]).toBe(digest)
	expect(Number(row?.[1])).toBeLessThanOrEqual(1_900_000)
	expect(content.approved).toBeGreaterThanOrEqual(30)
})
