import { z } from 'zod'
import { windowSizes } from '../../core/time.ts'
import { metricIds } from '../../metrics/index.ts'
import { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { readPoints } from '../../monitoring/windows/read-points.ts'
import { seesFeatures } from '../../registry/key/authorise.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { Glob } from '../../registry/model/name.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pageOf, pageParameters, periodParameters } from '../parameters.ts'

const example = {
	metric: 'drift.psi',
	subject: { model: 'credit-default', version: '7', environment: 'production', feature: 'LIMIT_BAL' },
	window: { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' },
	status: 'ok',
	value: 0.31,
	n: 1000,
	m: 10000,
	low: null,
	high: null,
	p: 0.0001,
	q: 0.002,
	method: 'PSI on the cells of the baseline',
	reason: null,
	baseline: '9b3c9568142e82560961398075b8262f7cc5d442a28fda3451183e970a2af1ed',
	provisional: false,
	computedAt: '2026-03-02T00:05:00.000Z',
}

const text = (description: string, value: string) =>
	z.string().min(1).max(512).optional().meta({ description, example: value })

const MetricList = z
	.string()
	.min(1)
	.max(4096)
	.transform((list) =>
		list
			.split(',')
			.map((id) => id.trim())
			.filter((id) => id !== ''),
	)
	.pipe(z.array(Glob))
	.optional()
	.meta({
		description: `Ids or globs such as \`drift.*\`, separated by commas. Default: all. Ids: ${metricIds.join(', ')}.`,
		example: 'drift.psi,drift.q',
	})

const query = z.strictObject({
	metric: MetricList,
	feature: text(
		'Only this feature; `$score` and `$decision` are the output of the model. Default: all.',
		'LIMIT_BAL',
	),
	segment: text(
		'`name:value` for one value of a segment, `name` for all its values. Default: all rows together.',
		'branch:north',
	),
	group: text('Only this group of a sensitive attribute.', 'SEX=1'),
	code: text('For `quality.rejected_rows`: only rows that were rejected with this code.', 'invalid'),
	environment: text('Only this environment.', 'production'),
	version: text('Only this version.', '7'),
	...periodParameters,
	window: z.enum(windowSizes).optional().meta({
		description: 'Only windows of this length, aligned to UTC. Weeks start on Monday.',
		example: '1d',
	}),
	history: z
		.enum(['true', 'false'])
		.transform((flag) => flag === 'true')
		.optional()
		.meta({ description: '`true`: include superseded values.', example: 'false' }),
	...pageParameters,
})

const read = endpoint({
	method: 'get',
	path: '/v1/models/{model}/metrics',
	id: 'readMetrics',
	summary: 'Read the metrics of a model',
	description:
		'The latest value of each window, oldest window first. The current window is included so far, as provisional. Viewers do not see groups of fewer than 30 rows.',
	access: 'viewer',
	params: z.strictObject(modelPath),
	query,
	answers: {
		200: { description: 'Values', schema: pageOf(MetricPoint), example: { items: [example], next: null } },
	},
	handle: async ({ context, actor, params, query: { metric, ...rest } }) => {
		const { name } = await findModel(context, params.model)
		// Members of a small group could be identified.
		const namesSmall = seesFeatures(actor)
		return ok(await readPoints(context, { ...rest, model: name, metrics: metric, namesSmall }))
	},
})

export const metrics = {
	about: 'What is measured: drift, quality, performance, fairness, service.',
	endpoints: [read],
} satisfies Resource
