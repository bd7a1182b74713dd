import { collectBytes } from '../core/collect-bytes.ts'
import { AppError } from '../core/errors.ts'
import { parseExact } from '../core/exact-json.ts'
import { whyNotJson } from '../core/json-faults.ts'
import { deepPath, tooDeep } from '../core/json-shape.ts'
import { defaultLimits } from '../core/limits.ts'
import { BadLine, linesIn } from '../core/lines-in.ts'
import { memberNames } from '../core/member-names.ts'
import { readUtf8 } from '../core/utf8.ts'
import { openParquetInThread } from '../platform/node/parquet.ts'
import type { FeatureSpec } from '../summaries/inputs/bins.ts'
import { cellOf, typedCellOf } from '../tables/cell-text.ts'
import { CsvFault, requireCommas, textRecords } from '../tables/csv.ts'
import type { ParquetTable } from '../tables/parquet.ts'
import { plainBytes } from './read-file.ts'

/** A row of a file, numbered from 1. `fault`: why the line is not a row. */
export type FileRow =
	| { row: number; value: Readonly<Record<string, unknown>> }
	| { row: number; fault: string }

/** A file of rows: how to read its bytes, and its format. */
export type RecordFile = Parameters<typeof plainBytes>[0] & { ending: 'csv' | 'ndjson' | 'json' | 'parquet' }

const maxLine = 16 * 2 ** 20
/** The index of a Parquet file is at its end, so the whole file is read. */
const maxParquet = 2 ** 30
const rowsAtOnce = 2000

/** How cells are read: by the features of the model, so that the category 01 stays a text. */
export type Specs = ReadonlyMap<string, FeatureSpec>

/** The rows of a CSV, NDJSON, JSON or Parquet file. A row can have its features in a member `features`. */
export async function* recordsOf(
	file: RecordFile,
	specs: Specs,
	onBytes?: (read: number) => void,
): AsyncGenerator<FileRow> {
	const bytes = plainBytes(file, onBytes)
	try {
		if (file.ending === 'parquet') yield* parquetRecords(bytes, specs)
		else if (file.ending === 'csv') yield* csvRecords(bytes, specs)
		else if (file.ending === 'ndjson') yield* lineRecords(bytes, specs)
		else yield* jsonRecords(await readUtf8(bytes), specs)
	} catch (error) {
		throw unreadable(file, error)
	}
}

/** The names of the features of the first row, in the order of the file. */
export async function featureNames(file: RecordFile): Promise<string[]> {
	const bytes = plainBytes(file)
	try {
		if (file.ending === 'parquet') return await parquetNames(bytes)
		if (file.ending === 'json') return memberNames(await readUtf8(bytes), 'features')
		if (file.ending === 'csv') {
			for await (const [header] of textRecords(bytes, maxLine))
				if (Array.isArray(header)) {
					requireCommas(header)
					return header.map((name) => name.trim()).filter((name) => name !== '')
				}
		} else
			for await (const lines of linesIn(bytes)) {
				const line = lines.find((l) => typeof l === 'string' && l.trim() !== '')
				if (typeof line === 'string') return memberNames(line, 'features')
			}
		return []
	} catch (error) {
		throw unreadable(file, error)
	}
}

function unreadable({ path }: RecordFile, error: unknown): AppError {
	const code = error instanceof AppError ? error.code : 'malformed'
	const at = error instanceof CsvFault ? `line ${error.line}: ` : ''
	const message = (error as Error).message.replace(/\.$/, '')
	return new AppError(code, `${path} cannot be read: ${at}${message}.`, { cause: error })
}

/** How data frames write missing numbers. */
const missing = /^(nan|na|<na>|n\/a|null|none)$/i
/** Data frames write booleans as True; the model uses them as numbers. */
const numberOrBoolean: FeatureSpec = { name: '', type: 'boolean' }

function cell(spec: FeatureSpec | undefined, text: string): unknown {
	if (spec?.type !== 'numeric') return cellOf(spec, text)
	const plain = text.trim()
	if (missing.test(plain)) return spec.values?.includes(plain) ? plain : null
	return cellOf(numberOrBoolean, text)
}

type Column = { name: string; spec: FeatureSpec | undefined }

/** The columns of a table by its header. Throws if a feature is ambiguous. */
function columnsOf(line: readonly string[], specs: Specs): Column[] {
	// Spaces around a name can be part of the name of the feature.
	const columns = line.map((text) => {
		const name = specs.has(text) ? text : text.trim()
		return { name, spec: specs.get(name) }
	})
	const names = columns.map((column) => column.name)
	const seen = new Set<string>()
	const twice = names.find((name) => specs.has(name) && seen.size === seen.add(name).size)
	if (twice !== undefined)
		throw new AppError('invalid', `The table has two columns ${JSON.stringify(twice)}: rename or remove one.`)
	const other = names.length === 1 && specs.size > 0 && !specs.has(names[0] as string)
	if (other) requireCommas(names)
	return columns
}

