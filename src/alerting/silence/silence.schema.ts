import { z } from 'zod'
import { type Output, Reason, Time, TimeParameter } from '../../core/schemas.ts'
import { timeOrDuration } from '../../core/time.ts'
import { Glob } from '../../registry/model/name.ts'

const globs = z.array(Glob).min(1).max(100)

// Alerts are matched with every glob of every silence, and the ledger entry contains all globs.
const maxCharacters = 8192

const matchers = ['rules', 'models', 'environments', 'features'] as const

export const SilenceInput = z
	.strictObject({
		rules: globs.optional().meta({ description: 'Globs of rule names. Default: all.' }),
		models: globs.optional(),
		environments: globs.optional(),
		features: globs.optional(),
		reason: Reason,
		startsAt: TimeParameter.optional().meta({ description: 'RFC 3339 with an offset. Default: now.' }),
		expires: z
			.string()
			.max(64)
			.meta({
				...timeOrDuration,
				description: 'RFC 3339, or a duration from the start such as `2h`.',
				example: '2h',
			}),
	})
	.superRefine((silence, issues) => {
		const characters = matchers.flatMap((name) => silence[name] ?? []).join('').length
		if (characters <= maxCharacters) return
		const message = `its globs have ${characters} characters together; the limit is ${maxCharacters}. Write fewer, or shorter ones`
		issues.addIssue({ code: 'custom', path: ['models'], message })
	})
	.meta({ id: 'SilenceInput' })

export const Silence = z
	.strictObject({
		id: z.string(),
		rules: z.array(z.string()),
		models: z.array(z.string()),
		environments: z.array(z.string()),
		features: z.array(z.string()),
		reason: z.string(),
		author: z.string(),
		status: z.enum(['pending', 'active', 'expired']),
		createdAt: Time,
		startsAt: Time,
		expiresAt: Time,
	})
	.meta({ id: 'Silence' })
export type Silence = Output<typeof Silence>
