import { z } from 'zod'
import { originForms } from '../../decisions/lineage/find-versions.ts'
import { directions, Lineage, TouchedPrediction } from '../../decisions/lineage/lineage.schema.ts'
import { listPredictions } from '../../decisions/lineage/list-predictions.ts'
import { readLineage } from '../../decisions/lineage/read-lineage.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters } from '../parameters.ts'

const from = z
	.string()
	.min(1)
	.max(4096)
	.meta({
		description: `One of ${originForms.map((form) => `\`${form}\``).join(', ')}.`,
		example: 'commit:9fceb02',
	})

const example = {
	from: 'commit:9fceb02',
	direction: 'forward',
	nodes: [
		{ id: 'commit:9fceb02', kind: 'commit', name: '9fceb02', attributes: {} },
		{
			id: 'version:credit-default@7',
			kind: 'version',
			name: 'credit-default@7',
			attributes: {
				model: 'credit-default',
				version: '7',
				registeredAt: '2026-03-02T00:00:00.000Z',
				registeredBy: 'key:key_admin',
			},
		},
		{
			id: 'decisions:credit-default@7/production',
			kind: 'decisions',
			name: 'credit-default@7/production',
			attributes: {
				model: 'credit-default',
				version: '7',
				environment: 'production',
				count: 20000,
				from: '2026-03-02T00:00:00.000Z',
				to: '2026-03-21T23:59:57.000Z',
			},
		},
	],
	edges: [
		{ from: 'commit:9fceb02', to: 'version:credit-default@7', kind: 'code', at: '2026-03-02T00:00:00.000Z' },
		{
			from: 'version:credit-default@7',
			to: 'decisions:credit-default@7/production',
			kind: 'decided',
			at: '2026-03-21T23:59:57.000Z',
		},
	],
	chain: [
		'1 version came from the commit 9fceb02.',
		'credit-default@7 was never deployed.',
		'credit-default@7 made 20000 decisions in production, from 2026-03-02T00:00:00.000Z to 2026-03-21T23:59:57.000Z.',
	],
	next: null,
}

const read = endpoint({
	method: 'get',
	path: '/v1/lineage',
	id: 'getLineage',
	summary: 'Trace a decision back, or data and code forward',
	description:
		'From a prediction: its version, artefact, training run, data set, commit and image, who registered and deployed it, and what was in force at the time: deployment, rules, baseline, settings, reason table. From data or code: every version in the scope of the key, where it served, and how many decisions it made. The ledger records look-ups of predictions.',
	access: 'viewer',
	query: z.strictObject({
		from,
		direction: z.enum(directions).optional().meta({
			description: 'Default: `back` from a prediction, `both` from a version, otherwise `forward`.',
			example: 'forward',
		}),
		depth: z
			.string()
			.regex(/^([1-9]|10)$/, 'must be a whole number from 1 to 10')
			.transform(Number)
			.optional()
			.meta({
				type: 'integer',
				minimum: 1,
				maximum: 10,
				description: 'Maximum number of edges from `from`. Default: all.',
				example: 10,
			}),
		...pageParameters,
	}),
	answers: { 200: { description: 'The graph, and the same in sentences', schema: Lineage, example } },
	errors: ['not-found', 'erased'],
	handle: async ({ context, actor, query }) => ok(await readLineage(context, actor, query)),
})

const touched = endpoint({
	method: 'get',
	path: '/v1/lineage/predictions',
	id: 'listLineagePredictions',
	summary: 'List the decisions that data, code or a version affected',
	description: 'Sorted by version, then by time.',
	access: 'viewer',
	query: z.strictObject({ from, ...pageParameters }),
	answers: {
		200: {
			description: 'The ids of the decisions',
			schema: pageOf(TouchedPrediction),
			example: {
				items: [
					{
						model: 'credit-default',
						version: '7',
						environment: 'production',
						predictionId: '8841',
						timestamp: '2026-03-02T09:30:00.000Z',
					},
				],
				next: null,
			},
		},
	},
	errors: ['not-found'],
	handle: async ({ context, actor, query }) => ok(await listPredictions(context, actor, query)),
})

export const lineage = {
	about: 'Where a decision comes from, and what data and code led to.',
	endpoints: [read, touched],
} satisfies Resource
