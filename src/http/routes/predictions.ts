import { z } from 'zod'
import { readers } from '../../core/actor.ts'
import { readPrediction } from '../../ingest/read-prediction.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { ingestEndpoint } from '../ingest/ingest-endpoint.ts'
import { modelPath, pathText } from '../parameters.ts'
import { PredictionRow, StoredPrediction } from '../../ingest/rows.schema.ts'

const example = {
	predictionId: '0192f0c4-7e3b-7cc1-a0b8-52f1d7a3c001',
	version: '1',
	timestamp: '2026-03-01T12:00:00Z',
	features: { income: 42000, region: 'north' },
	score: 0.31,
	segment: { branch: 'north-2' },
	latencyMs: 12.5,
}

export const predictions = {
	about: 'What a model answered, with the features that it saw.',
	endpoints: [
		ingestEndpoint({
			kind: 'prediction',
			path: 'predictions',
			id: 'postPredictions',
			summary: 'Log predictions',
			description:
				'The same predictionId with the same content is a duplicate; with other content it is a conflict, and what is stored stays.',
			row: PredictionRow,
			example,
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/predictions/{predictionId}',
			id: 'getPrediction',
			summary: 'Read a prediction back',
			description: 'With its outcome, if there is one, and the quality marks of its features.',
			access: readers,
			params: z.object({
				...modelPath,
				predictionId: pathText('The id that the prediction was sent with.', '8841'),
			}),
			answers: {
				200: {
					description: 'The prediction',
					schema: StoredPrediction,
					example: {
						...example,
						model: 'credit-risk',
						environment: 'production',
						outcome: null,
						quality: [],
					},
				},
			},
			handle: async ({ context, actor, params }) =>
				ok(await readPrediction(context, actor, params.model, params.predictionId)),
		}),
	],
} satisfies Resource
