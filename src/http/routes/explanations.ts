import { z } from 'zod'
import { readers } from '../../core/actor.ts'
import { explainPrediction } from '../../decisions/explanation/explain-prediction.ts'
import { Explanation, WhatIf, WhatIfInput } from '../../decisions/explanation/explanation.schema.ts'
import { whatIf } from '../../decisions/explanation/what-if.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pathText } from '../parameters.ts'

const params = z.object({
	...modelPath,
	predictionId: pathText('The id of the prediction.', '8841'),
})

const replay = { status: 'matched', logged: 0.6791787, replayed: 0.6791787, reason: null }
const lookup = {
	index: 8120,
	leafHash: '3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea',
}
const attribution = {
	method: 'linear-shap',
	space: 'log-odds',
	output: null,
	base: -1.1,
	margin: 0.75,
	contributions: [
		{ feature: 'PAY_0', value: 2, contribution: 1.5, probability: 0.345, percentile: 97.5, share: null },
		{
			feature: 'LIMIT_BAL',
			value: 20000,
			contribution: 0.35,
			probability: 0.08,
			percentile: 8.2,
			share: null,
		},
	],
	sumError: 0,
	notes: [],
}

const example = {
	predictionId: '8841',
	model: 'credit-default',
	version: '7',
	environment: 'production',
	timestamp: '2026-03-01T12:00:00.000Z',
	score: 0.6791787,
	decision: '1',
	adverse: true,
	threshold: 0.5,
	replay,
	explanation: { status: 'exact', reason: null },
	...attribution,
	probability: { base: 0.2497399, method: 'aumann-shapley' },
	reasons: [
		{
			code: 'R01',
			text: 'Delinquent past or present credit obligations',
			features: ['PAY_0'],
			contribution: 1.5,
		},
	],
	reasonsStatus: { status: 'ok', reason: null, missing: [] },
	reasonTable: {
		revision: 3,
		digest: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
		locale: 'en',
	},
	counterfactuals: [{ changes: { PAY_0: 0 }, from: { PAY_0: 2 }, score: 0.32, decision: '0', proven: true }],
	counterfactualsStatus: { status: 'ok', reason: null },
	background: {
		kind: 'approved-near-cut-off',
		rows: 100,
		approved: 1540,
		from: '2026-02-22T00:00:00.000Z',
		to: '2026-03-01T00:00:00.000Z',
		digest: 'sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752',
	},
	comparedWith: {
		contributions: 'model-file',
		reasons: 'approved-near-cut-off',
		percentiles: 'approved-applicants',
		counterfactuals: 'all-applicants',
	},
	sent: null,
	lineage: {
		version: '7',
		artifact: {
			sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
			format: 'linear-json',
		},
		run: 'mlflow:4f1c',
		dataset: null,
		commit: '9fceb02',
		image: null,
		deployment: { revision: 4, as: 'champion', since: '2026-02-01T08:00:00.000Z' },
		approvers: [],
	},
	incidents: [],
	proof: { lookup, version: { index: 12, leafHash: lookup.leafHash } },
}

const query = z.strictObject({
	locale: z
		.string()
		.max(35)
		.optional()
		.meta({ description: 'Language of the reasons. Default: the first of the table.', example: 'en' }),
	output: z.string().min(1).max(256).optional().meta({
		description: 'Multiclass: the class to explain. Default: the predicted class.',
		example: 'approve',
	}),
	interactions: z
		.enum(['true', 'false'])
		.optional()
		.meta({ description: 'Include the largest SHAP interaction values.', example: 'true' }),
	method: z.enum(['path-dependent', 'interventional']).optional().meta({
		description:
			'Contributions relative to the expectations of the model itself (default), or to a sample of all applicants.',
		example: 'interventional',
	}),
	movable: z.string().min(1).max(4000).optional().meta({
		description:
			'Features that counterfactuals may change, separated by commas. Default: those with limits in the manifest.',
		example: 'income,debt',
	}),
})

const explain = endpoint({
	method: 'get',
	path: '/v1/models/{model}/predictions/{predictionId}/explanation',
	id: 'explainPrediction',
	summary: 'Explain a prediction',
	description:
		'Replays the decision with the registered artefact, explains it, and gives the reasons in approved words, all as of the time of the decision. Viewers do not see feature values. Every look-up is recorded in the ledger.',
	access: readers,
	params,
	query,
	answers: { 200: { description: 'The explanation', schema: Explanation, example } },
	errors: ['erased'],
	handle: async ({ context, actor, params: { model, predictionId }, query }) =>
		ok(
			await explainPrediction(context, actor, {
				...query,
				interactions: query.interactions === 'true',
				movable: query.movable?.split(',').map((name) => name.trim()),
				model,
				predictionId,
			}),
		),
})

const postWhatIf = endpoint({
	method: 'post',
	path: '/v1/models/{model}/predictions/{predictionId}/what-if',
	id: 'askWhatIf',
	summary: 'Score a changed applicant',
	description:
		'Scores the logged features with the given changes, using the registered artefact. It is not logged as a prediction; the ledger records the request without values.',
	access: ['analyst', 'auditor'],
	params,
	body: WhatIfInput,
	bodyExample: { changes: { PAY_0: 0 } },
	answers: {
		200: {
			description: 'The output of the model',
			schema: WhatIf,
			example: {
				predictionId: '8841',
				model: 'credit-default',
				version: '7',
				changes: { PAY_0: 2 },
				score: 0.6791787,
				decision: '1',
				...attribution,
				difference: { score: 0, margin: 0, contributions: [] },
				replay,
				proof: { lookup },
			},
		},
	},
	errors: ['conflict', 'erased'],
	handle: async ({ context, actor, params: { model, predictionId }, body }) =>
		ok(await whatIf(context, actor, { ...body, model, predictionId })),
})

export const explanations = {
	about: 'Why a score was given, and how changes would affect it.',
	endpoints: [explain, postWhatIf],
} satisfies Resource
