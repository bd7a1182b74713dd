import type { Resource } from '../endpoint.ts'
import { ingestEndpoint } from '../ingest/ingest-endpoint.ts'
import { FeatureRow } from '../../ingest/rows.schema.ts'

export const features = {
	about: 'Feature logs that come apart from their predictions.',
	endpoints: [
		ingestEndpoint({
			kind: 'feature',
			path: 'features',
			id: 'postFeatures',
			summary: 'Log features',
			description:
				'Joined to predictions that came without features: by predictionId, or by subject to the latest log at or before the prediction. The first join of a prediction stays.',
			row: FeatureRow,
			example: {
				subject: 'applicant-8841',
				timestamp: '2026-03-01T11:59:58Z',
				features: { income: 42000, region: 'north' },
			},
		}),
	],
} satisfies Resource
