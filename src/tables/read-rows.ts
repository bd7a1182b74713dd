import { anyUse, type Use } from '../core/breather.ts'
import { collectBytes } from '../core/collect-bytes.ts'
import { AppError } from '../core/errors.ts'
import { bodyError } from '../core/gunzip.ts'
import { defaultLimits, type Limits } from '../core/limits.ts'
import { type CellSpec, type ColumnSpec, cellOf, typedCellOf, typedIdOf } from './cell-text.ts'
import { CsvFault, CsvTooLong, requireCommas, textRecords } from './csv.ts'
import { type ParsedRow, tooMany } from './json-rows.ts'
import type { OpenParquet, ParquetLimits, ParquetTable } from './parquet.ts'

/** Where the values of a column go in a row, and how its cells are read. `id`: as texts. */
type Target = {
	to: 'member' | 'feature' | 'segment' | 'nowhere'
	name: string
	as: CellSpec | 'id' | undefined
}

const members = new Set(['score', 'label', 'actual', 'timestamp', 'predictionId'])
/** Members that are ids or times. */
const ids = new Set(['predictionId', 'subject', 'version', 'environment', 'timestamp'])
const segmentPrefix = 'segment.'
/** For a feature with the name of a member. */
const featurePrefix = 'features.'
const text = { type: 'text' } as const
const numeric = { type: 'numeric' } as const

export type TableSpec = {
	features: readonly ColumnSpec[]
	/** The maximum number of features. */
	limit: number
	/** The field of a column, when it is not its name. */
	fieldOf?: (column: string) => string
	/** How undeclared columns are read. */
	others?: CellSpec
}

function targetOf(name: string, declared: Map<string, ColumnSpec>, spec: TableSpec): Target {
	if (name === '') return { to: 'nowhere', name, as: undefined } // the index column that data frames write
	if (members.has(name)) return { to: 'member', name, as: asOf(name, declared, spec) }
	if (declared.has(name)) return { to: 'feature', name, as: asOf(name, declared, spec) }
	if (name.startsWith(segmentPrefix))
		return { to: 'segment', name: name.slice(segmentPrefix.length), as: text }
	const inner = name.startsWith(featurePrefix) ? name.slice(featurePrefix.length) : name
	return { to: 'feature', name: inner, as: asOf(name, declared, spec) }
}

function asOf(name: string, declared: Map<string, ColumnSpec>, { fieldOf, others }: TableSpec): Target['as'] {
	const field = fieldOf?.(name) ?? name
	const isMember = !declared.has(field) || members.has(field)
	if (isMember && ids.has(field)) return 'id'
	if (isMember && field === 'score') return numeric
	if (isMember && field.startsWith(segmentPrefix)) return text
	const inner = field.startsWith(featurePrefix) ? field.slice(featurePrefix.length) : field
	return declared.get(field) ?? declared.get(inner) ?? (members.has(field) ? undefined : others)
}

/** What each column is. Throws `invalid` when two have the same name, `too-large` when there are too many. */
function targetsOf(names: readonly string[], spec: TableSpec): Target[] {
	const { features, limit } = spec
	if (names.length > limit + members.size)
		throw new AppError(
			'too-large',
			`The table has ${names.length} columns; at most ${limit} features a row (limit featuresPerRow).`,
		)
	const twice = names.find((name, i) => name !== '' && names.indexOf(name) < i)
	if (twice !== undefined)
		throw new AppError(
			'invalid',
			`The table has two columns ${JSON.stringify(twice)}: rename or remove one.`,
			{
				faults: [{ path: twice, message: 'is there twice' }],
			},
		)
	const declared = new Map(features.map((feature) => [feature.name, feature]))
	return names.map((name) => targetOf(name, declared, spec))
}

function textCell({ as }: Target, cell: string): unknown {
	return as === 'id' ? cell || null : cellOf(as, cell)
}

const typedCell = ({ as }: Target, cell: unknown): unknown =>
	as === 'id' ? typedIdOf(cell) : typedCellOf(as, cell)

type TableRow = Record<string, unknown>

