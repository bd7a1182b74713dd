import { columnHint, fieldLike } from '../core/column-hint.ts'
import { nearest } from '../core/nearest.ts'
import { UsageError } from './command.ts'

const members: Record<string, readonly string[]> = {
	predictions: [
		'predictionId',
		'version',
		'timestamp',
		'score',
		'label',
		'subject',
		'latencyMs',
		'environment',
	],
	features: ['predictionId', 'subject', 'timestamp'],
	outcomes: ['predictionId', 'actual', 'timestamp', 'observed'],
	groups: ['predictionId', 'subject', 'timestamp'],
}

export type Mapping = {
	renames: readonly { column: string; field: string }[]
	ignored: readonly string[]
	members: readonly string[]
	defaults: Record<string, string>
	/** Where all other columns go; undefined: they are dropped. */
	others: 'features' | 'groups' | undefined
	/** In a table, a column with the name of a member is that member. JSON rows are already structured. */
	table: boolean
}

export function readMapping(options: {
	map: string[]
	ignore: string[]
	version: string | undefined
	environment: string | undefined
	kind: string
	table: boolean
}): Mapping {
	const renames = options.map.map((text) => {
		const at = text.indexOf('=')
		if (at < 1 || at === text.length - 1)
			throw new UsageError(`--map ${text}: write COLUMN=FIELD, such as ID=predictionId.`)
		const field = text.slice(at + 1)
		requireField(text, field, options)
		return { column: text.slice(0, at), field }
	})
	const isPrediction = options.kind === 'predictions'
	const defaults = isPrediction ? { version: options.version, environment: options.environment } : {}
	return {
		renames,
		ignored: options.ignore,
		members: members[options.kind] as string[],
		defaults: Object.fromEntries(
			Object.entries(defaults).filter((e): e is [string, string] => e[1] !== undefined),
		),
		others: options.kind === 'outcomes' ? undefined : options.kind === 'groups' ? 'groups' : 'features',
		table: options.table,
	}
}

/** Only in JSON rows: a table has no cells for them. */
const nestedMembers = ['probabilities', 'attributions']

/** An unknown field would be dropped silently. */
function requireField(text: string, field: string, { kind, table }: { kind: string; table: boolean }): void {
	const known = [...(members[kind] as string[]), ...(table || kind !== 'predictions' ? [] : nestedMembers)]
	if (known.includes(field) || /^(segment|features)\../.test(field)) return
	const near = fieldLike(field, known) ?? nearest(field, known)
	const cure = near
		? `Did you mean "${near}"?`
		: `Fields are ${known.join(', ')}; a feature is written features.${field}.`
	throw new UsageError(`--map ${text}: there is no field "${field}". ${cure}`)
}

type Row = Record<string, unknown>
type DeclaredNames = {
	features: readonly string[]
	segments: readonly string[]
	sensitive: readonly string[]
}

/** Throws for a column in --map or --ignore that the table does not have: most likely a typing error. */
export function requireColumns({ renames, ignored, table }: Mapping, value: unknown): void {
	if (!table || typeof value !== 'object' || value === null) return
	const row = value as Row
	const columns = [row, nested(row, 'features'), nested(row, 'segment')].flatMap((part) => Object.keys(part))
	for (const column of [...renames.map((r) => r.column), ...ignored]) {
		if (columns.includes(column)) continue
		const near = nearest(column, columns)
		throw new UsageError(`The file has no column "${column}".${near ? ` Did you mean "${near}"?` : ''}`)
	}
}

/** Quoted for a shell if needed. */
const quoted = (text: string): string => (/^[\w.$@%+=:,/-]+$/.test(text) ? text : JSON.stringify(text))

/** For each column of the first row that is neither declared nor mapped: what it is probably meant for. */
export function mappingHints(
	mapping: Mapping,
	value: unknown,
	{ features, segments, sensitive }: DeclaredNames,
): string[] {
	if (typeof value !== 'object' || value === null || mapping.others === 'groups') return []
	const row = value as Row
	const { features: _, segment, ...top } = row
	const mapped = mapping.renames.map((rename) => rename.column)
	const targets = mapping.renames.map((rename) => rename.field)
	const columns = [...Object.keys(nested(row, 'features')), ...Object.keys(top)]
	const present = [...columns.filter((column) => !mapped.includes(column)), ...targets]
	const isThere = (field: string) => present.includes(field) || mapping.defaults[field] !== undefined
	const declared = {
		fields: mapping.members.filter((field) => !isThere(field)),
		segments: segments.filter(
			(name) => !isThere(`segment.${name}`) && nested(row, 'segment')[name] === undefined,
		),
		sensitive,
		features: features.filter((name) => !isThere(name) && !isThere(`features.${name}`)),
	}
	const settled = [...mapped, ...mapping.ignored, ...mapping.members, ...features]
	return columns.flatMap((column) => {
		const hint = settled.includes(column) ? undefined : columnHint(column, declared)
		if (!hint) return []
		const cure = hint.field
			? `use --map ${quoted(`${column}=${hint.field}`)}`
			: 'send it with --kind groups, or declare it as a feature'
		return [`the column ${JSON.stringify(column)} looks like ${hint.text}: ${cure}.`]
	})
}

const nested = (row: Row, name: string): Row =>
	typeof row[name] === 'object' && row[name] !== null ? { ...(row[name] as Row) } : {}

/** A row of the file in the shape of the HTTP interface. Members of a table that this kind does not have are dropped. */
export function mapRow(mapping: Mapping, value: unknown): unknown {
	if (typeof value !== 'object' || value === null) return value
	const row = value as Row
	const features = nested(row, 'features')
	const segment = nested(row, 'segment')
	const { features: _, segment: __, ...rest } = row
	for (const column of mapping.ignored) for (const part of [rest, features, segment]) delete part[column]
	for (const { column, field } of mapping.renames) {
		const from = [rest, features].find((part) => Object.hasOwn(part, column))
		if (!from) continue
		const cell = from[column]
		delete from[column]
		if (field.startsWith('segment.')) segment[field.slice('segment.'.length)] = cell
		else if (field.startsWith('features.')) features[field.slice('features.'.length)] = cell
		else rest[field] = cell
	}
	if (mapping.table) takeMembers(rest, features, mapping.members)
	for (const name of mapping.members) if (rest[name] === null && name !== 'label') delete rest[name]
	const known = mapping.table
		? Object.fromEntries(Object.entries(rest).filter(([name]) => mapping.members.includes(name)))
		: rest
	const hasSegment = Object.keys(segment).length > 0 && mapping.members.includes('score')
	const hasOthers = mapping.others !== undefined && row.features !== undefined
	return {
		...mapping.defaults,
		...known,
		...(hasOthers ? { [mapping.others as string]: features } : {}),
		...(hasSegment ? { segment } : {}),
	}
}

function takeMembers(rest: Row, features: Row, members: readonly string[]): void {
	for (const name of members) {
		if (rest[name] !== undefined || !Object.hasOwn(features, name)) continue
		rest[name] = name === 'observed' ? String(features[name]) !== 'false' : features[name]
		delete features[name]
	}
}
