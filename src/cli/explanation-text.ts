import { numberText } from '../charts/number-text.ts'
import type { Explanation } from '../decisions/explanation/explanation.schema.ts'
import type { Model } from '../explain/model.ts'
import type { ExplainedRow } from './explain-rows.ts'

const maxContributions = 12

/** An explanation as text: doubts first, then the decision, the reasons and the contributions. */
export function explanationText(answer: Explanation): string {
	const parts = [
		doubts(answer),
		decision(answer),
		reasons(answer),
		contributions(answer),
		counterfactuals(answer),
		lineage(answer),
	]
	return `${parts
		.filter((lines) => lines.length > 0)
		.map((lines) => lines.join('\n'))
		.join('\n\n')}\n`
}

function doubts({ replay, explanation, incidents }: Explanation): string[] {
	const lines: string[] = []
	if (replay.status === 'mismatched')
		lines.push(
			`NOT REPLAYED: the registered model answers ${valueText(replay.replayed)}, ${valueText(replay.logged)} was logged. ${replay.reason ?? ''}`.trimEnd(),
		)
	if (replay.status === 'unavailable') lines.push(`Not replayed: ${replay.reason ?? 'the reason is unknown'}`)
	if (explanation?.status === 'estimate')
		lines.push(`The contributions are an estimate. ${explanation.reason ?? ''}`.trimEnd())
	for (const i of incidents ?? [])
		lines.push(`Open incident at that time: ${i.title} (${i.severity}, ${i.id})`)
	return lines
}

function decision(a: Explanation): string[] {
	const score = a.score === null || a.score === undefined ? 'no score' : numberText(a.score)
	const threshold = typeof a.threshold === 'number' ? `, threshold ${numberText(a.threshold)}` : ''
	const lines = [
		`${a.predictionId}: ${a.decision ?? 'no decision'}, score ${score}${threshold}`,
		`${a.model}@${a.version}${a.timestamp ? `, ${a.timestamp}` : ''}`,
	]
	if (a.replay.status === 'matched') lines.push('Replayed with the registered artefact: the same score')
	return lines
}

function reasons({ reasons = [], reasonsStatus }: Explanation): string[] {
	if (reasons.length > 0)
		return [
			reasonsStatus?.status === 'incomplete'
				? `Reasons, incomplete. ${reasonsStatus.reason ?? ''}`
				: 'Reasons',
			...reasons.map((r, i) => `  ${i + 1}. ${r.text} (${r.code}: ${r.features.join(', ')})`),
		]
	if (!reasonsStatus || reasonsStatus.status === 'not-adverse') return []
	return [`No reasons (${reasonsStatus.status}): ${reasonsStatus.reason ?? ''}`.trimEnd()]
}

function contributions(a: Explanation): string[] {
	const { contributions = [] } = a
	if (contributions.length === 0)
		return a.explanation?.reason ? [`No contributions: ${a.explanation.reason}`] : []
	const order = [...contributions].sort((x, y) => Math.abs(y.contribution) - Math.abs(x.contribution))
	const top = order.slice(0, maxContributions)
	const largest = Math.abs(top[0]?.contribution ?? 0)
	const wide = Math.max(...top.map((c) => c.feature.length))
	const hasValues = top.some((c) => c.value !== undefined)
	const lines = top.map((c) => {
		const value = hasValues ? `${valueText(c.value).padEnd(14)}  ` : ''
		const rank = typeof c.percentile === 'number' ? `  above ${Math.round(c.percentile)}% of approved` : ''
		return `  ${c.feature.padEnd(wide)}  ${value}${signed(c.contribution).padStart(9)}  ${bar(c.contribution, largest)}${rank}`
	})
	const left = order.length - top.length
	const more = left > 0 ? [`  and ${left} more (--json has all)`] : []
	const base = typeof a.base === 'number' ? `, base ${numberText(a.base)}` : ''
	const margin = typeof a.margin === 'number' ? `, together ${numberText(a.margin)}` : ''
	return [`Contributions to the score: ${a.space ?? ''} by ${a.method}${base}${margin}`, ...lines, ...more]
}

function counterfactuals({ counterfactuals = [], counterfactualsStatus }: Explanation): string[] {
	if (counterfactuals.length > 0)
		return [
			'What would have changed the decision',
			...counterfactuals.map((c) => {
				const changes = Object.entries(c.changes).map(
					([name, to]) => `${name} ${c.from ? `${valueText(c.from[name])} to ` : ''}${valueText(to)}`,
				)
				const nearest = c.proven === false ? ' (there may be nearer ones)' : ''
				return `  ${changes.join(', ')}: ${c.decision}, score ${numberText(c.score)}${nearest}`
			}),
		]
	if (!counterfactualsStatus?.reason || counterfactualsStatus.status === 'not-adverse') return []
	return [counterfactualsStatus.reason]
}

