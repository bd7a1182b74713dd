import { AppError } from '../../core/errors.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { type CellSpec, cellOf, typedCellOf, typedIdOf } from '../../tables/cell-text.ts'

/** Where the values of a table's column go in a row, and how its cells are read. `id`: as the text that they are. */
export type Target = {
	to: 'member' | 'feature' | 'segment' | 'nowhere'
	name: string
	as: CellSpec | 'id' | undefined
}

const members = new Set(['score', 'label', 'actual', 'timestamp', 'predictionId'])
/** Members that name something. */
const ids = new Set(['predictionId', 'subject', 'version', 'environment', 'timestamp'])
const segmentPrefix = 'segment.'
/** For a feature whose name is also that of a member. */
const featurePrefix = 'features.'
const text = { type: 'text' } as const
const numeric = { type: 'numeric' } as const

export type TableSpec = {
	features: readonly FeatureSpec[]
	/** Columns that are features, at most. */
	limit: number
	/** What a column stands for, where that is not its name. */
	fieldOf?: (column: string) => string
	/** How columns are read that are nothing else. */
	others?: CellSpec
}

function targetOf(name: string, declared: Map<string, FeatureSpec>, spec: TableSpec): Target {
	if (name === '') return { to: 'nowhere', name, as: undefined } // the index column that data frames write
	if (members.has(name)) return { to: 'member', name, as: asOf(name, declared, spec) }
	if (declared.has(name)) return { to: 'feature', name, as: asOf(name, declared, spec) }
	if (name.startsWith(segmentPrefix))
		return { to: 'segment', name: name.slice(segmentPrefix.length), as: text }
	const inner = name.startsWith(featurePrefix) ? name.slice(featurePrefix.length) : name
	return { to: 'feature', name: inner, as: asOf(name, declared, spec) }
}

function asOf(
	name: string,
	declared: Map<string, FeatureSpec>,
	{ fieldOf, others }: TableSpec,
): Target['as'] {
	const field = fieldOf?.(name) ?? name
	const isMember = !declared.has(field) || members.has(field)
	if (isMember && ids.has(field)) return 'id'
	if (isMember && field === 'score') return numeric
	if (isMember && field.startsWith(segmentPrefix)) return text
	const inner = field.startsWith(featurePrefix) ? field.slice(featurePrefix.length) : field
	return declared.get(field) ?? declared.get(inner) ?? (members.has(field) ? undefined : others)
}

/** What each column of a table is. Throws `invalid` when two have the same name, `too-large` when there are too many. */
export function targetsOf(names: readonly string[], spec: TableSpec): Target[] {
	const { features, limit } = spec
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
	const declared = new Map(features.map((feature) => [feature.name, feature]))
	return names.map((name) => targetOf(name, declared, spec))
}

/** A cell of a text file. */
export function textCell({ as }: Target, cell: string): unknown {
	return as === 'id' ? cell || null : cellOf(as, cell)
}

/** A cell that has a type. */
export const typedCell = ({ as }: Target, cell: unknown): unknown =>
	as === 'id' ? typedIdOf(cell) : typedCellOf(as, cell)

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
