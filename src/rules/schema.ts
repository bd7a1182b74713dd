import { z } from 'zod'
import { parseDuration, windowSizes } from '../core/time.ts'
import { type ActionName, eachOf, noDataRule, severities } from './rule-set.ts'

const duration = z
	.string()
	.refine((text) => parseDuration(text) !== undefined, 'must be a duration such as 30m, 24h or 7d')
	.meta({ description: 'A duration such as 30m, 24h or 7d', pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d|w)$' })

const when = {
	after: duration.optional().describe('Only when the alert has fired for this long'),
	if: z.string().min(1).optional().describe('Only when this condition holds; `severity` is the incident’s'),
}

/** The options of each action that a rule can name. `src/alerting/actions.ts` carries them out. */
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
} as const satisfies Record<ActionName, z.ZodType>

const glob = z.string().min(1).max(256)
const globs = z.union([glob, z.array(glob).min(1)])
const name = z
	.string()
	.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be kebab-case, such as feature-drift, of at most 64 characters')
	.refine((text) => text !== noDataRule, `must not be ${noDataRule}, which is built in`)
const condition = z.string().min(1).max(2000)
const windows = z.int().min(1).max(1000)

const noData = z
	.string()
	.refine(
		(text) => text === 'never' || parseDuration(text) !== undefined,
		'must be a duration such as 7d, or never',
	)
	.meta({ pattern: '^(never|\\d+(\\.\\d+)?(ms|s|m|h|d|w))$' })

const options = actionOptions
const action = z.union([
	z.enum(['open-incident', 'request-retraining', 'propose-rollback']),
	z.strictObject({ 'open-incident': options['open-incident'] }),
	z.strictObject({ notify: options.notify }),
	z.strictObject({ 'request-retraining': options['request-retraining'] }),
	z.strictObject({ 'propose-rollback': options['propose-rollback'] }),
])

/** One rule, as written in a file. */
export const RuleInput = z.strictObject({
	name: name.describe('Unique over all files'),
	about: z.string().max(500).default('').describe('What it means when this fires, for the person on call'),
	title: z
		.string()
		.min(1)
		.max(120)
		.optional()
		.describe('What happened, in words that follow the subject: "drifted from the baseline"'),
	models: z
		.union([
			glob,
			z.array(glob).min(1),
			z.strictObject({ names: globs.optional(), tags: z.array(z.string().min(1)).min(1).optional() }),
		])
		.default('*')
		.describe('Which models: a glob, globs, or { tags } of which one must match. Default: every model'),
	environments: globs.default('*').describe('Which environments, by glob'),
	each: z.enum(eachOf).default('model').describe('One alert for each of these'),
	features: globs.optional().describe('Which features, by glob. Default: all but $score and $decision'),
	window: z.enum(windowSizes).default('1h').describe('The size of the windows that are evaluated'),
	when: condition.describe('A CEL condition over metrics and states: fires while it holds'),
	clear: condition
		.optional()
		.describe('A second threshold: resolves while it holds. Default: when `when` does not hold'),
	for: windows.default(1).describe('Consecutive windows before it fires'),
	keep: windows.default(1).describe('Consecutive clear windows before it resolves'),
	no_data: noData.optional().describe('How long the facts may be unknown before a no-data alert; or never'),
	metric: z
		.string()
		.optional()
		.describe('The fact that the alert reports. Default: the first metric of `when`'),
	severity: z.enum(severities).default('warning'),
	inhibited_by: z
		.array(name)
		.default([])
		.describe('Rules that keep this one silent while they fire for the same model'),
	// biome-ignore lint/suspicious/noThenProperty: the word of the rule language; nothing awaits a schema
	then: z.array(action).max(20).default(['open-incident']).describe('What to do when it fires'),
})
export type RuleInput = z.output<typeof RuleInput>

/** One rule file. */
export const RuleFile = z
	.strictObject({
		extends: z
			.literal('packaged')
			.optional()
			.describe(
				'Keeps the packaged rules of Plumbline; a rule with the same name in your files replaces one',
			),
		disable: z.array(name).default([]).describe('Packaged rules to leave out; needs `extends`'),
		rules: z.array(RuleInput).default([]),
	})
	.meta({
		title: 'Plumbline rules',
		description: 'When to raise an alert, and what to do when it fires',
	})

/** For editors: `# yaml-language-server: $schema=./rules.schema.json` on the first line of a rule file. */
export const rulesJsonSchema = (): Record<string, unknown> =>
	z.toJSONSchema(RuleFile, { io: 'input', target: 'draft-7' })
