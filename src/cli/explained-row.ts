import { numberText } from '../charts/number-text.ts'
import type { Model } from '../explain/model.ts'
import { bar, signed, valueText } from './contribution-bars.ts'
import type { ExplainedRow } from './explain-rows.ts'

type Explained = Pick<Model, 'features' | 'outputs' | 'classes' | 'space'> & Partial<Pick<Model, 'score'>>

/** Whether what the model answers is a probability: log-odds may also be what it answers. */
function isProbability({ space, outputs, score }: Explained): boolean {
	if (space !== 'log-odds') return space === 'probability'
	return score?.(new Float64Array(outputs).fill(50)).every((s) => s <= 1) ?? false
}

/** A line for machines. Of several classes every number is a list, by class. */
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

/** A table for people: the contributions that weigh most, of the class that is likeliest. */
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
