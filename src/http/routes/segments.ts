import { z } from 'zod'
import { WorstSegments } from '../../monitoring/segments/segments.schema.ts'
import { findWorstSegments } from '../../monitoring/segments/worst-segments.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, periodParameters } from '../parameters.ts'

const text = (description: string, example: string) =>
	z.string().min(1).max(256).optional().meta({ description, example })

const worst = endpoint({
	method: 'get',
	path: '/v1/models/{model}/segments/worst',
	id: 'findWorstSegments',
	summary: 'Find the segments where a model performs worst',
	description:
		'Segments of up to three conditions on features, found on one half of the rows and tested on the other, corrected for the number of candidates. If there is no such segment, the list is empty in 95 of 100 cases. `by=drift` finds segments whose share of rows has grown since the preceding period of equal length.',
	access: ['analyst', 'auditor'],
	params: z.strictObject(modelPath),
	query: z.strictObject({
		environment: text('The environment. Default: `production`.', 'production'),
		version: text('The version. Default: the champion in the environment.', '7'),
		...periodParameters,
		by: z
			.enum(['error', 'drift'])
			.optional()
			.meta({ description: 'The criterion. Default: `error`.', example: 'error' }),
	}),
	answers: {
		200: {
			description: 'The worst first',
			schema: WorstSegments,
			example: {
				model: 'credit-default',
				version: '7',
				environment: 'production',
				period: { from: '2026-01-31T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' },
				by: 'error',
				loss: 'error',
				computedAt: '2026-03-02T00:00:00.000Z',
				rows: 27000,
				heldOut: 13500,
				segments: [
					{
						conditions: [{ feature: 'PAY_0', op: '>', value: 1 }],
						text: 'PAY_0 > 1',
						n: 1400,
						value: 0.42,
						low: 0.39,
						high: 0.45,
						outside: 0.17,
						shareOfRows: 0.104,
						shareOfLoss: 0.22,
						p: 1e-12,
						adjusted: 1e-11,
					},
				],
				reason: null,
			},
		},
	},
	handle: async ({ context, actor, params: { model }, query }) =>
		ok(await findWorstSegments(context, actor, { ...query, model })),
})

export const segments = {
	about: 'Parts of the traffic where the model performs worse than elsewhere.',
	endpoints: [worst],
} satisfies Resource