async function* csvRecords(bytes: AsyncIterable<Uint8Array>, specs: Specs): AsyncGenerator<FileRow> {
	let columns: Column[] | undefined
	let row = 0
	for await (const records of textRecords(bytes, maxLine))
		for (const cells of records)
			if (cells instanceof CsvFault) yield { row: ++row, fault: `line ${cells.line}: ${cells.message}` }
			else if (columns) yield { row: ++row, value: rowOf(columns, cells) }
			else columns = columnsOf(cells, specs)
}

function rowOf(columns: readonly Column[], cells: readonly string[]): Record<string, unknown> {
	const row: Record<string, unknown> = Object.create(null)
	columns.forEach(({ name, spec }, i) => {
		// The index of a data frame has no name and is not a feature.
		if (name !== '') row[name] = cell(spec, cells[i] as string)
	})
	return row
}

async function openTable(bytes: ReadableStream<Uint8Array>): Promise<ParquetTable> {
	const whole = await collectBytes(bytes, maxParquet)
	if (whole) return openParquetInThread()(whole, defaultLimits)
	throw new AppError('too-large', `it has more than ${maxParquet} bytes: split it`)
}

/** The column names, or those inside a struct `features`. */
async function parquetNames(bytes: ReadableStream<Uint8Array>): Promise<string[]> {
	const table = await openTable(bytes)
	try {
		const names = table.columns.map((column) => column.name)
		const at = names.indexOf('features')
		const group = table.groups.findIndex((rows) => rows > 0)
		const cell = at < 0 || group < 0 ? undefined : (await table.rows(group, 0, 1))[at]?.[0]
		const isNested = typeof cell === 'object' && cell !== null && !Array.isArray(cell)
		return (isNested ? Object.keys(cell) : names).filter((name) => name !== '')
	} finally {
		await table.close()
	}
}

async function* parquetRecords(bytes: ReadableStream<Uint8Array>, specs: Specs): AsyncGenerator<FileRow> {
	const table = await openTable(bytes)
	try {
		const columns = columnsOf(
			table.columns.map((column) => column.name),
			specs,
		)
		let row = 0
		for (const [group, rows] of table.groups.entries())
			for (let from = 0; from < rows; from += rowsAtOnce) {
				const to = Math.min(rows, from + rowsAtOnce)
				const cells = await table.rows(group, from, to)
				for (let i = 0; i < to - from; i++) {
					const value: Record<string, unknown> = Object.create(null)
					columns.forEach(({ name, spec }, c) => {
						const own = cells[c]?.[i]
						if (name !== '') value[name] = typeof own === 'string' ? cell(spec, own) : typedCellOf(spec, own)
					})
					yield record(value, ++row, specs)
				}
			}
	} finally {
		await table.close()
	}
}

async function* lineRecords(bytes: AsyncIterable<Uint8Array>, specs: Specs): AsyncGenerator<FileRow> {
	let row = 0
	for await (const lines of linesIn(bytes))
		for (const line of lines)
			if (line instanceof BadLine) yield { row: ++row, fault: line.message }
			else if (line.trim() !== '') yield lineRecord(line, ++row, specs)
}

const withCure = (why: string): string =>
	/bare -?(nan|inf)/i.test(why) ? `${why} (NaN and Infinity are not JSON: write null)` : why

function lineRecord(line: string, row: number, specs: Specs): FileRow {
	try {
		return record(parseExact(line), row, specs)
	} catch (error) {
		return { row, fault: `the line is not JSON: ${withCure(whyNotJson(line, error))}` }
	}
}

function record(value: unknown, row: number, specs: Specs): FileRow {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		return { row, fault: 'the row is not a JSON object' }
	const path = deepPath(value)
	if (path) return { row, fault: `${path.slice(0, 2).join('.')} ${tooDeep}` }
	const { features } = value as { features?: unknown }
	const isNested = typeof features === 'object' && features !== null && !Array.isArray(features)
	const cells = (isNested ? features : value) as Record<string, unknown>
	for (const [name, cell] of Object.entries(cells))
		if (typeof cell === 'bigint') cells[name] = typedCellOf(specs.get(name), cell)
	return { row, value: cells }
}

/** A list of rows, a single row, or JSON lines in a .json file. */
function* jsonRecords(text: string, specs: Specs): Generator<FileRow> {
	let value: unknown
	try {
		value = parseExact(text)
	} catch (cause) {
		const lines = text.split('\n').filter((line) => line.trim() !== '')
		if (lines.length < 2 || !lines[0]?.trim().endsWith('}'))
			throw new AppError('malformed', `it is not JSON: ${withCure(whyNotJson(text, cause, 1))}`, { cause })
		yield* lines.map((line, i) => lineRecord(line, i + 1, specs))
		return
	}
	yield* (Array.isArray(value) ? value : [value]).map((v, i) => record(v, i + 1, specs))
}
