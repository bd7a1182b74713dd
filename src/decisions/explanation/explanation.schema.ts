import { z } from 'zod'
import { type Output, Time } from '../../core/schemas.ts'

const number = z.number().nullable()
const text = z.string().nullable()
const anyObject = z.record(z.string(), z.unknown())
const status = <const S extends readonly [string, ...string[]]>(values: S) =>
	z.strictObject({
		status: z.enum(values),
		reason: text.meta({ description: 'Null when there is nothing to add.' }),
	})

const Replay = z
	.strictObject({
		status: z.enum(['matched', 'mismatched', 'unavailable']),
		logged: number,
		replayed: number.meta({ description: 'The score of the registered artefact for the logged features.' }),
		reason: text,
	})
	.meta({ id: 'Replay', description: 'Whether the registered artefact gives the logged score.' })

const Contribution = z
	.strictObject({
		feature: z.string(),
		value: z.unknown().optional().meta({ description: 'As logged. Viewers do not get it.' }),
		contribution: z.number().meta({ description: 'In `space`. base + sum of the contributions = margin.' }),
		standardError: z.number().optional().meta({ description: 'Estimates only.' }),
		probability: z
			.number()
			.optional()
			.meta({ description: 'Its part of the probability, when `probability` is not null.' }),
		percentile: number
			.optional()
			.meta({ description: 'For numbers: mid-rank among approved applicants, 0 to 100.' }),
		share: number
			.optional()
			.meta({ description: 'Other values: percentage of approved applicants with the same value.' }),
	})
	.meta({ id: 'Contribution' })

const Note = z.strictObject({
	feature: z.string(),
	code: z.enum(['unseen-category', 'missing', 'out-of-range']),
	message: z.string(),
})

/** An entry of the ledger. */
const LedgerProof = z.strictObject({
	index: z.int(),
	leafHash: z.string().meta({ description: 'As in RFC 6962, in hexadecimal.' }),
})

const Space = z.enum(['log-odds', 'probability', 'points', 'value', 'log'])

const Reason = z.strictObject({
	code: z.string(),
	text: z.string(),
	features: z.array(z.string()),
	contribution: number.meta({ description: 'Relative to the background; null for a knock-out rule.' }),
})

/** The nearest change that turns the decision, replayed by the model. */
const Counterfactual = z.strictObject({
	changes: anyObject.meta({ description: 'Can be sent to `what-if`.' }),
	from: anyObject.meta({ description: 'The logged values of these features.' }),
	score: z.number(),
	decision: z.string(),
	proven: z
		.boolean()
		.meta({ description: 'Whether it is proven that no smaller change exists within the limits.' }),
})

