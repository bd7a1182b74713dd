import { z } from 'zod'
import { type Output, Time, TimeOrNull } from '../../core/schemas.ts'
import { dayMs, parseDuration, parseTime } from '../../core/time.ts'
import { deletedKinds } from '../../db/schema.ts'
import { FieldName, Name } from './name.ts'

export const Tasks = z.enum(['binary', 'multiclass', 'regression', 'ranking'])
const names = z.array(FieldName).max(100)
// A regular expression rather than code, so that the published schema says the same.
const shortText = z
	.string()
	.regex(/^\s*[^\s\u0000][^\u0000]*$/, 'must not be blank')
	.trim()
	.max(256)
const maxRetentionMs = 3650 * dayMs
export const defaultRetention = '90d'
export const defaultMaturity = { coverage: 0.8, delay: '30d' }
const isAscending = (edges: readonly number[]) =>
	edges.every((e, i) => i === 0 || e > (edges[i - 1] as number))

const isRetention = (text: string) => {
	const ms = parseDuration(text)
	return ms !== undefined && ms >= dayMs && ms <= maxRetentionMs
}

const label = z
	.union([z.string().min(1).max(256), z.number(), z.boolean()])
	.transform(String)
	.nullable()

/** Several lines for people. */
const longText = z
	.string()
	.regex(/^\s*[^\s\u0000][^\u0000]*$/, 'must not be blank')
	.trim()
	.max(4000)

const reviewTime = z
	.string()
	.transform((text, issues) => {
		const ms = parseTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
		if (ms !== undefined) return ms
		issues.addIssue({
			code: 'custom',
			message: 'must be a date such as 2026-03-01, or RFC 3339 with an offset',
		})
		return z.NEVER
	})
	.nullable()

const maxDeletionMs = 36_500 * dayMs
const deletion = z
	.string()
	.regex(/^(law|\d+(\.\d+)?(ms|s|m|h|d|w))$/, 'must be law, or a duration from 1d to 36500d')
	.refine((text) => {
		const ms = text === 'law' ? dayMs : parseDuration(text)
		return ms !== undefined && ms >= dayMs && ms <= maxDeletionMs
	}, 'must be law, or a duration from 1d to 36500d')

const members = {
	owner: shortText
		.nullable()
		.meta({ description: 'The team or person responsible for it.', example: 'credit-risk' }),
	riskTier: shortText.nullable().meta({ description: 'The risk class of your own policy.', example: 'high' }),
	tags: z
		.array(shortText)
		.max(100)
		.meta({ description: 'Labels that rules select models by.', example: ['credit'] }),
	positiveLabel: label.meta({
		description: 'The decision for a score at or above the threshold.',
		example: '1',
	}),
	negativeLabel: label.meta({
		description:
			'Binary models: the other label; any other value counts as unknown. Default: the usual opposite of `positiveLabel`, else `favourable`, else the label seen in outcomes.',
		example: '0',
	}),
	favourable: label.meta({
		description:
			'The decision that is good for the person, as a value of `label`. Groups are compared by its rate. Default: implied by `manifest.adverse` of the version.',
		example: '0',
	}),
	threshold: z
		.number()
		.nullable()
		.meta({ description: 'Scores at or above it are positive decisions.', example: 0.5 }),
	sensitive: names
		.refine(
			(list) => list.every((n) => !n.includes(' x ') && n !== '__proto__'),
			'a name must not contain " x ", which joins two attributes',
		)
		.meta({
			description:
				'Sensitive attributes, by which fairness is measured: features, or sent with POST .../groups.',
			example: ['SEX'],
		}),
	segments: names.meta({
		description: 'Members of `segment` for whose values every metric is computed too.',
		example: ['branch'],
	}),
	upstreams: names.meta({
		description: 'Where the features come from. Incidents of models that share a source are merged.',
		example: ['crm'],
	}),
	bands: z
		.record(FieldName, z.array(z.number()).min(1).max(50))
		.refine((bands) => Object.values(bands).every(isAscending), 'each list of edges must be ascending')
		.meta({
			description:
				'Edges of the groups of a numeric sensitive attribute. Default: one group per value up to 20 values, else five bands from the baseline.',
			example: { AGE: [25, 35, 45, 60] },
		}),
	maturity: z
		.strictObject({
			coverage: z.number().min(0).max(1).default(defaultMaturity.coverage),
			delay: z
				.string()
				.refine((text) => parseDuration(text) !== undefined, 'must be a duration such as 30d')
				.default(defaultMaturity.delay),
		})
		.meta({
			description:
				'When the performance of a window counts as final: once this share of its outcomes is known, or this long after its end. Until then it is provisional.',
			example: defaultMaturity,
		}),
	retention: z
		.string()
		.regex(/^\d+(\.\d+)?(ms|s|m|h|d|w)$/, 'must be a duration from 1d to 3650d')
		.refine(isRetention, 'must be a duration from 1d to 3650d')
		.meta({
			description: 'How long rows are kept in the database, `1d` to `3650d`. Older ones move to the archive.',
			example: '90d',
		}),
	deleteAfter: z
		.strictObject(
			Object.fromEntries(deletedKinds.map((kind) => [kind, deletion.optional()])) as Record<
				(typeof deletedKinds)[number],
				z.ZodOptional<typeof deletion>
			>,
		)
		.nullable()
		.meta({
			description:
				'When rows and reports are deleted, also from the archive: a duration from `1d` to `36500d` by kind, or `law` for the longest time that a law in force says. A kind that is left out is kept.',
			example: { predictions: 'law', outcomes: 'law', groups: '400d' },
		}),
	encrypt: z.boolean().meta({
		description:
			'Store rows encrypted, each with a key of its own that erasure destroys. Rows that are stored already stay as they are; it cannot be taken back. Needs PLUMBLINE_DATA_KEY.',
		example: true,
	}),
	purpose: longText.nullable().meta({
		description: 'What its decisions are used for, and by whom.',
		example: 'Decides on applications for consumer loans up to 50,000.',
	}),
	limitations: longText.nullable().meta({
		description: 'Where it must not be used, and what is known to go wrong.',
		example: 'Not for businesses. Few applicants under 21 in the training data.',
	}),
	validatedAt: reviewTime.meta({
		format: 'date-time',
		description: 'When it was last validated: a date, or RFC 3339.',
		example: '2026-02-01T00:00:00Z',
	}),
	nextReview: reviewTime.meta({
		format: 'date-time',
		description: 'When it must be reviewed again: a date, or RFC 3339. An incident is opened 14 days before.',
		example: '2027-02-01T00:00:00Z',
	}),
}

