import type { Context } from '../../src/context.ts'
import { dayMs } from '../../src/core/time.ts'
import { models, modelVersions } from '../../src/db/schema.ts'
import type { FeatureSpec } from '../../src/summaries/inputs/bins.ts'

export const testFeatures: FeatureSpec[] = [
	{ name: 'income', type: 'numeric' },
	{ name: 'region', type: 'categorical' },
]

/** A registered model `m` with version `1`, without going through the service. */
export async function registerTestModel(
	context: Context,
	name = 'm',
	features = testFeatures,
): Promise<void> {
	await context.db.insert(models).values({
		name, task: 'binary', owner: null, riskTier: null, tags: [], positiveLabel: '1', threshold: 0.5, sensitive: [],
		segments: ['branch'], upstreams: [], retentionMs: 90 * dayMs, createdAt: context.now(), revision: 1,
	}) // biome-ignore format: a row to be read at a glance
	await context.db
		.insert(modelVersions)
		.values({ model: name, version: '1', features, createdAt: context.now() })
}
