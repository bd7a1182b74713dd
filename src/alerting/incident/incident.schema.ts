import { z } from 'zod'
import { type Output, Time, TimeOrNull } from '../../core/schemas.ts'

export const IncidentAlert = z
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
export type IncidentAlert = Output<typeof IncidentAlert>

const IncidentChange = z
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
		alerts: z.array(IncidentAlert),
		changes: z.array(IncidentChange).meta({
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
export type Incident = Output<typeof Incident>
