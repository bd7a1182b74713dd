import { categoriesOf } from '../../core/categories.ts'
import { isInexact } from '../../core/exact-json.ts'
import type { FeatureSpec } from './bins.ts'
import { categoryOf, cellKind, hasType, type RowBatch } from './columns.ts'

/** A mark on an accepted row: the row is stored, but something in it is not as declared. */
export type QualityMark = {
	code:
		| 'type-error'
		| 'missing-feature'
		| 'unknown-feature'
		| 'null'
		| 'range-violation'
		| 'domain-violation'
		| 'not-finite'
		| 'inexact-number'
		| 'score-range'
		| 'probability-range'
		| 'probability-sum'
		| 'unknown-class'
		| 'unknown-label'
	path: string
	message: string
}

const inexact = {
	code: 'inexact-number',
	message: 'identifies something by a number above 2^53, whose last digits may be lost; send it as text',
} as const

/** What is wrong with one cell according to its declaration, if anything. */
function checkCell(
	spec: FeatureSpec,
	kind: number,
	num: number,
	strings: readonly string[],
): Omit<QualityMark, 'path'> | undefined {
	if (kind === cellKind.absent)
		return { code: 'missing-feature', message: 'declared by the version but not sent' }
	if (kind === cellKind.null)
		return spec.nullable === false ? { code: 'null', message: 'null, but declared not nullable' } : undefined
	if (kind === cellKind.number && !Number.isFinite(num))
		return { code: 'not-finite', message: 'too large for a double' }
	if (!hasType(spec.type, kind, num))
		return { code: 'type-error', message: `declared ${spec.type}, sent as something else` }
	if (spec.type !== 'numeric' && kind === cellKind.number && isInexact(num)) return inexact
	if (spec.type === 'numeric') {
		if (spec.min !== undefined && num < spec.min)
			return { code: 'range-violation', message: `below the minimum ${spec.min}` }
		if (spec.max !== undefined && num > spec.max)
			return { code: 'range-violation', message: `above the maximum ${spec.max}` }
	}
	if (spec.values !== undefined && spec.type !== 'numeric') {
		const category = categoryOf(kind, num, strings)
		if (category === undefined || categoriesOf(spec.values).find(category) === undefined)
			return { code: 'domain-violation', message: 'not one of the declared values' }
	}
	return undefined
}

/** The quality marks of one row. A row without `features` has none: its feature log may still arrive. */
export function checkRow(specs: readonly FeatureSpec[], batch: RowBatch, row: number): QualityMark[] {
	if (batch.hasFeatures[row] !== 1) return []
	const marks: QualityMark[] = []
	for (const spec of specs) {
		const column = batch.features.get(spec.name)
		const mark = checkCell(spec, column?.kinds[row] ?? 0, column?.nums[row] ?? 0, batch.strings)
		if (mark) marks.push({ ...mark, path: `features.${spec.name}` })
	}
	const declared = new Set(specs.map((s) => s.name))
	for (const [name, column] of batch.features) {
		if (column.kinds[row] !== cellKind.absent && !declared.has(name))
			marks.push({
				code: 'unknown-feature',
				path: `features.${name}`,
				message: 'not declared by the version',
			})
	}
	return marks
}

/** Rounded probabilities may sum to a little more or less than 1. */
const sumTolerance = 1e-3

/** The output of a model. */
export type OutputMembers = {
	score?: number
	label?: unknown
	probabilities?: unknown
	segment?: Readonly<Record<string, unknown>>
}

/** The quality marks of a model's output: values outside [0, 1], unknown classes, inexact identifiers. */
export function checkScores(task: string, row: OutputMembers): QualityMark[] {
	const marks: QualityMark[] = []
	if (task === 'binary' && row.score !== undefined && !isShare(row.score))
		marks.push({
			code: 'score-range',
			path: 'score',
			message: `${row.score} is outside [0, 1]: metrics of probabilities leave it out`,
		})
	if (task !== 'regression' && task !== 'ranking' && row.probabilities !== undefined)
		marks.push(...checkProbabilities(row.probabilities as Record<string, number>, task, row.label))
	for (const [name, value] of Object.entries(row.segment ?? {}))
		if (typeof value === 'number' && isInexact(value)) marks.push({ ...inexact, path: `segment.${name}` })
	return marks
}

const isShare = (x: number) => x >= 0 && x <= 1

function checkProbabilities(
	probabilities: Readonly<Record<string, number>>,
	task: string,
	label: unknown,
): QualityMark[] {
	const path = 'probabilities'
	const outside = Object.entries(probabilities).find(([, p]) => !isShare(p))
	if (outside)
		return [
			{
				code: 'probability-range',
				path: `${path}.${outside[0]}`,
				message: `${outside[1]} is outside [0, 1]`,
			},
		]
	const sum = Object.values(probabilities).reduce((a, b) => a + b, 0)
	const marks: QualityMark[] = []
	if (task === 'multiclass' && Math.abs(sum - 1) > sumTolerance)
		marks.push({
			code: 'probability-sum',
			path,
			message: `they sum to ${Number(sum.toPrecision(4))}, not to 1`,
		})
	const classes = Object.keys(probabilities)
	if (task === 'multiclass' && typeof label !== 'object' && label !== undefined)
		if (categoriesOf(classes).find(String(label)) === undefined)
			marks.push({
				code: 'unknown-class',
				path: 'label',
				message: `${JSON.stringify(String(label).slice(0, 40))} is not one of the classes that have a probability`,
			})
	return marks
}
