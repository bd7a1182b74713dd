import { z } from 'zod'
import { numberOrNull, type Output, Time } from '../../core/schemas.ts'
import { scopeMembers } from '../scope.ts'

const Interval = z
	.strictObject({ value: numberOrNull, low: numberOrNull, high: numberOrNull })
	.meta({ id: 'Interval', description: 'A value with its 95% interval; null if there is none.' })

const Excluded = z.strictObject({ group: z.string(), n: z.int(), reason: z.string() }).meta({
	id: 'ExcludedGroup',
	description: 'A group that was left out, with its number of rows and the reason.',
})

const status = z.enum(['ok', 'insufficient'])
const reasonOrNull = z
	.string()
	.nullable()
	.meta({ description: 'Why there is no value, or what to consider.' })

/** The series and period of an audit. */
const scope = {
	...scopeMembers,
	selected: z.string().meta({
		description:
			'The decision that counts as selected: the favourable one, or `positiveLabel` while it is unknown.',
	}),
	favourable: z
		.string()
		.nullable()
		.meta({ description: 'The decision that is good for the person; null if it is not set.' }),
	computedAt: Time,
}

const Group = z
	.strictObject({
		group: z.string(),
		isKnown: z.boolean().meta({ description: 'False for rows without the attribute.' }),
		counts: z.strictObject({
			n: z.int(),
			decided: z.int(),
			selected: z.int(),
			labelled: z.int(),
			positives: z.int(),
			tp: z.int(),
			fp: z.int(),
			tn: z.int(),
			fn: z.int(),
		}),
		rates: z
			.strictObject({
				selectionRate: Interval,
				tpr: Interval,
				fpr: Interval,
				fnr: Interval,
				precision: Interval,
				baseRate: Interval,
			})
			.meta({ description: 'Shares with Wilson intervals.' }),
		clarify: z.record(z.string(), z.union([z.number(), z.enum(['Infinity', '-Infinity'])]).nullable()).meta({
			description:
				'SageMaker Clarify metrics by short name: the group as the facet against all other rows of the attribute. Null if undefined.',
		}),
		conditional: z
			.array(z.strictObject({ segment: z.string(), cddl: numberOrNull, cddpl: numberOrNull }))
			.meta({
				description: "Clarify's conditional demographic disparity, of outcomes and of decisions, by segment.",
			}),
	})
	.meta({ id: 'BiasGroup' })

const AuditTable = z
	.strictObject({
		rows: z.array(
			z.strictObject({
				group: z.string(),
				n: z.int().meta({ description: 'Rows with a decision.' }),
				selected: z.int(),
				selectionRate: numberOrNull,
				impactRatio: Interval.meta({
					description: 'Ratio to the most selected group; interval for this pair only.',
				}),
			}),
		),
		unknown: z
			.int()
			.meta({ description: 'Rows with a decision but without a group. They are not compared.' }),
		excluded: z.array(Excluded),
	})
	.meta({ id: 'BiasAuditTable', description: 'Groups below 2% of the known rows are left out.' })

const FourFifths = z
	.strictObject({
		verdict: z
			.enum(['pass', 'fail', 'inconclusive', 'unknown'])
			.meta({ description: '`unknown` while the favourable decision is not set.' }),
		reason: z.string(),
		ratio: numberOrNull,
		...Interval.shape,
		reference: z.string().nullable().meta({ description: 'The group with the highest rate.' }),
		group: z.string().nullable().meta({ description: 'The group with the lowest rate.' }),
		groups: z.array(z.string()).meta({ description: 'Both groups.' }),
	})
	.meta({
		id: 'FourFifths',
		description:
			'The lowest rate of the favourable decision over the highest, of known groups of at least 30 decisions; the interval accounts for the choice of the two groups. The metric `fairness.four_fifths` is the same for a window.',
	})

