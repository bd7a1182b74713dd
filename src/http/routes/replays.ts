import { z } from 'zod'
import { listReplays } from '../../decisions/replay/list-replays.ts'
import { ReplayRecord } from '../../decisions/replay/replay.schema.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pageOf, pageParameters, periodParameters } from '../parameters.ts'

const example = {
	model: 'credit-default',
	version: '7',
	environment: 'production',
	window: { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' },
	status: 'mismatched',
	artifact: '6ecd4d3cba5b8a5b2b0f4bd6e8eb9a7f1a2f8c27e8a2a6fbb6f2d1e2b1f1c0de',
	rows: 30000,
	sampled: 200,
	matched: 80,
	mismatched: 118,
	unavailable: 2,
	worst: 0.214,
	examples: [{ predictionId: '0192f0c4-7e3b-7cc1-a0b8-52f1d7a3c001', logged: 0.31, replayed: 0.524 }],
	reasons: [{ reason: 'no score is logged to compare with the score of the artefact', count: 2 }],
	replayedAt: '2026-03-02T00:23:00.000Z',
}

const text = (description: string, of: string) =>
	z.string().max(256).optional().meta({ description, example: of })

const list = endpoint({
	method: 'get',
	path: '/v1/models/{model}/replays',
	id: 'listReplays',
	summary: 'See whether the served model is the registered one',
	description:
		'A sample of each day is put through the registered artefact and compared with the logged scores, the newest day first. A mismatch opens an incident (rule `replay-mismatch`).',
	access: ['viewer', 'auditor'],
	params: z.strictObject(modelPath),
	query: z.strictObject({
		version: text('Only this version.', '7'),
		environment: text('Only this environment.', 'production'),
		status: z
			.enum(['matched', 'mismatched', 'unavailable'])
			.optional()
			.meta({ description: 'Only days of this status.', example: 'mismatched' }),
		...periodParameters,
		...pageParameters,
	}),
	answers: {
		200: { description: 'Days', schema: pageOf(ReplayRecord), example: { items: [example], next: null } },
	},
	handle: async ({ context, actor, params, query }) =>
		ok(await listReplays(context, actor, { ...query, ...params })),
})

export const replays = {
	about: 'Whether logged scores match those of the registered artefact.',
	endpoints: [list],
} satisfies Resource
