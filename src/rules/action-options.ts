import { z } from 'zod'
import { parseDuration } from '../core/time.ts'
import type { Condition } from './condition.ts'

const duration = z
	.string()
	.refine((text) => parseDuration(text) !== undefined, 'must be a duration such as 30m, 24h or 7d')
	.meta({ description: 'A duration such as 30m, 24h or 7d', pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d|w)$' })

const when = {
	after: duration.optional().describe('Only when the alert has fired for this long'),
	if: z.string().min(1).optional().describe('Only when this condition holds; `severity` is the incident’s'),
}

/** The options of each action that a rule can name. `src/alerting/actions` has one file for each. */
export const actionOptions = {
	'open-incident': z
		.strictObject({})
		.describe('Opens an incident, or joins the one that is open for the model'),
	notify: z
		.strictObject({
			channel: z
				.string()
				.max(80)
				.regex(/^#?[^\s#@,]+$/, 'must be a channel, such as "#ml-alerts"')
				.describe('A Slack channel, such as "#ml-alerts"'),
		})
		.describe('Announces the incident in a channel'),
	'request-retraining': z.strictObject(when).describe('Requests a retraining, to be approved by a person'),
	'propose-rollback': z
		.strictObject(when)
		.describe('Requests a rollback to the previous champion, to be approved by a person'),
} as const

export type ActionName = keyof typeof actionOptions
export const actionNames = Object.keys(actionOptions) as ActionName[]

/** One action of a rule, ready to run. */
export type ActionUse = { name: ActionName; channel?: string; afterMs: number; if: Condition | undefined }