function lineage({ lineage, proof }: Explanation): string[] {
	if (!lineage) return []
	const known = [
		['artefact', lineage.artifact?.sha256],
		['run', lineage.run],
		['data set', lineage.dataset],
		['commit', lineage.commit],
		['image', lineage.image],
		['approved by', lineage.approvers?.join(', ')],
		['ledger', proof?.lookup === undefined ? undefined : `entry ${proof.lookup.index}`],
	].filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '')
	return known.length === 0
		? []
		: ['Where it comes from', ...known.map(([name, value]) => `  ${name.padEnd(11)}  ${value}`)]
}

type Explained = Pick<Model, 'features' | 'outputs' | 'classes' | 'space'> & Partial<Pick<Model, 'score'>>

/** Whether the score is a probability; the score of log-odds models may also be log-odds. */
function isProbability({ space, outputs, score }: Explained): boolean {
	if (space !== 'log-odds') return space === 'probability'
	return score?.(new Float64Array(outputs).fill(50)).every((s) => s <= 1) ?? false
}

/** A line of JSON. With several classes, every number is a list by class. */
export function rowJson(model: Explained, row: ExplainedRow): string {
	if ('error' in row) return `${JSON.stringify({ error: row.error, feature: row.feature })}\n`
	const { attribution, score, notes } = row
	const { base, contributions, margin, sumError, method, standardErrors } = attribution
	const shown = (values: ArrayLike<number>) => (model.outputs === 1 ? values[0] : Array.from(values))
	const byFeature = (of: readonly Float64Array[]) =>
		Object.fromEntries(model.features.map((f, i) => [f, shown(of.map((values) => values[i] as number))]))
	const line = {
		margin: shown(margin),
		probability: isProbability(model) ? shown(score) : null,
		...(isProbability(model) ? {} : { score: shown(score) }),
		base: shown(base),
		contributions: byFeature(contributions),
		sumError,
		method,
		...(model.classes ? { classes: model.classes } : {}),
		...(standardErrors ? { standardErrors: byFeature(standardErrors) } : {}),
		...(notes.length > 0 ? { notes } : {}),
	}
	return `${JSON.stringify(line)}\n`
}

const maxShown = 8

/** A table of the largest contributions to the likeliest class. */
export function rowText(model: Explained, row: ExplainedRow): string {
	if ('error' in row) return `row ${row.row}  not scored: ${row.error}\n\n`
	const { attribution, score, notes, values } = row
	const output = score.indexOf(Math.max(...score))
	const of = attribution.contributions[output] as Float64Array
	const order = model.features
		.map((feature, i) => ({ feature, contribution: of[i] as number }))
		.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
	const top = order.slice(0, maxShown)
	const rest = order.slice(maxShown)
	const largest = Math.abs(top[0]?.contribution ?? 0)
	const width = Math.max(...top.map((c) => c.feature.length), 4)
	const lines = top.map(
		({ feature, contribution }) =>
			`  ${feature.padEnd(width)}  ${valueText(values[feature]).padEnd(14)}  ${signed(contribution).padStart(10)}  ${bar(contribution, largest)}`,
	)
	if (rest.length > 0) {
		const sum = rest.reduce((total, c) => total + c.contribution, 0)
		lines.push(`  ${`${rest.length} others`.padEnd(width)}  ${''.padEnd(14)}  ${signed(sum).padStart(10)}`)
	}
	const name = isProbability(model) ? 'probability' : model.space === 'points' ? 'points' : 'value'
	const ofClass = model.classes ? ` of ${model.classes[output]}` : ''
	const head = `row ${row.row}  ${name}${ofClass} ${numberText(score[output] as number)}, margin ${numberText(attribution.margin[output] as number)} = base ${numberText(attribution.base[output] as number)} + contributions (${attribution.method})`
	return `${[head, ...lines, ...notes.map((n) => `  note: ${n.message}`)].join('\n')}\n\n`
}

const width = 24

/** A bar of signs, in proportion to the largest contribution. */
export function bar(contribution: number, largest: number): string {
	const length = largest > 0 ? Math.round((Math.abs(contribution) / largest) * width) : 0
	return (contribution < 0 ? '-' : '+').repeat(length)
}

export const signed = (x: number): string => `${x > 0 ? '+' : ''}${numberText(x)}`

/** A logged value, shortened to fit a column. */
export function valueText(value: unknown): string {
	if (value === undefined || value === null) return 'missing'
	const text = typeof value === 'string' ? value : JSON.stringify(value)
	if (typeof value === 'number' && text.length > 14) return String(Number(value.toPrecision(6)))
	return text.length > 14 ? `${text.slice(0, 13)}…` : text
}
