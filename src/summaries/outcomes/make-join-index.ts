import { integerText } from '../../core/categories.ts'
import { getOrInsert } from '../../core/maps.ts'
import type { Bins } from '../inputs/bins.ts'
import { type Column, categoryOf, cellKind, type RowBatch } from '../inputs/columns.ts'
import { type DecisionRule, decisionOf } from '../inputs/input-summary.ts'
import { bandOf, edgesOf } from './bands.ts'
import { type Coded, type JoinIndex, none } from './join-index.ts'
import { sideOf, type Task } from './label.ts'

/** What is needed to summarise the outcomes of a version's rows. */
export type OutcomeSpec = {
	task: Task
	rule: DecisionRule
	/** Sensitive attributes with the edges of their bands, in the order of the model. */
	attributes: readonly { name: string; edges: readonly number[] | undefined; isFeature: boolean }[]
	segments: readonly string[]
	/** The negative label inferred from rows, while none is declared. */
	seenNegative?: string | null
	/** Multiclass: the classes that the version declares. */
	classes?: readonly string[] | undefined
}

/** Rows without a value form a group: values are seldom missing at random. */
export const missingGroup = '(missing)'
export const otherGroup = '(other)'
const maxValues = none - 2

export function outcomeSpec(
	model: Pick<OutcomeSpec, 'task' | 'rule' | 'segments' | 'seenNegative' | 'classes'> & {
		sensitive: readonly string[]
	},
	bands: Readonly<Record<string, readonly number[]>>,
	bins: Bins,
): OutcomeSpec {
	const attributes = model.sensitive.map((name) => {
		const column = bins.columns.find((c) => c.name === name)
		return { name, edges: edgesOf(bands, name, column), isFeature: column !== undefined }
	})
	const { task, rule, segments, seenNegative = null, classes } = model
	return { task, rule, attributes, segments, seenNegative, classes }
}

/** Codes texts; after `maxValues` of them all others share one code. */
class Coder {
	readonly values: string[] = []
	private readonly index = new Map<string, number>()
	private readonly maxValues: number

	constructor(maxValues: number) {
		this.maxValues = maxValues
	}

	code(text: string): number {
		if (text === '') return none
		const known = this.index.get(text)
		if (known !== undefined) return known
		if (this.values.length >= this.maxValues && text !== otherGroup) return this.code(otherGroup)
		this.index.set(text, this.values.length)
		return this.values.push(text) - 1
	}
}

/** The join index of the chosen rows of one chunk. `checks`: the second hash of each row's id. */
export function makeJoinIndex(
	batch: RowBatch,
	rows: Int32Array,
	plan: OutcomeSpec,
	checks: Uint32Array,
	groupOf: (attribute: string, value: string) => string = (_, value) => value,
): JoinIndex {
	const coded = (textOf: (row: number) => string): Coded => {
		const coder = new Coder(maxValues)
		const codes = Uint16Array.from(rows, (r) => coder.code(textOf(r)))
		return { values: coder.values, codes }
	}
	return {
		rows: rows.length,
		positiveLabel: plan.rule.positiveLabel ?? null,
		negativeLabel: plan.rule.negativeLabel ?? null,
		checks,
		hours: Uint8Array.from(rows, (r) => new Date(batch.timestamps[r] as number).getUTCHours()),
		scores: Float64Array.from(rows, (r) => batch.scores[r] as number),
		decisions: coded((r) => decisionAt(batch, r, plan)),
		queries: coded((r) => (plan.task === 'ranking' ? queryAt(batch, r) : '')),
		probabilities: plan.task === 'multiclass' ? probabilitiesOf(batch, rows) : new Map(),
		attributes: new Map(
			plan.attributes.map(({ name, edges }) => [
				name,
				coded((r) => {
					const own = batch.hasFeatures[r] === 1 ? batch.features.get(name) : undefined
					const value = groupAt(own, r, batch.strings, edges)
					return value === missingGroup ? value : groupOf(name, value)
				}),
			]),
		),
		segments: new Map(
			plan.segments.map((name) => [name, coded((r) => textAt(batch.segments.get(name), r, batch.strings))]),
		),
	}
}

function textAt(column: Column | undefined, row: number, strings: readonly string[]): string {
	if (!column) return ''
	return categoryOf(column.kinds[row] as number, column.nums[row] as number, strings) ?? ''
}

/** The group of a cell: its band, or its text. */
export function groupAt(
	column: Column | undefined,
	row: number,
	strings: readonly string[],
	edges: readonly number[] | undefined,
): string {
	if (column && edges && column.kinds[row] === cellKind.number)
		return bandOf(edges, column.nums[row] as number)
	// ' x ' separates the parts of an intersection, so no part contains it.
	return textAt(column, row, strings).replaceAll(' x ', ' × ') || missingGroup
}

function decisionAt(batch: RowBatch, row: number, { task, rule }: OutcomeSpec): string {
	const kind = batch.labels.kinds[row] as number
	const sent = categoryOf(kind, batch.labels.nums[row] as number, batch.strings)
	if (task === 'binary') {
		const text = sent ?? decisionOf(batch.scores[row] as number, rule)
		return (text !== undefined && sideOf(text, rule)) || ''
	}
	if (task !== 'multiclass') return ''
	return integerText(sent ?? likeliest(extrasOf(batch, row)))
}

function likeliest(probabilities: Readonly<Record<string, number>>): string {
	let best = ''
	for (const name in probabilities)
		if (best === '' || (probabilities[name] as number) > (probabilities[best] as number)) best = name
	return best
}

function extrasOf(batch: RowBatch, row: number): Record<string, number> {
	const at = batch.extras[row] as number
	if (at === -1) return {}
	return (
		(JSON.parse(batch.strings[at] as string) as { probabilities?: Record<string, number> }).probabilities ??
		{}
	)
}

function probabilitiesOf(batch: RowBatch, rows: Int32Array): Map<string, Float64Array> {
	const map = new Map<string, Float64Array>()
	const newValues = () => new Float64Array(rows.length).fill(Number.NaN)
	rows.forEach((r, i) => {
		const probabilities = extrasOf(batch, r)
		for (const sent in probabilities) {
			const name = integerText(sent)
			const values = getOrInsert(map, name, newValues)
			values[i] = probabilities[sent] as number
		}
	})
	return map
}

/** A ranking's query is its `segment.query`, else its subject. */
function queryAt(batch: RowBatch, row: number): string {
	const subject = batch.subjects[row] as number
	return (
		textAt(batch.segments.get('query'), row, batch.strings) ||
		(subject === -1 ? '' : (batch.strings[subject] as string))
	)
}
