import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Actor } from '../../../src/core/actor.ts'
import { hourMs } from '../../../src/core/time.ts'
import { findBackground } from '../../../src/decisions/explanation/background.ts'
import { BatchBuilder } from '../../../src/summaries/inputs/batch-builder.ts'
import { startOfTest, testContext } from '../../support/context.ts'
import { registerTestModel } from '../../support/model.ts'

const analyst: Actor = { id: 'key:a', how: 'key', role: 'analyst', models: ['*'] }
const features = Array.from({ length: 800 }, (_, i) => `f${i}`)
const rule = { task: 'binary', positiveLabel: '1', threshold: 0.5, adverse: 'high' } as const

let test: Awaited<ReturnType<typeof testContext>>
beforeEach(async () => {
	test = await testContext()
	await registerTestModel(test.context)
})
afterEach(() => test.close())

it('draws as many rows of a model with very many features as a value of the database holds', async () => {
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
	await test.context.log.append('m', 'prediction', builder.finish())
	const query = { model: 'm', version: '1', environment: 'production', at: startOfTest, rule, features }
	const { digest, content } = await findBackground(test.context, analyst, query)
	const [row] = await test.context.sql.values({ sql: 'SELECT digest, length(content) FROM background' })
	expect(row?.[0]).toBe(digest)
	expect(Number(row?.[1])).toBeLessThanOrEqual(1_900_000)
	expect(content.approved).toBeGreaterThanOrEqual(30)
})
