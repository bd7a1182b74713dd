import { z } from 'zod'
import { Dependence, Importance } from '../../monitoring/importance/importance.schema.ts'
import { readDependence } from '../../monitoring/importance/read-dependence.ts'
import { readImportance } from '../../monitoring/importance/read-importance.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, scopeParameters } from '../parameters.ts'

const text = (description: string, example: string) =>
	z.string().min(1).max(256).meta({ description, example })

const scope = {
	model: 'credit-default',
	version: '7',
	environment: 'production',
	period: { from: '2026-01-31T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' },
	computedAt: '2026-03-02T00:00:00.000Z',
}
const features = [
	{ feature: 'PAY_0', meanAbsolute: 0.41, standardError: 0.012, mean: -0.02, share: 0.36 },
	{ feature: 'LIMIT_BAL', meanAbsolute: 0.22, standardError: 0.007, mean: 0.01, share: 0.19 },
]

const importanceOfModel = endpoint({
	method: 'get',
	path: '/v1/models/{model}/importance',
	id: 'readImportance',
	summary: 'Read the feature importance of a model',
	description:
		'Mean absolute SHAP values of at most 1,000 rows of the period, explained with the model file of the version; for a version without one, the attributions sent with its predictions. With `segment`, also for each value of that segment. The metric `drift.attribution` measures how importance drifts.',
	access: ['analyst', 'auditor'],
	params: z.strictObject(modelPath),
	query: z.strictObject({
		...scopeParameters,
		segment: text('A declared segment: importance for each of its values.', 'branch').optional(),
	}),
	answers: {
		200: {
			description: 'The most important feature first',
			schema: Importance,
			example: {
				...scope,
				method: 'tree-shap/path-dependent',
				space: 'log-odds',
				rows: 30000,
				sampled: 1000,
				explained: 1000,
				features,
				segments: [{ segment: 'branch', value: 'north', explained: 260, features }],
				reason: null,
			},
		},
	},
	errors: ['conflict'],
	handle: async ({ context, actor, params: { model }, query }) =>
		ok(await readImportance(context, actor, { ...query, model })),
})

const dependence = endpoint({
	method: 'get',
	path: '/v1/models/{model}/partial-dependence',
	id: 'readPartialDependence',
	summary: 'Read the partial dependence on a feature',
	description:
		'The model scores at most 300 logged rows with the feature set to each of at most 20 values: quantiles of the logged values, or the most common categories. The mean is the partial dependence; `low` and `high` show the spread of single rows (ICE). Values that rarely occur together with the rest of a row describe applicants that do not exist.',
	access: ['analyst', 'auditor'],
	params: z.strictObject(modelPath),
	query: z.strictObject({
		...scopeParameters,
		feature: text('A feature of the model.', 'PAY_0'),
		output: text('Multiclass: the class. Default: the first.', 'approve').optional(),
	}),
	answers: {
		200: {
			description: 'The curve, in order of the values; categories with the most common first',
			schema: Dependence,
			example: {
				...scope,
				feature: 'PAY_0',
				output: null,
				rows: 30000,
				averaged: 300,
				points: [
					{ value: -1, mean: 0.17, standardError: 0.006, low: 0.07, high: 0.31, rows: 61 },
					{ value: 2, mean: 0.52, standardError: 0.008, low: 0.35, high: 0.7, rows: 27 },
				],
				reason: null,
			},
		},
	},
	errors: ['conflict'],
	handle: async ({ context, actor, params: { model }, query }) =>
		ok(await readDependence(context, actor, { ...query, model })),
})

export const importance = {
	about: 'Which features drive the predictions of a model, over many rows.',
	endpoints: [importanceOfModel, dependence],
} satisfies Resource
