import { z } from 'zod'
import { readers } from '../../core/actor.ts'
import { proveRow } from '../../evidence/ledger/prove-row.ts'
import { RowProof, rowKinds } from '../../evidence/ledger/row-proof.schema.ts'
import { readGroups, readPrediction } from '../../ingest/read-prediction.ts'
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

const hash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const proofExample = {
	row: {
		index: 3,
		size: 4,
		leaf: hash,
		key: hash,
		payload: `{"environment":"production","features":{"income":42000},"predictionId":"8841"}`,
		hashes: [hash, hash],
	},
	entry: {
		index: 8120,
		text: `{"action":"commit-rows","details":{"kind":"prediction","root":"${hash}","rows":4},"object":"rows:17"}`,
	},
	proof: 'c2sp.org/tlog-proof@v1\nindex 8120\n…',
}

export const predictions = {
	about: 'What a model predicted, with the features that it received.',
	endpoints: [
		ingestEndpoint({
			kind: 'prediction',
			path: 'predictions',
			id: 'postPredictions',
			summary: 'Log predictions',
			description:
				'The same predictionId with the same content is a duplicate; with other content it is a conflict, and the stored row is kept.',
			row: PredictionRow,
			example,
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/predictions/{predictionId}',
			id: 'getPrediction',
			summary: 'Read a prediction',
			description: 'Includes the outcome, if it is known, and the quality marks of the features.',
			access: readers,
			params: z.object({
				...modelPath,
				predictionId: pathText('The id of the prediction.', '8841'),
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
			errors: ['erased'],
			handle: async ({ context, actor, params }) =>
				ok(await readPrediction(context, actor, params.model, params.predictionId)),
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/predictions/{predictionId}/proof',
			id: 'provePrediction',
			summary: 'Prove a prediction',
			description:
				'The row as it was sent, and the hashes from it to a signed checkpoint of the ledger. Once it is erased, its key and payload are null and the rest stays. Groups are for auditors only. Every proof is recorded in the ledger.',
			access: ['analyst', 'auditor'],
			params: z.object({
				...modelPath,
				predictionId: pathText('The id of the prediction.', '8841'),
			}),
			query: z.strictObject({
				kind: z.enum(rowKinds).optional().meta({
					description:
						'Which row: the prediction (default), or the newest outcome, feature log or sensitive attributes that name it.',
					example: 'outcome',
				}),
			}),
			answers: { 200: { description: 'The proof', schema: RowProof, example: proofExample } },
			handle: async ({ context, actor, params, query }) =>
				ok(await proveRow(context, actor, params.model, params.predictionId, query.kind)),
		}),
	],
} satisfies Resource

export const features = {
	about: 'Features that are logged separately from their predictions.',
	endpoints: [
		ingestEndpoint({
			kind: 'feature',
			path: 'features',
			id: 'postFeatures',
			summary: 'Log features',
			description:
				'Joined to predictions without features: by predictionId, or by subject, using the latest features at or before the prediction. A prediction is joined once.',
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
	about: 'What really happened, sent whenever it becomes known.',
	endpoints: [
		ingestEndpoint({
			kind: 'outcome',
			path: 'outcomes',
			id: 'postOutcomes',
			summary: 'Log outcomes',
			description:
				'Outcomes can come in any order, also before the prediction. A second actual for a prediction corrects the first; the history is kept. `observed: false` means that the outcome can never be known; an actual sent with it is stored but not used.',
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
		'Sensitive attributes that the model does not see, for measuring fairness. Only auditors can read them.',
	endpoints: [
		ingestEndpoint({
			kind: 'group',
			path: 'groups',
			id: 'postGroups',
			summary: 'Log sensitive attributes',
			description:
				'Joined by predictionId, or by subject to all its predictions without groups, including later ones; predictionId takes precedence. Attributes that the model does not list in `sensitive` are stored but not measured.',
			row: GroupRow,
			example: groupExample,
		}),
		endpoint({
			method: 'get',
			path: '/v1/models/{model}/groups/{predictionId}',
			id: 'getGroups',
			summary: 'Read the sensitive attributes of a prediction',
			description: 'For auditors only.',
			access: 'auditor',
			params: z.object({
				...modelPath,
				predictionId: pathText('The id of the prediction.', '8841'),
			}),
			answers: {
				200: {
					description: 'What was sent for the prediction',
					schema: StoredGroups,
					example: {
						predictionId: '8841',
						model: 'credit-risk',
						groups: [{ by: 'subject', timestamp: groupExample.timestamp, groups: groupExample.groups }],
					},
				},
			},
			errors: ['erased'],
			handle: async ({ context, actor, params }) =>
				ok(await readGroups(context, actor, params.model, params.predictionId)),
		}),
	],
} satisfies Resource
