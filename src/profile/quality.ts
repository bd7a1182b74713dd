import { categoryOf, hasType } from './cell.ts'
import { cellKind, type RowBatch } from './columns.ts'
import type { FeatureSpec } from './grid.ts'

/** A mark on an accepted row: the row is evidence and is kept, but something in it is not as declared. */
export type QualityMark = {
	code:
		| 'type-error'
		| 'missing-feature'
		| 'unknown-feature'
		| 'null'
		| 'range-violation'
		| 'domain-violation'
		| 'not-finite'
	path: string
	message: string
}

/** What is wrong with one cell under its declaration, if anything. */
function judgeCell(
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
	if (spec.type === 'numeric') {
		if (spec.min !== undefined && num < spec.min)
			return { code: 'range-violation', message: `below the minimum ${spec.min}` }
		if (spec.max !== undefined && num > spec.max)
			return { code: 'range-violation', message: `above the maximum ${spec.max}` }
	}
	if (spec.values !== undefined && spec.type !== 'numeric') {
		const category = categoryOf(kind, num, strings)
		if (category === undefined || !spec.values.includes(category))
			return { code: 'domain-violation', message: 'not one of the declared values' }
	}
	return undefined
}

/** The quality marks of one row. A row without `features` has none: its feature log may still come. */
export function judgeRow(specs: readonly FeatureSpec[], batch: RowBatch, row: number): QualityMark[] {
	if (batch.hasFeatures[row] !== 1) return []
	const marks: QualityMark[] = []
	for (const spec of specs) {
		const column = batch.features.get(spec.name)
		const mark = judgeCell(spec, column?.kinds[row] ?? 0, column?.nums[row] ?? 0, batch.strings)
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
