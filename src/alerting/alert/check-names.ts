import { matchesGlob } from '../../core/glob.ts'
import { nearest } from '../../core/nearest.ts'
import type { Sql } from '../../db/sql.ts'
import { metrics } from '../../metrics/index.ts'
import type { RuleFault } from '../../rules/read-file.ts'
import type { Rule, RuleSet } from '../../rules/rule-set.ts'

type Model = {
	name: string
	task: string
	tags: string[]
	segments: string[]
	sensitive: string[]
	features: string[]
	environments: string[]
}

/** Warns of names in rules that nothing registered has, such as a feature or a model: these rules can never fire. */
export async function checkNames(sql: Sql, { rules }: RuleSet): Promise<RuleFault[]> {
	const models = await readModels(sql)
	if (models.length === 0) return []
	return rules
		.filter((rule) => rule.scope !== 'service' && !rule.file.startsWith('packaged/'))
		.flatMap((rule) =>
			warningsOf(rule, models).map((message) => {
				const { name, file, line } = rule
				return { file, line, column: 1, rule: name, message }
			}),
		)
}

async function readModels(sql: Sql): Promise<Model[]> {
	const lists = ['tags', 'segments', 'sensitive', 'features', 'environments'] as const
	const rows = await sql.all<Record<keyof Model, string>>({
		sql: `SELECT m.name AS name, m.task AS task, m.tags AS tags, m.segments AS segments, m.sensitive AS sensitive,
			(SELECT json_group_array(value ->> 'name') FROM model_version v, json_each(v.features) WHERE v.model = m.name)
				AS features,
			(SELECT json_group_array(environment) FROM (SELECT environment FROM deployment d WHERE d.model = m.name
				UNION SELECT environment FROM log_series s WHERE s.model = m.name AND s.environment <> '')) AS environments
			FROM model m`,
	})
	return rows.map((row) => ({
		...row,
		...(Object.fromEntries(lists.map((name) => [name, JSON.parse(row[name])])) as Pick<
			Model,
			(typeof lists)[number]
		>),
	}))
}

function warningsOf(rule: Rule, models: readonly Model[]): string[] {
	const { names, tags } = rule.models
	const warnings = [
		...unmatched(
			'models',
			'there is no model',
			names,
			models.map((m) => m.name),
		),
		...unmatched(
			'models',
			'no model has the tag',
			tags,
			models.flatMap((m) => m.tags),
		),
	]
	const own = models.filter(
		(m) =>
			(names.length === 0 || names.some((glob) => matchesGlob(glob, m.name))) &&
			(tags.length === 0 || tags.some((tag) => m.tags.includes(tag))),
	)
	if (own.length === 0) return warnings
	const features = [...own.flatMap((m) => m.features), '$score', '$decision']
	warnings.push(
		...unmatched(
			'environments',
			'no model of this rule runs in',
			rule.environments,
			own.flatMap((m) => m.environments),
		),
		...unmatched('features', 'no model of this rule has the feature', rule.features, features),
	)
	// A rule about every model may include models without segments; a rule about certain models means those.
	if (names.every((glob) => glob === '*') && tags.length === 0) return warnings
	if (rule.each === 'segment' && own.every((m) => m.segments.length === 0))
		warnings.push('each: no model of this rule has segments')
	if (rule.each === 'group' && own.every((m) => m.sensitive.length === 0))
		warnings.push('each: no model of this rule has sensitive attributes')
	for (const name of rule.when.names) {
		const metric = metrics.find((m) => name === m.id || name.startsWith(`${m.id}.`))
		const tasks: readonly string[] = metric && 'tasks' in metric ? metric.tasks : own.map((m) => m.task)
		if (!own.some((m) => tasks.includes(m.task)))
			warnings.push(
				`when: ${name} is for ${tasks.join(' and ')} models, but this rule is about ${own[0]?.task} models`,
			)
	}
	return warnings
}

function unmatched(
	member: string,
	what: string,
	globs: readonly string[],
	names: readonly string[],
): string[] {
	return globs
		.filter((glob) => glob !== '*' && !names.some((name) => matchesGlob(glob, name)))
		.map((glob) => {
			const near = nearest(glob, names)
			return `${member}: ${what} ${JSON.stringify(glob)}.${near ? ` Did you mean ${near}?` : ''}`
		})
}
