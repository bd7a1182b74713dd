import { z } from 'zod'
import { roles } from '../../core/actor.ts'
import { Tasks } from '../../registry/model/model-input.ts'
import { FeatureInput } from '../../registry/version/version-input.ts'
import { Time, TimeOrNull } from './common.ts'

/** The shapes of what the registry answers. */
export const Key = z
	.strictObject({
		id: z.string(),
		name: z.string(),
		role: z.enum(roles),
		models: z.array(z.string()),
		status: z.enum(['active', 'expired', 'revoked']),
		createdAt: Time,
		expiresAt: TimeOrNull,
		revokedAt: TimeOrNull,
	})
	.meta({ id: 'Key', description: 'A key, without its secret.' })

export const SlackUser = z
	.strictObject({
		team: z.string(),
		user: z.string(),
		role: z.enum(roles),
		models: z.array(z.string()),
		status: z.enum(['active', 'expired']),
		createdAt: TimeOrNull,
		expiresAt: TimeOrNull,
	})
	.meta({ id: 'SlackUser', description: 'The role of a Slack user.' })

export const NewKey = z
	.strictObject({
		...Key.shape,
		secret: z.string().meta({ description: 'Shown this once; only its hash is kept.' }),
	})
	.meta({ id: 'NewKey', description: 'A key with its secret.' })

/** What an alert is about; empty for the model as a whole. */
export const AlertSubject = z.strictObject({
	feature: z.string().optional(),
	segment: z.strictObject({ name: z.string(), value: z.string() }).optional(),
	group: z.string().optional(),
})

export const Health = z
	.strictObject({
		status: z
			.enum(['ok', 'info', 'warning', 'critical', 'unknown'])
			.meta({ description: 'The severity of the worst open alert; `unknown` before the first computation.' }),
		worstAlert: z
			.strictObject({
				rule: z.string(),
				severity: z.enum(['info', 'warning', 'critical']),
				title: z.string(),
				environment: z.string(),
				version: z.string(),
				subject: AlertSubject,
				since: Time.meta({ description: 'Start of the first window in which it was true.' }),
				incident: z.string().nullable(),
			})
			.nullable(),
		lastPrediction: TimeOrNull.meta({ description: 'The latest event time of a stored prediction.' }),
		lastComputation: TimeOrNull.meta({ description: 'When its metrics were last computed.' }),
		waitingOutcomes: z.int().meta({ description: 'Predictions that outcomes name and that have not come.' }),
	})
	.meta({ id: 'Health' })

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
	createdAt: Time,
	revision: z.int().meta({ description: 'Counts its changes.' }),
}

export const Model = z.strictObject(modelMembers).meta({ id: 'Model' })
export const ModelWithHealth = z
	.strictObject({ ...modelMembers, health: Health })
	.meta({ id: 'ModelWithHealth' })

const anyObject = z.record(z.string(), z.unknown())
export const Version = z
	.strictObject({
		model: z.string(),
		version: z.string(),
		features: z.array(FeatureInput),
		artifact: anyObject.nullable(),
		manifest: anyObject.nullable(),
		lineage: anyObject.nullable(),
		metrics: anyObject.nullable(),
		createdAt: Time,
	})
	.meta({ id: 'Version' })

export const Deployment = z
	.strictObject({
		model: z.string(),
		environment: z.string(),
		revision: z.int(),
		champion: z.string(),
		challenger: z.string().nullable(),
		canary: z.strictObject({ version: z.string(), percent: z.number() }).nullable(),
		since: Time,
	})
	.meta({ id: 'Deployment' })

export const LedgerEntry = z
	.strictObject({
		index: z.int(),
		at: Time,
		actor: z.string(),
		action: z.string(),
		object: z.string(),
		model: z.string().nullable(),
		leafHash: z.string().meta({
			description: 'SHA-256 of a zero byte and the UTF-8 bytes of `entry`, in hexadecimal (RFC 6962, 2.1).',
		}),
		entry: z.string().meta({ description: 'The exact text of the entry.' }),
	})
	.meta({ id: 'LedgerEntry' })
