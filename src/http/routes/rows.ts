import { z } from 'zod'
import { readers } from '../../core/actor.ts'
import { readGroups } from '../../ingest/read-groups.ts'
import { readPrediction } from '../../ingest/read-prediction.ts'
import {
	FeatureRow,
	GroupRow,
	OutcomeRow,
	PredictionRow,
	StoredGroups,
	StoredPrediction,
} from '../../ingest/rows.schema.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { ingestEndpoint } from '../ingest/ingest-endpoint.ts'
import { modelPath, pathText } from '../parameters.ts'

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

export const outcomes = {
	about: 'What really happened, whenever it becomes known.',
	endpoints: [
		ingestEndpoint({
			kind: 'outcome',
			path: 'outcomes',
			id: 'postOutcomes',
			summary: 'Log outcomes',
			description:
				'In any order, also before the prediction. Another actual for the same prediction corrects it; the history stays. `observed: false` says that it can never be known; an actual beside it is kept and not used.',
			row: OutcomeRow,
			example: {
				predictionId: '0192f0c4-7e3b-7cc1-a0b8-52f1d7a3c001',
				actual: 0,
				timestamp: '2026-04-01T00:00:00Z',
			},
		}),
	],
} satisfies Resource

const groupExample = {
	subject: 'applicant-8841',
	timestamp: '2026-03-01T12:00:00Z',
	groups: { SEX: 'female', ethnicity: 'undisclosed' },
}

export const groups = {
	about:
		'Sensitive attributes that the model does not see. Fairness is measured by them; nobody but an auditor reads them back.',
	endpoints: [
		ingestEndpoint({
			kind: 'group',
			path: 'groups',
			id: 'postGroups',
			summary: 'Log sensitive attributes',
			description:
				'Joined by predictionId, or by subject to its predictions that have no groups yet and to those that come later; the predictionId wins. Attributes that the model does not name in `sensitive` are kept and not measured.',
			row: GroupRow,
			example: groupExample,
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/groups/{predictionId}',
			id: 'getGroups',
			summary: 'Read the sensitive attributes of a prediction',
			description: 'For auditors alone.',
			access: 'auditor',
			params: z.object({
				...modelPath,
				predictionId: pathText('The id that the prediction was sent with.', '8841'),
			}),
			answers: {
				200: {
					description: 'What was sent for it',
					schema: StoredGroups,
					example: {
						predictionId: '8841',
						model: 'credit-risk',
						groups: [{ by: 'subject', timestamp: groupExample.timestamp, groups: groupExample.groups }],
					},
				},
			},
			handle: async ({ context, actor, params }) =>
				ok(await readGroups(context, actor, params.model, params.predictionId)),
		}),
	],
} satisfies Resource
