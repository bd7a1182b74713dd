import { z } from 'zod'
import { BiasAudit, ProxyAudit } from '../../monitoring/bias/bias.schema.ts'
import { biasAudit } from '../../monitoring/bias/bias-audit.ts'
import { proxyAudit } from '../../monitoring/bias/proxy-audit.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, scopeParameters } from '../parameters.ts'

const text = (description: string, example: string) =>
	z.string().min(1).max(1024).meta({ description, example })

const attribute = text('A sensitive attribute, or two of them.', 'SEX x MARRIAGE')

const scope = {
	model: 'credit-default',
	version: '7',
	environment: 'production',
	period: { from: '2026-01-31T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' },
	selected: '1',
	favourable: '1',
	computedAt: '2026-03-02T00:00:00.000Z',
}
const of = (value: number | null, low: number | null, high: number | null) => ({ value, low, high })

const example = {
	...scope,
	rows: { predictions: 30000, labelled: 27000, never: 0, unusable: 0 },
	tests: 10,
	attributes: [
		{
			attribute: 'SEX',
			status: 'ok',
			reason: null,
			rows: { total: 30000, withoutGroup: 0, withoutDecision: 0, withoutOutcome: 3000 },
			groups: [
				{
					group: 'SEX=2',
					isKnown: true,
					counts: {
						n: 18112, decided: 18112, selected: 1740, labelled: 16300, positives: 3390,
						tp: 1065, fp: 500, tn: 12410, fn: 2325,
					}, // biome-ignore format: counts to be read at a glance
					rates: {
						selectionRate: of(0.0961, 0.0919, 0.1005),
						tpr: of(0.3142, 0.2987, 0.33),
						fpr: of(0.0387, 0.0355, 0.0422),
						fnr: of(0.6858, 0.67, 0.7013),
						precision: of(0.6805, 0.657, 0.7031),
						baseRate: of(0.208, 0.2018, 0.2143),
					},
					clarify: { ci: -0.2075, dpl: 0.0339, di: 0.8, te: 0.12, kl: null },
					conditional: [{ segment: 'branch', cddl: -0.04, cddpl: -0.06 }],
				},
			],
			unlisted: 0,
			audit: {
				rows: [
					{ group: 'SEX=1', n: 11888, selected: 1428, selectionRate: 0.1201, impactRatio: of(1, 1, 1) },
					{
						group: 'SEX=2', n: 18112, selected: 1740, selectionRate: 0.0961,
						impactRatio: of(0.7998, 0.7494, 0.8536),
					},
				], // biome-ignore format: a table to be read at a glance
				unknown: 0,
				excluded: [],
			},
			fourFifths: {
				verdict: 'inconclusive',
				reason:
					'SEX=2 against SEX=1: impact ratio 0.8 is below 0.8, but the 95% interval 0.749 to 0.854 includes 0.8: more rows are needed',
				ratio: 0.7998,
				...of(0.7998, 0.7494, 0.8536),
				reference: 'SEX=1',
				group: 'SEX=2',
				groups: ['SEX=1', 'SEX=2'],
			},
			disparities: [
				{
					metric: 'fairness.demographic_parity_difference',
					status: 'ok',
					...of(0.024, 0.0168, 0.0314),
					p: 4e-11,
					q: 4e-10,
					groups: ['SEX=1', 'SEX=2'],
					excluded: [],
					method: 'Newcombe, simultaneous over pairs; p of equal rates',
					reason: null,
				},
			],
			simpson: [
				{
					segment: 'branch',
					verdict: 'none',
					reason: 'the difference within segments does not contradict the overall one',
					groups: ['SEX=1', 'SEX=2'],
					overall: of(0.024, 0.0168, 0.0314),
					within: of(0.0228, 0.0156, 0.03),
					strata: 4,
					rowsWithout: 12,
				},
			],
		},
	],
}

const audit = endpoint({
	method: 'get',
	path: '/v1/models/{model}/bias',
	id: 'readBiasAudit',
	summary: 'Audit a model for bias',
	description:
		'How often each sensitive group got the positive decision, and how accurate its decisions were: exact counts over a period of at most 366 days, with the tables of a bias audit. For binary models. `selected` names the decision that is counted; if it is the unfavourable one, ratios read the other way round.',
	access: ['analyst', 'auditor'],
	params: z.strictObject(modelPath),
	query: z.strictObject({ ...scopeParameters, attribute: attribute.optional() }),
	answers: { 200: { description: 'One item per attribute, including pairs', schema: BiasAudit, example } },
	handle: async ({ context, actor, params, query }) =>
		ok(await biasAudit(context, actor, { ...query, ...params })),
})

const proxies = endpoint({
	method: 'get',
	path: '/v1/models/{model}/bias/proxies',
	id: 'readProxies',
	summary: 'Find features that act as proxies for a sensitive attribute',
	description:
		'How well the features, without the attribute itself, predict the group of a row. Uses at most 20,000 rows of the period, always the same ones.',
	access: ['analyst', 'auditor'],
	params: z.strictObject(modelPath),
	query: z.strictObject({
		...scopeParameters,
		attribute,
		group: text('One group, as a value or a name. Default: the ten largest.', '2').optional(),
	}),
	answers: {
		200: {
			description: 'One item per group',
			schema: ProxyAudit,
			example: {
				...scope,
				attribute: 'SEX',
				features: 22,
				status: 'ok',
				reason: null,
				rows: { total: 30000, sampled: 20000, withoutGroup: 0 },
				groups: [
					{
						group: 'SEX=2',
						members: 12075,
						others: 7925,
						status: 'ok',
						reason: null,
						auc: of(0.588, 0.577, 0.6),
						top: [{ feature: 'AGE', auc: of(0.551, 0.533, 0.565) }],
						flipTest: { value: -0.02, rows: 1000 },
					},
				],
			},
		},
	},
	handle: async ({ context, actor, params, query }) =>
		ok(await proxyAudit(context, actor, { ...query, ...params })),
})

export const bias = {
	about: 'Outcomes for sensitive groups: the tables of a bias audit, and proxies for an attribute.',
	endpoints: [audit, proxies],
} satisfies Resource