const Disparity = z
	.strictObject({
		metric: z.string().meta({ description: 'The id of the metric.' }),
		status,
		...Interval.shape,
		p: numberOrNull.meta({ description: 'p-value of the hypothesis that all groups are equal.' }),
		q: numberOrNull.meta({ description: 'p, corrected for all tests of the audit (Benjamini-Hochberg).' }),
		groups: z
			.array(z.string())
			.meta({ description: 'The two groups that determine the value, the highest first.' }),
		excluded: z.array(Excluded),
		method: z.string(),
		reason: reasonOrNull,
	})
	.meta({ id: 'Disparity', description: 'Over known groups of at least 30 relevant rows.' })

const Simpson = z
	.strictObject({
		segment: z.string(),
		verdict: z.enum(['reversed', 'explained', 'none']),
		reason: z.string(),
		groups: z.array(z.string()).meta({ description: 'The groups with the highest and the lowest rate.' }),
		overall: Interval.meta({ description: 'Difference of their selection rates over all rows.' }),
		within: Interval.meta({ description: 'The same within values of the segment (Mantel-Haenszel).' }),
		strata: z.int().meta({ description: 'Values of the segment with rows of both groups.' }),
		rowsWithout: z.int().meta({ description: 'Rows without a value; they are a separate stratum.' }),
	})
	.meta({
		id: 'SimpsonCheck',
		description: "Simpson's paradox: whether the difference within segments contradicts the overall one.",
	})

const AttributeAudit = z
	.strictObject({
		attribute: z.string().meta({ description: 'An attribute, or two of them (`SEX x MARRIAGE`).' }),
		status,
		reason: reasonOrNull,
		rows: z.strictObject({
			total: z.int(),
			withoutGroup: z.int(),
			withoutDecision: z.int().meta({ description: 'Rows of a group without a decision.' }),
			withoutOutcome: z.int(),
		}),
		groups: z.array(Group).meta({ description: 'The largest first; at most 200.' }),
		unlisted: z.int().meta({ description: 'Number of further groups.' }),
		audit: AuditTable,
		fourFifths: FourFifths,
		disparities: z.array(Disparity),
		simpson: z.array(Simpson).meta({ description: 'One per declared segment.' }),
	})
	.meta({ id: 'AttributeAudit' })

export const BiasAudit = z
	.strictObject({
		...scope,
		rows: z.strictObject({
			predictions: z.int(),
			labelled: z.int(),
			never: z.int().meta({ description: 'Rows whose outcome can never be known.' }),
			unusable: z.int().meta({ description: 'Rows whose outcome is not a label of the model.' }),
		}),
		tests: z.int().meta({ description: 'Number of tests, for which q is corrected.' }),
		attributes: z.array(AttributeAudit),
	})
	.meta({ id: 'BiasAudit' })
export type BiasAudit = Output<typeof BiasAudit>

const ProxyGroup = z
	.strictObject({
		group: z.string(),
		members: z.int(),
		others: z.int(),
		status,
		reason: reasonOrNull,
		auc: Interval.meta({
			description:
				'AUC of all features together (naive Bayes) on held-out rows. 0.5 is no better than chance. A lower bound: redundant features count twice, so a single feature can predict more.',
		}),
		top: z.array(z.strictObject({ feature: z.string(), auc: Interval })).meta({
			description: 'The features with the highest AUC on their own; intervals account for their number.',
		}),
		flipTest: z.strictObject({ value: z.number().nullable(), rows: z.int() }).meta({
			description:
				"Clarify's flip test (FT) over the numeric features: how much more often the group is selected than its five nearest rows outside the group; negative if less often. On at most 1,000 rows with all features.",
		}),
	})
	.meta({ id: 'ProxyGroup' })

export const ProxyAudit = z
	.strictObject({
		...scope,
		attribute: z.string(),
		features: z.int().meta({ description: 'Number of features, without the attribute.' }),
		status,
		reason: reasonOrNull,
		rows: z.strictObject({
			total: z.int().meta({ description: 'Predictions of the period.' }),
			sampled: z.int(),
			withoutGroup: z.int().meta({ description: 'Sampled rows without a group, which are left out.' }),
		}),
		groups: z.array(ProxyGroup),
	})
	.meta({ id: 'ProxyAudit' })
export type ProxyAudit = Output<typeof ProxyAudit>