export const Explanation = z
	.strictObject({
		predictionId: z.string(),
		model: z.string(),
		version: z.string(),
		environment: z.string(),
		timestamp: Time,
		score: number.meta({ description: 'As logged.' }),
		decision: text.meta({ description: 'The logged label; else the decision by the threshold.' }),
		adverse: z
			.boolean()
			.nullable()
			.meta({ description: 'Whether the decision went against the person; null when unknown.' }),
		threshold: number.meta({ description: 'In force at the time of the decision.' }),
		replay: Replay,
		explanation: status(['exact', 'sent', 'estimate', 'unavailable']),
		method: text.meta({
			description: 'Such as `tree-shap/path-dependent`; estimates begin with `estimate/`.',
		}),
		space: Space.nullable(),
		output: text.meta({ description: 'Multiclass: the class of base, margin and contributions.' }),
		base: number.meta({ description: 'The expected margin.' }),
		margin: number,
		contributions: z.array(Contribution).meta({ description: 'The largest first.' }),
		sumError: number,
		probability: z
			.strictObject({ base: z.number(), method: z.literal('aumann-shapley') })
			.nullable()
			.meta({
				description:
					'For log-odds of one output: the probability of `base`. The probability part of a contribution is the contribution times the mean slope of the link between base and margin.',
			}),
		interactions: z
			.array(z.strictObject({ features: z.array(z.string()).length(2), value: z.number() }))
			.optional()
			.meta({ description: 'With `interactions=true`: the largest SHAP interaction values.' }),
		notes: z.array(Note),
		reasons: z.array(Reason).meta({ description: 'Principal reasons in approved wording, at most four.' }),
		reasonsStatus: status([
			'ok',
			'incomplete',
			'not-adverse',
			'withheld',
			'insufficient',
			'unavailable',
			'failed',
		]).extend({
			missing: z
				.array(z.string())
				.meta({ description: 'Features of principal reasons that the reason table lacks.' }),
		}),
		reasonTable: z
			.strictObject({ revision: z.int(), digest: z.string(), locale: text })
			.nullable()
			.meta({ description: 'The reason table that was used.' }),
		counterfactuals: z.array(Counterfactual),
		counterfactualsStatus: status(['ok', 'none', 'not-adverse', 'withheld', 'unavailable', 'hidden']),
		background: z
			.strictObject({
				kind: z.enum(['approved-near-cut-off', 'all-applicants']),
				rows: z.int().meta({ description: 'Rows that the reasons are compared with.' }),
				approved: z.int().meta({ description: 'The number of approved applicants for percentiles.' }),
				from: Time,
				to: Time,
				digest: z.string(),
			})
			.nullable(),
		comparedWith: z
			.strictObject({
				contributions: z.enum(['model-file', 'all-applicants', 'sender']).nullable().meta({
					description:
						'`model-file`: the expectation in the file, from its training rows or stated means. `sender`: unknown, chosen by the service that sent them.',
				}),
				reasons: z.enum(['approved-near-cut-off', 'all-applicants']).nullable(),
				percentiles: z.literal('approved-applicants').nullable(),
				counterfactuals: z
					.literal('all-applicants')
					.nullable()
					.meta({ description: 'The rows that define a typical distance.' }),
			})
			.meta({ description: 'What each part of the explanation compares the person with.' }),
		sent: z
			.strictObject({
				status: z.enum(['additive', 'not-additive', 'unknown', 'malformed']),
				reason: text,
				largest: z
					.strictObject({ feature: z.string(), sent: z.number(), ours: z.number(), difference: z.number() })
					.nullable()
					.meta({ description: 'The largest difference; null when they are not in the same space.' }),
				rankAgreement: number.meta({ description: "Spearman's rho of the sizes." }),
			})
			.nullable()
			.meta({
				description:
					'Attributions sent with the prediction, checked and compared with those of the artefact; null if none were sent.',
			}),
		lineage: z
			.looseObject({
				version: z.string(),
				artifact: z.looseObject({ sha256: z.string(), format: z.string() }).nullable(),
				run: text,
				dataset: text,
				commit: text,
				image: text,
				deployment: z
					.looseObject({
						revision: z.int(),
						as: z.enum(['champion', 'challenger', 'canary']).nullable(),
						since: Time,
					})
					.nullable(),
				approvers: z.array(z.string()),
			})
			.meta({ description: 'Where the decision comes from, and what was in force at the time.' }),
		incidents: z
			.array(z.strictObject({ id: z.string(), title: z.string(), severity: z.string(), openedAt: Time }))
			.meta({ description: 'Open for this model, version and environment at that time.' }),
		proof: z.strictObject({ lookup: LedgerProof, version: LedgerProof.nullable() }).meta({
			description: 'Ledger entries of this look-up and of the registration of the version.',
		}),
	})
	.meta({ id: 'Explanation' })
export type Explanation = Output<typeof Explanation>

export type Contribution = Explanation['contributions'][number]
export type Reason = Explanation['reasons'][number]
export type ReasonsStatus = Explanation['reasonsStatus']['status']
export type Counterfactual = Explanation['counterfactuals'][number]
export type CounterfactualsStatus = Explanation['counterfactualsStatus']['status']
export type UsedBackground = NonNullable<Explanation['background']>
export type ComparedWith = Explanation['comparedWith']
export type OpenIncident = Explanation['incidents'][number]
export type LedgerProof = Explanation['proof']['lookup']

/** One part of the explanation: whether it is there, and why not. */
export type PartStatus<S extends string> = { status: S; reason: string | null }

/** An explanation before its look-up is on the ledger. */
export type ExplanationContent = Omit<Explanation, 'proof'>

export const WhatIfInput = z
	.strictObject({
		changes: z
			.custom<Record<string, unknown>>(
				(v) => typeof v === 'object' && v !== null && !Array.isArray(v),
				'must be a JSON object of feature to value',
			)
			.refine((v) => Object.keys(v).length <= 2000, 'at most 2000 features (limit featuresPerRow)')
			.meta({
				type: 'object',
				additionalProperties: true,
				description: 'Feature to value; null removes the value.',
				example: { PAY_0: 0 },
			}),
		output: z.string().max(256).optional().meta({ description: 'Multiclass: the class to explain.' }),
	})
	.meta({ id: 'WhatIfInput' })

export const WhatIf = z
	.strictObject({
		predictionId: z.string(),
		model: z.string(),
		version: z.string(),
		changes: anyObject,
		score: number,
		decision: text,
		method: z.string(),
		space: Space,
		output: text,
		base: z.number(),
		margin: z.number(),
		contributions: z.array(Contribution),
		sumError: z.number(),
		notes: z.array(Note),
		difference: z
			.strictObject({
				score: z.number(),
				margin: z.number(),
				contributions: z.array(z.strictObject({ feature: z.string(), contribution: z.number() })),
			})
			.meta({ description: 'Changed minus unchanged, both scored by the registered model.' }),
		replay: Replay,
		proof: z.strictObject({ lookup: LedgerProof }),
	})
	.meta({ id: 'WhatIf' })
export type WhatIf = Output<typeof WhatIf>
