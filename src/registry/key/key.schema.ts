import { z } from 'zod'
import { roles } from '../../core/actor.ts'
import { type Output, Time, TimeOrNull } from '../../core/schemas.ts'
import { timeOrDuration } from '../../core/time.ts'
import { Glob } from '../model/name.ts'
import { PersonName } from '../person/person-name.ts'

// The ledger entry names the scope and must stay under 64 KB.
const maxGlobs = 32

export const KeyInput = z
	.strictObject({
		name: z
			.string()
			.regex(/[^\s\u0000]/, 'must not be blank')
			.trim()
			.max(256)
			.default('unnamed')
			.meta({ description: 'What the key is for.', example: 'scoring service' }),
		role: z.enum(roles).meta({ description: 'What the key may do.', example: 'ingest' }),
		models: z
			.array(Glob)
			.min(1)
			.max(maxGlobs)
			.default(['*'])
			.meta({ description: 'The models it has access to.', example: ['credit-*'] }),
		expires: z
			.string()
			.max(64)
			.regex(
				/^(\d+(\.\d+)?(ms|s|m|h|d|w)|\d{4}-\d\d-\d\d[Tt ][\d:.]+([Zz]|[+-]\d\d:?\d\d))$/,
				'must be RFC 3339 with an offset, or a duration such as 90d',
			)
			.nullish()
			.meta({
				...timeOrDuration,
				description: 'RFC 3339, or a duration from now such as `90d`. Default: no expiry.',
				example: '90d',
			}),
		owner: PersonName.nullish(),
	})
	.meta({ id: 'KeyInput', description: 'A key to be created.' })
export type KeyInput = z.output<typeof KeyInput>

export const KeyRecord = z
	.strictObject({
		id: z.string(),
		name: z.string(),
		role: z.enum(roles),
		models: z.array(z.string()),
		status: z.enum(['active', 'expired', 'revoked']),
		createdAt: Time,
		owner: z.string().nullable(),
		expiresAt: TimeOrNull,
		revokedAt: TimeOrNull,
		lastUsedAt: TimeOrNull.meta({ description: 'To the hour.' }),
	})
	.meta({ id: 'Key', description: 'A key, without its secret.' })
export type KeyRecord = Output<typeof KeyRecord>

export const NewKey = z
	.strictObject({
		...KeyRecord.shape,
		secret: z.string().meta({ description: 'Shown only in this response; only its hash is stored.' }),
	})
	.meta({ id: 'NewKey', description: 'A key with its secret.' })

export const SlackUserRecord = z
	.strictObject({
		team: z.string(),
		user: z.string(),
		role: z.enum(roles),
		models: z.array(z.string()),
		status: z.enum(['active', 'expired']),
		owner: z.string().nullable(),
		createdAt: TimeOrNull,
		expiresAt: TimeOrNull,
	})
	.meta({ id: 'SlackUser', description: 'The role of a Slack user.' })
export type SlackUserRecord = Output<typeof SlackUserRecord>
