import { collectBytes } from '../core/collect-bytes.ts'
import { AppError } from '../core/errors.ts'
import { parseExact } from '../core/exact-json.ts'
import { whyNotJson } from '../core/json-faults.ts'
import { deepPath, tooDeep } from '../core/json-shape.ts'
import { defaultLimits } from '../core/limits.ts'
import { BadLine, linesIn } from '../core/lines-in.ts'
import { memberNames } from '../core/member-names.ts'
import { readUtf8 } from '../core/utf8.ts'
import { type ColumnSpec, cellOf, typedCellOf } from './cell-text.ts'
import { CsvFault, requireCommas, textRecords } from './csv.ts'
import type { OpenParquet, ParquetTable } from './parquet.ts'
import { rowBatches } from './read-rows.ts'

/** A row of a file, counted from 1; `fault`: why the line is not a row. */
export type FileRow =
	| { row: number; value: Readonly<Record<string, unknown>> }
	| { row: number; fault: string }

/** A file of rows. `path` is for messages. */
export type RowFile = {
	path: string
	format: 'csv' | 'ndjson' | 'json' | 'parquet'
	/** Its bytes, unpacked; `onBytes` receives how many bytes of the file have been read. */
	read(onBytes?: (read: number) => void): ReadableStream<Uint8Array>
	openParquet: OpenParquet
}

const maxLine = 16 * 2 ** 20
/** The index of a Parquet file is at its end, so the whole file is read. */
const maxParquet = 2 ** 30
const rowsAtOnce = 2000

/** How cells are read: by the inputs of the model, so that the category 01 stays a text. */
export type Specs = ReadonlyMap<string, ColumnSpec>

/** The rows of a CSV, NDJSON, JSON or Parquet file. A row may hold its features in a member `features`. */
export async function* featureRows(
	file: RowFile,
	specs: Specs,
	onBytes?: (read: number) => void,
): AsyncGenerator<FileRow> {
	const bytes = file.read(onBytes)
	try {
		if (file.format === 'parquet') yield* parquetRecords(bytes, specs, file)
		else if (file.format === 'csv') yield* csvRecords(bytes, specs)
		else if (file.format === 'ndjson') yield* lineRecords(bytes, specs)
		else yield* jsonRecords(await readUtf8(bytes), specs)
	} catch (error) {
		throw unreadable(file, error)
	}
}

/** The names of the features of the first row, in the order of the file. */
export async function featureNames(file: RowFile): Promise<string[]> {
	const bytes = file.read()
	try {
		if (file.format === 'parquet') return await parquetNames(bytes, file)
		if (file.format === 'json') return memberNames(await readUtf8(bytes), 'features')
		if (file.format === 'csv') {
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

function unreadable({ path }: RowFile, error: unknown): AppError {
	const code = error instanceof AppError ? error.code : 'malformed'
	const at = error instanceof CsvFault ? `line ${error.line}: ` : ''
	const message = (error as Error).message.replace(/\.$/, '')
	return new AppError(code, `${path} cannot be read: ${at}${message}.`, { cause: error })
}

/** The ways in which data frames write a missing number. */
const missing = /^(nan|na|<na>|n\/a|null|none)$/i
/** Data frames write a boolean as True; the model takes it as a number. */
const numberOrBoolean: ColumnSpec = { name: '', type: 'boolean' }

function cell(spec: ColumnSpec | undefined, text: string): unknown {
	if (spec?.type !== 'numeric') return cellOf(spec, text)
	const plain = text.trim()
	if (missing.test(plain)) return spec.values?.includes(plain) ? plain : null
	return cellOf(numberOrBoolean, text)
}

type Column = { name: string; spec: ColumnSpec | undefined }

/** The columns of a table by its first line. Throws AppError when a feature is there twice. */
function columnsOf(line: readonly string[], specs: Specs): Column[] {
	// Spaces around a name may belong to the feature.
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

async function openTable(bytes: ReadableStream<Uint8Array>, { openParquet }: RowFile): Promise<ParquetTable> {
	const whole = await collectBytes(bytes, maxParquet)
	if (whole) return openParquet(whole, defaultLimits)
	throw new AppError('too-large', `it has more than ${maxParquet} bytes: split it`)
}

/** The names of the columns, or those in a struct called `features`. */
async function parquetNames(bytes: ReadableStream<Uint8Array>, file: RowFile): Promise<string[]> {
	const table = await openTable(bytes, file)
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

async function* parquetRecords(
	bytes: ReadableStream<Uint8Array>,
	specs: Specs,
	file: RowFile,
): AsyncGenerator<FileRow> {
	const table = await openTable(bytes, file)
	try {
		const columns = columnsOf(
			table.columns.map((column) => column.name),
			specs,
		)
		let row = 0
		for await (const { count, columns: cells } of rowBatches(table, rowsAtOnce))
			for (let i = 0; i < count; i++) {
				const value: Record<string, unknown> = Object.create(null)
				columns.forEach(({ name, spec }, c) => {
					const own = cells[c]?.[i]
					if (name !== '') value[name] = typeof own === 'string' ? cell(spec, own) : typedCellOf(spec, own)
				})
				yield record(value, ++row, specs)
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

/** A list of rows, one row, or JSON lines in a .json file. */
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