/** A row as in JSON. Its maps have no prototype, so that any column name is safe. */
function toRow(targets: readonly Target[], valueOf: (target: Target, column: number) => unknown): TableRow {
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

/**
 * The rows of a CSV table with a header line, those of a chunk together. Rows count from 0 after the header. A row that is
 * not UTF-8 is an error in its place. Throws `malformed` with the line for broken CSV, `too-large` for a record longer than
 * `lineBytes`.
 */
export async function* csvRows(
	stream: AsyncIterable<Uint8Array>,
	lineBytes: number,
	spec: TableSpec,
	{ breather, hold, limits = defaultLimits }: Use & { limits?: Limits } = anyUse(),
): AsyncGenerator<ParsedRow[]> {
	let targets: Target[] | undefined
	let index = 0
	const rowOf = (cells: readonly string[] | CsvFault): ParsedRow =>
		cells instanceof CsvFault
			? { index: index++, error: 'malformed', message: `line ${cells.line}: ${cells.message}`, isText: false }
			: {
					index: index++,
					value: toRow(targets as Target[], (target, column) => textCell(target, cells[column] as string)),
				}
	try {
		for await (const records of textRecords(stream, lineBytes, hold)) {
			if (breather.isDue) await breather.breathe()
			if (targets === undefined) {
				const header = records.shift()
				if (header === undefined) continue
				const names = (header as string[]).map((name) => name.trim())
				if (!spec.features.some((feature) => feature.name === names[0])) requireCommas(names)
				targets = targetsOf(names, spec)
			}
			if (index + records.length > limits.bodyLines) throw tooMany(limits)
			if (records.length > 0) yield records.map(rowOf)
			breather.wake()
		}
	} catch (error) {
		throw csvError(error, lineBytes)
	}
}

function csvError(error: unknown, lineBytes: number): unknown {
	if (error instanceof CsvTooLong)
		return new AppError(
			'too-large',
			`The CSV record at line ${error.line} is over ${lineBytes} bytes (limit lineBytes); is a quote left open?`,
			{ cause: error },
		)
	if (error instanceof CsvFault)
		return new AppError('malformed', `The body is not CSV: at line ${error.line} ${error.message}.`, {
			cause: error,
		})
	return bodyError(error)
}

const rowsAtOnce = 500

type FileUse = Use & { limits?: Limits }

async function inThisThread(bytes: Uint8Array<ArrayBuffer>, limits: ParquetLimits): Promise<ParquetTable> {
	const { openParquet } = await import('./parquet.ts')
	const slice = (from: number, to?: number) => bytes.slice(from, to).buffer
	return openParquet({ byteLength: bytes.length, slice }, limits)
}

/**
 * The rows of a Parquet file in batches; one row group is in memory. NaN becomes null: data frames write missing values so.
 * Throws `malformed` for a file that is not Parquet, and `too-large` with the name of the limit.
 */
export async function* parquetRows(
	stream: AsyncIterable<Uint8Array>,
	limits: ParquetLimits,
	spec: TableSpec,
	open: OpenParquet = inThisThread,
	use: FileUse = anyUse(),
): AsyncGenerator<ParsedRow[]> {
	const table = await open(await collect(stream, use), limits)
	try {
		const targets = targetsOf(
			table.columns.map((column) => column.name),
			spec,
		)
		let index = 0
		for await (const { count, columns } of rowBatches(table, rowsAtOnce)) {
			const some: ParsedRow[] = []
			for (let i = 0; i < count; i++)
				some.push({
					index: index++,
					value: toRow(targets, (target, c) => typedCell(target, columns[c]?.[i])),
				})
			yield some
		}
	} finally {
		await table.close()
	}
}

/** The cells of a Parquet table by column, at most `size` rows at a time. */
export async function* rowBatches(
	table: ParquetTable,
	size: number,
): AsyncGenerator<{ count: number; columns: readonly (readonly unknown[])[] }> {
	for (const [group, rows] of table.groups.entries())
		for (let from = 0; from < rows; from += size) {
			const count = Math.min(size, rows - from)
			yield { count, columns: await table.rows(group, from, from + count) }
		}
}

/** A Parquet file has its index at the end, so it is read whole. */
async function collect(
	stream: AsyncIterable<Uint8Array>,
	{ limits: { parquetBytes } = defaultLimits, hold }: FileUse,
): Promise<Uint8Array<ArrayBuffer>> {
	const bytes = await collectBytes(stream, parquetBytes, 0, hold).catch((error: unknown) => {
		throw bodyError(error)
	})
	if (bytes) return bytes
	throw new AppError(
		'too-large',
		`The Parquet file is over ${parquetBytes} bytes (limit parquetBytes). Send a sample, or NDJSON, which is streamed.`,
	)
}