export const ModelInput = z
	.strictObject({
		model: Name.meta({
			description: 'The name, used in paths and messages.',
			example: 'credit-default',
		}),
		task: Tasks.meta({ description: 'The kind of output.', example: 'binary' }),
		owner: members.owner.default(null),
		riskTier: members.riskTier.default(null),
		tags: members.tags.default([]),
		positiveLabel: members.positiveLabel.default(null),
		negativeLabel: members.negativeLabel.default(null),
		favourable: members.favourable.default(null),
		threshold: members.threshold.default(null),
		sensitive: members.sensitive.default([]),
		segments: members.segments.default([]),
		upstreams: members.upstreams.default([]),
		bands: members.bands.default({}),
		maturity: members.maturity.default(defaultMaturity),
		retention: members.retention.default(defaultRetention),
		deleteAfter: members.deleteAfter.default(null),
		encrypt: members.encrypt.default(false),
		purpose: members.purpose.default(null),
		limitations: members.limitations.default(null),
		validatedAt: members.validatedAt.default(null),
		nextReview: members.nextReview.default(null),
	})
	.meta({ id: 'ModelInput', description: 'A model to register.' })
export type ModelInput = z.output<typeof ModelInput>

/** The task is not in it: another task is another model. */
export const ModelPatch = z
	.strictObject({
		owner: members.owner.optional(),
		riskTier: members.riskTier.optional(),
		tags: members.tags.optional(),
		positiveLabel: members.positiveLabel.optional(),
		negativeLabel: members.negativeLabel.optional(),
		favourable: members.favourable.optional(),
		threshold: members.threshold.optional(),
		sensitive: members.sensitive.optional(),
		segments: members.segments.optional(),
		upstreams: members.upstreams.optional(),
		bands: members.bands.optional(),
		maturity: members.maturity.optional(),
		retention: members.retention.optional(),
		deleteAfter: members.deleteAfter.optional(),
		encrypt: members.encrypt.optional(),
		purpose: members.purpose.optional(),
		limitations: members.limitations.optional(),
		validatedAt: members.validatedAt.optional(),
		nextReview: members.nextReview.optional(),
	})
	.meta({
		id: 'ModelPatch',
		description: 'The members to change. Absent members are kept, null clears a member.',
	})
export type ModelPatch = z.output<typeof ModelPatch>

/** The subject of an alert; empty for the model as a whole. */
export const AlertSubject = z.strictObject({
	feature: z.string().optional(),
	segment: z.strictObject({ name: z.string(), value: z.string() }).optional(),
	group: z.string().optional(),
})

export const ModelHealth = z
	.strictObject({
		status: z.enum(['ok', 'info', 'warning', 'critical', 'unknown']).meta({
			description: 'The severity of the worst firing alert; `unknown` before the first computation.',
		}),
		worstAlert: z
			.strictObject({
				rule: z.string(),
				severity: z.enum(['info', 'warning', 'critical']),
				title: z.string(),
				environment: z.string(),
				version: z.string(),
				subject: AlertSubject,
				since: Time.meta({ description: 'Start of the first window in which the rule held.' }),
				incident: z.string().nullable(),
			})
			.nullable(),
		lastPrediction: TimeOrNull.meta({ description: 'The latest event time of a stored prediction.' }),
		lastComputation: TimeOrNull.meta({ description: 'When metrics were last computed.' }),
		waitingOutcomes: z.int().meta({ description: 'Number of missing predictions that outcomes refer to.' }),
	})
	.meta({ id: 'Health' })
export type ModelHealth = Output<typeof ModelHealth>

const modelMembers = {
	model: z.string(),
	task: Tasks,
	owner: z.string().nullable(),
	riskTier: z.string().nullable(),
	tags: z.array(z.string()),
	positiveLabel: z.string().nullable(),
	negativeLabel: z.string().nullable(),
	favourable: z.string().nullable(),
	threshold: z.number().nullable(),
	sensitive: z.array(z.string()),
	segments: z.array(z.string()),
	upstreams: z.array(z.string()),
	bands: z.record(z.string(), z.array(z.number())),
	maturity: z.strictObject({ coverage: z.number(), delay: z.string() }),
	retention: z.string(),
	deleteAfter: members.deleteAfter,
	encrypt: z.boolean(),
	purpose: z.string().nullable(),
	limitations: z.string().nullable(),
	validatedAt: TimeOrNull,
	nextReview: TimeOrNull,
	createdAt: Time,
	revision: z.int().meta({ description: 'Number of its last change.' }),
}

export const ModelRecord = z.strictObject(modelMembers).meta({ id: 'Model' })
export type ModelRecord = Output<typeof ModelRecord>

export const ModelWithHealth = z
	.strictObject({ ...modelMembers, health: ModelHealth })
	.meta({ id: 'ModelWithHealth' })
export type ModelWithHealth = Output<typeof ModelWithHealth>
