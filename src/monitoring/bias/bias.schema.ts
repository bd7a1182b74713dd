import { z } from 'zod'
import { numberOrNull, type Output, Time } from '../../core/schemas.ts'

const Interval = z
	.strictObject({ value: numberOrNull, low: numberOrNull, high: numberOrNull })
	.meta({ id: 'Interval', description: 'A value with its 95% interval; null where there is none.' })

const Excluded = z
	.strictObject({ group: z.string(), n: z.int(), reason: z.string() })
	.meta({ id: 'ExcludedGroup', description: 'A group that was left out, with its rows and why.' })

const status = z.enum(['ok', 'insufficient'])
const reasonOrNull = z
	.string()
	.nullable()
	.meta({ description: 'Why there is no value, or what to think of.' })

/** Whose audit it is. */
const scope = {
	model: z.string(),
	version: z.string(),
	environment: z.string(),
	period: z
		.strictObject({ from: Time, to: Time })
		.meta({ description: 'Of the predictions, in whole hours; `to` is exclusive.' }),
	selected: z.string().meta({
		description:
			'The decision that counts as being selected: the favourable one, or `positiveLabel` while nobody has said which is favourable.',
	}),
	favourable: z
		.string()
		.nullable()
		.meta({ description: 'The decision that is good for the person; null while nobody has said.' }),
	computedAt: Time,
}

const Group = z
	.strictObject({
		group: z.string(),
		isKnown: z.boolean().meta({ description: 'False where the attribute is missing.' }),
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
			.meta({ description: "Shares with Wilson's interval." }),
		clarify: z.record(z.string(), z.union([z.number(), z.enum(['Infinity', '-Infinity'])]).nullable()).meta({
			description:
				'SageMaker Clarify, by short name: the group as the facet against all other rows of the attribute. Null where Clarify defines none.',
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
				impactRatio: Interval.meta({ description: 'To the most selected group; its pair alone.' }),
			}),
		),
		unknown: z.int().meta({ description: 'Rows with a decision whose group is missing: never compared.' }),
		excluded: z.array(Excluded),
	})
	.meta({ id: 'BiasAuditTable', description: 'Groups below 2% of the known rows are left out.' })

const FourFifths = z
	.strictObject({
		verdict: z
			.enum(['pass', 'fail', 'inconclusive', 'unknown'])
			.meta({ description: '`unknown` while nobody has said which decision is favourable.' }),
		reason: z.string(),
		ratio: numberOrNull,
		...Interval.shape,
		reference: z.string().nullable().meta({ description: 'The group that is selected most.' }),
		group: z.string().nullable().meta({ description: 'The group that is selected least.' }),
		groups: z.array(z.string()).meta({ description: 'The two.' }),
	})
	.meta({
		id: 'FourFifths',
		description:
			'The lowest rate of the favourable decision over the highest, of known groups of at least 30 decisions; the interval allows for the choice of the two. The metric `fairness.four_fifths` is the same of a window.',
	})

const Disparity = z
	.strictObject({
		metric: z.string().meta({ description: 'The id that it has as a metric.' }),
		status,
		...Interval.shape,
		p: numberOrNull.meta({ description: 'Of the hypothesis that all groups are alike.' }),
		q: numberOrNull.meta({ description: 'p, corrected for all tests of this answer (Benjamini-Hochberg).' }),
		groups: z.array(z.string()).meta({ description: 'The two that decide the value, the highest first.' }),
		excluded: z.array(Excluded),
		method: z.string(),
		reason: reasonOrNull,
	})
	.meta({ id: 'Disparity', description: 'Over known groups of at least 30 of the rows in question.' })

const Simpson = z
	.strictObject({
		segment: z.string(),
		verdict: z.enum(['reversed', 'explained', 'none']),
		reason: z.string(),
		groups: z.array(z.string()).meta({ description: 'The most and the least selected one of the table.' }),
		overall: Interval.meta({ description: 'Difference of their selection rates over all rows.' }),
		within: Interval.meta({ description: 'The same within values of the segment (Mantel and Haenszel).' }),
		strata: z.int().meta({ description: 'Values of the segment with rows of both.' }),
		rowsWithout: z.int().meta({ description: 'Rows without a value: a stratum of their own.' }),
	})
	.meta({ id: 'SimpsonCheck', description: "Simpson's paradox: does like against like say otherwise?" })

const AttributeAudit = z
	.strictObject({
		attribute: z.string().meta({ description: 'An attribute, or two of them (`SEX x MARRIAGE`).' }),
		status,
		reason: reasonOrNull,
		rows: z.strictObject({
			total: z.int(),
			withoutGroup: z.int(),
			withoutDecision: z.int().meta({ description: 'Of the rows that count in a group.' }),
			withoutOutcome: z.int(),
		}),
		groups: z.array(Group).meta({ description: 'The largest first; at most 200.' }),
		unlisted: z.int().meta({ description: 'Further groups.' }),
		audit: AuditTable,
		fourFifths: FourFifths,
		disparities: z.array(Disparity),
		simpson: z.array(Simpson).meta({ description: 'One a declared segment.' }),
	})
	.meta({ id: 'AttributeAudit' })

export const BiasAudit = z
	.strictObject({
		...scope,
		rows: z.strictObject({
			predictions: z.int(),
			labelled: z.int(),
			never: z.int().meta({ description: 'Their outcome can never be known.' }),
			unusable: z.int().meta({ description: 'Their outcome is no label of the model.' }),
		}),
		tests: z.int().meta({ description: 'How many p there are, of which each q is made.' }),
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
				'Of all features together (naive Bayes), on rows that it did not learn from. 0.5: no better than chance. A lower bound of what can be learnt: features that say the same count twice, so that one alone may tell more.',
		}),
		top: z
			.array(z.strictObject({ feature: z.string(), auc: Interval }))
			.meta({ description: 'The features that tell most on their own; intervals allow for their number.' }),
		flipTest: z.strictObject({ value: z.number().nullable(), rows: z.int() }).meta({
			description:
				"Clarify's flip test (FT) over the numeric features: how much more often the group is selected than its five nearest rows outside; below 0, less often. On at most 1,000 rows that have all of them.",
		}),
	})
	.meta({ id: 'ProxyGroup' })

export const ProxyAudit = z
	.strictObject({
		...scope,
		attribute: z.string(),
		features: z.int().meta({ description: 'Features that were looked at: all but the attribute.' }),
		status,
		reason: reasonOrNull,
		rows: z.strictObject({
			total: z.int().meta({ description: 'Predictions of the period.' }),
			sampled: z.int(),
			withoutGroup: z.int().meta({ description: 'Of the sampled ones: left out.' }),
		}),
		groups: z.array(ProxyGroup),
	})
	.meta({ id: 'ProxyAudit' })
export type ProxyAudit = Output<typeof ProxyAudit>
