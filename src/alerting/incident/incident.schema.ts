import { z } from 'zod'
import { type Output, Time, TimeOrNull } from '../../core/schemas.ts'

export const IncidentAlert = z
	.strictObject({
		rule: z.string(),
		severity: z.enum(['info', 'warning', 'critical']),
		status: z
			.enum(['firing', 'resolved', 'undone'])
			.meta({ description: 'undone: late rows showed that it should not have fired.' }),
		subject: z.strictObject({
			version: z.string(),
			feature: z.string().optional(),
			segment: z.strictObject({ name: z.string(), value: z.string() }).optional(),
			group: z.string().optional(),
		}),
		metric: z.string(),
		value: z.number().nullable().meta({ description: 'The value when the alert was opened.' }),
		restated: z.number().nullable().meta({
			description: 'The current value, if late rows or outcomes changed it.',
		}),
		before: z.number().nullable().meta({ description: 'The value in the window before it began.' }),
		window: z.strictObject({ from: Time, to: Time }),
		rulesDigest: z.string().meta({ description: 'The rule set that raised it.' }),
	})
	.meta({ id: 'Alert' })
export type IncidentAlert = Output<typeof IncidentAlert>

const IncidentChange = z
	.strictObject({
		feature: z.string().nullable().meta({
			description: '$score and $decision are the output of the model; null: the model as a whole.',
		}),
		segment: z.strictObject({ name: z.string(), value: z.string() }).optional().meta({
			description: 'The segment value that the change is limited to.',
		}),
		group: z.string().optional().meta({
			description: 'The group of a sensitive attribute that the change is limited to, with at least 30 rows.',
		}),
		kind: z.string().meta({
			description:
				'unit, shift, missing, new-category, type, truncation, constant, spike, score, decision, replay, attribution, or the cause of the alert, such as performance, fairness or feed.',
			example: 'unit',
		}),
		factor: z
			.number()
			.optional()
			.meta({ description: 'Earlier values times this factor match current values.' }),
		before: z.number().nullable().meta({
			description:
				'A median for unit and shift, a mean for score, a share of rows for kinds that count rows; otherwise the metric.',
		}),
		after: z.number().nullable(),
		since: Time.meta({ description: 'Start of the first window with the change.' }),
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
				'What changed, where, and the effect on score and decisions, from rows of the window; the most informative first.',
		}),
		nextStep: z.string().meta({ description: 'What to do next; empty once it is resolved.' }),
		related: z.array(z.string()).meta({
			description: 'Ids of other incidents of the model and environment at the same time, the nearest first.',
		}),
		timeline: z.array(z.strictObject({ at: Time, who: z.string(), what: z.string() })),
	})
	.meta({ id: 'Incident' })
export type Incident = Output<typeof Incident>
