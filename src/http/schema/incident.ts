import { z } from 'zod'
import { timeOrDuration } from '../../core/time.ts'
import { Glob } from '../../registry/model/name.ts'
import { Time, TimeOrNull, TimeParameter } from './common.ts'

const Alert = z
	.strictObject({
		rule: z.string(),
		severity: z.enum(['info', 'warning', 'critical']),
		status: z
			.enum(['firing', 'resolved', 'undone'])
			.meta({ description: 'undone: late rows showed that it never fired.' }),
		subject: z.strictObject({
			version: z.string(),
			feature: z.string().optional(),
			segment: z.strictObject({ name: z.string(), value: z.string() }).optional(),
			group: z.string().optional(),
		}),
		metric: z.string(),
		value: z.number().nullable().meta({ description: 'The value that it was opened on.' }),
		restated: z.number().nullable().meta({
			description: 'What that value is known to be by now, where late rows or outcomes changed it.',
		}),
		before: z.number().nullable().meta({ description: 'In the window before it began.' }),
		window: z.strictObject({ from: Time, to: Time }),
		rulesDigest: z.string().meta({ description: 'Names the rule set that made it.' }),
	})
	.meta({ id: 'Alert' })

const Change = z
	.strictObject({
		feature: z.string().nullable().meta({
			description: '$score and $decision are what the model answers; null: it is about the model as a whole.',
		}),
		segment: z.strictObject({ name: z.string(), value: z.string() }).optional().meta({
			description: 'The value of a declared segment that holds the change; elsewhere is as before.',
		}),
		group: z
			.string()
			.optional()
			.meta({ description: 'The group of a sensitive attribute that holds it, at least 30 rows of it.' }),
		kind: z.string().meta({
			description:
				'unit, shift, missing, new-category, type, truncation, constant, spike, score, decision, replay, attribution, or what the alert is about: performance, fairness, feed and the like.',
			example: 'unit',
		}),
		factor: z
			.number()
			.optional()
			.meta({ description: 'What values before are to be multiplied by to look like those now.' }),
		before: z.number().nullable().meta({
			description:
				'A median for unit and shift, a share of rows for what counts rows, a mean for score; else the metric.',
		}),
		after: z.number().nullable(),
		since: Time.meta({ description: 'Start of the first window that shows it.' }),
		text: z.string(),
	})
	.meta({ id: 'IncidentChange' })

export const Incident = z
	.strictObject({
		id: z.string(),
		model: z.string(),
		environment: z.string(),
		status: z.enum(['open', 'acknowledged', 'resolved']),
		severity: z.enum(['info', 'warning', 'critical']),
		title: z.string(),
		beganAt: Time,
		openedAt: Time,
		resolvedAt: TimeOrNull,
		cause: z.string().nullable(),
		alerts: z.array(Alert),
		changes: z.array(Change).meta({
			description:
				'What changed, where, and what that does to score and decisions, from rows of the window; the most telling first.',
		}),
		nextStep: z.string().meta({ description: 'What to do next; empty when it is over.' }),
		related: z.array(z.string()).meta({
			description:
				'Ids of other incidents of the model in this environment at the same time, the nearest first.',
		}),
		timeline: z.array(z.strictObject({ at: Time, who: z.string(), what: z.string() })),
	})
	.meta({ id: 'Incident' })

const globs = z.array(Glob).min(1).max(100)

// Alerts are matched with every glob of every silence, and the ledger names them all.
const maxCharacters = 8192
const matchers = ['rules', 'models', 'environments', 'features'] as const

export const SilenceInput = z
	.strictObject({
		rules: globs.optional().meta({ description: 'Globs of rule names; default all.' }),
		models: globs.optional(),
		environments: globs.optional(),
		features: globs.optional(),
		reason: z.string().trim().min(1).max(1000),
		startsAt: TimeParameter.optional().meta({ description: 'RFC 3339 with an offset; default now.' }),
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

export const RequestInput = z
	.strictObject({
		kind: z.enum(['rollback', 'retraining', 'promotion']),
		model: z.string().min(1).max(256),
		environment: z.string().min(1).max(256).default('production'),
		to: z.string().min(1).max(256).optional().meta({
			description: 'The version to go to; a rollback goes to the champion before this one by default.',
		}),
		reason: z.string().trim().min(1).max(1000),
	})
	.meta({ id: 'RequestInput' })

export const ActionRequest = z
	.strictObject({
		id: z.string(),
		kind: z.enum(['rollback', 'retraining', 'promotion']),
		model: z.string(),
		environment: z.string(),
		status: z.enum(['pending', 'cancelled', 'expired']),
		action: z.record(z.string(), z.unknown()).meta({ description: 'Exactly what would be done.' }),
		actionDigest: z.string().meta({ description: 'SHA-256 of the canonical JSON of the action.' }),
		requester: z.string(),
		reason: z.string(),
		needs: z.int().meta({ description: 'How many approvals it takes; never the requester’s own.' }),
		votes: z.array(z.unknown()),
		createdAt: Time,
		expiresAt: Time,
		evidence: z.record(z.string(), z.unknown()),
		execution: z.null(),
	})
	.meta({ id: 'Request' })
