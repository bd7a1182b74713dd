import { AppError } from '../../core/errors.ts'
import type { FeatureSpec } from '../../profile/grid.ts'

/** Where the values of a table's column go in a row. */
export type Target =
	| { to: 'member'; name: string }
	| { to: 'feature'; name: string; spec: FeatureSpec | undefined }
	| { to: 'segment'; name: string }
	| { to: 'nowhere' }

const members = new Set(['score', 'label', 'actual', 'timestamp', 'predictionId'])
const segmentPrefix = 'segment.'
/** For a feature whose name is also that of a member. */
const featurePrefix = 'features.'

function targetOf(name: string, declared: Map<string, FeatureSpec>): Target {
	if (name === '') return { to: 'nowhere' } // the index column that data frames write
	if (members.has(name)) return { to: 'member', name }
	const spec = declared.get(name)
	if (spec) return { to: 'feature', name, spec }
	if (name.startsWith(segmentPrefix)) return { to: 'segment', name: name.slice(segmentPrefix.length) }
	const inner = name.startsWith(featurePrefix) ? name.slice(featurePrefix.length) : name
	return { to: 'feature', name: inner, spec: declared.get(inner) }
}

/** What each column of a table is. Throws `invalid` when two have the same name, `too-large` when there are too many. */
export function targetsOf(
	names: readonly string[],
	features: readonly FeatureSpec[],
	limit: number,
): Target[] {
	if (names.length > limit + members.size)
		throw new AppError(
			'too-large',
			`The table has ${names.length} columns; at most ${limit} features a row (limit featuresPerRow).`,
		)
	const twice = names.find((name, i) => name !== '' && names.indexOf(name) < i)
	if (twice !== undefined)
		throw new AppError('invalid', `The column ${JSON.stringify(twice)} stands twice.`, {
			faults: [{ path: twice, message: 'stands twice' }],
		})
	const declared = new Map(features.map((spec) => [spec.name, spec]))
	return names.map((name) => targetOf(name, declared))
}

export type TableRow = Record<string, unknown>

/** A row as JSON would have it; `valueOf` gives the value of a column. Its maps have no prototype: any name is a name. */
export function toRow(
	targets: readonly Target[],
	valueOf: (target: Target, column: number) => unknown,
): TableRow {
	const row: TableRow = { features: Object.create(null) }
	targets.forEach((target, column) => {
		if (target.to === 'nowhere') return
		const value = valueOf(target, column)
		if (target.to === 'feature') (row.features as TableRow)[target.name] = value
		else if (value === null || value === undefined) return
		else if (target.to === 'member') row[target.name] = value
		else {
			row.segment ??= Object.create(null)
			const segment = row.segment as TableRow
			segment[target.name] = value
		}
	})
	return row
}
