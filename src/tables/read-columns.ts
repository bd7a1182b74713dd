import type { AsyncBuffer, FileMetaData } from 'hyparquet'
import { AppError } from '../core/errors.ts'
import { parseExact } from '../core/exact-json.ts'
import { whyNotJson } from '../core/json-faults.ts'
import { deepPath, tooDeep } from '../core/json-shape.ts'
import { BadLine, linesIn } from '../core/lines-in.ts'
import { nearest } from '../core/nearest.ts'
import { CellRefused, type Column } from './columns.ts'
import { CsvFault, type CsvRecord, readRecords, requireCommas, wrongLength } from './csv.ts'
import type { ParquetColumn } from './parquet.ts'

/** A column to read, and who receives its cells. A table without a required column is refused. */
export type Wanted = { name: string; required: boolean; takers: readonly Column[] }

/** The number of rows that were read, and the columns that the table has. */
export type Table = { rows: number; names: readonly string[] }

const maxShown = 30

/** The takers of each column, in the order of `names`. Throws when a required column is missing or is there twice. */
function attach(wanted: readonly Wanted[], names: readonly string[]): (readonly Column[])[] {
	requireColumns(wanted, names)
	const twice = wanted.find(({ name }) => names.indexOf(name) !== names.lastIndexOf(name))
	if (twice)
		throw new AppError(
			'invalid',
			`The table has two columns ${JSON.stringify(twice.name)}: rename or remove one.`,
		)
	return names.map((name) => wanted.filter((w) => w.name === name).flatMap((w) => w.takers))
}

function requireColumns(wanted: readonly Wanted[], names: readonly string[]): void {
	for (const { name, required } of wanted) {
		if (!required || names.includes(name)) continue
		const near = nearest(name, names)
		const shown = names.slice(0, maxShown).join(', ')
		const more = names.length > maxShown ? ` and ${names.length - maxShown} more` : ''
		throw new AppError(
			'invalid',
			`There is no column "${name}".${near ? ` Did you mean "${near}"?` : ''} The columns are: ${shown}${more}.`,
		)
	}
}

const maxBytes = 16 * 2 ** 20

/**
 * Reads a CSV table with a header line into columns. Cells of other columns stay bytes. Throws `malformed` with the line.
 */
export async function readCsv(chunks: AsyncIterable<Uint8Array>, wanted: readonly Wanted[]): Promise<Table> {
	let names: string[] = []
	let columns: (readonly Column[])[] | undefined
	let rows = 0
	const take = (record: CsvRecord) => {
		if (columns === undefined) {
			names = Array.from({ length: record.cells }, (_, i) => record.text(i).trim())
			if (!wanted.some(({ name }) => names.includes(name))) requireCommas(names)
			columns = attach(wanted, names)
			return
		}
		if (record.cells !== columns.length) throw wrongLength(record, columns.length)
		for (let i = 0; i < columns.length; i++)
			for (const taker of columns[i] as readonly Column[]) record.give(i, taker)
		rows++
	}
	try {
		await readRecords(chunks, maxBytes, take)
	} catch (error) {
		if (!(error instanceof CsvFault)) throw error
		throw new AppError('malformed', `Line ${error.line} of the file is not CSV: ${error.message}.`, {
			cause: error,
		})
	}
	if (columns === undefined) throw new AppError('malformed', 'The file is empty: it has no header line.')
	return { rows, names }
}

type Row = Record<string, unknown>
/** Rows whose members are collected as the names of the columns. */
const rowsWithNames = 1000

/**
 * Reads JSON lines into columns. A column is a member of the rows, or of their `features` or `segment`. Throws `malformed`
 * with the line.
 */
export async function readNdjson(
	chunks: AsyncIterable<Uint8Array>,
	wanted: readonly Wanted[],
): Promise<Table> {
	const rows = new Rows(wanted)
	for await (const lines of linesIn(chunks)) for (const line of lines) rows.add(line)
	requireColumns(wanted, [...rows.names])
	return { rows: rows.count, names: [...rows.names] }
}

class Rows {
	count = 0
	readonly names = new Set<string>()
	private line = 0
	private readonly wanted: readonly Wanted[]

	constructor(wanted: readonly Wanted[]) {
		this.wanted = wanted
	}

	add(text: string | BadLine): void {
		this.line++
		if (text instanceof BadLine) this.fail(text.message)
		if (text.trim() === '') return
		const row = this.parse(text)
		if (this.count < rowsWithNames) this.addNames(row)
		for (const { name, takers } of this.wanted) {
			const value = member(row, name)
			for (const taker of takers) this.give(taker, name, value)
			if (value !== undefined) this.names.add(name)
		}
		this.count++
	}

	private give(taker: Column, name: string, value: unknown): void {
		try {
			taker.addValue(value)
		} catch (error) {
			if (!(error instanceof CellRefused)) throw error
			throw new AppError('invalid', `Line ${this.line}: the column "${name}" is ${error.message}.`, {
				cause: error,
			})
		}
	}

	private addNames(row: Row): void {
		for (const name of Object.keys(row)) if (!nested.includes(name)) this.names.add(name)
		for (const part of nested) for (const name of Object.keys(objectAt(row, part))) this.names.add(name)
	}

	private parse(text: string): Row {
		let value: unknown
		try {
			value = parseExact(text)
		} catch (cause) {
			this.fail(whyNotJson(text, cause), cause)
		}
		if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail('it is not an object')
		const path = deepPath(value)
		if (path) this.fail(`${path.slice(0, 2).join('.')} ${tooDeep}`)
		return value as Row
	}

	private fail(what: string, cause?: unknown): never {
		throw new AppError('malformed', `Line ${this.line} of the file is not a JSON object: ${what}.`, { cause })
	}
}

const nested = ['features', 'segment']
const none: Row = {}
const objectAt = (row: Row, part: string): Row => {
	const value = row[part]
	return typeof value === 'object' && value !== null ? (value as Row) : none
}

function member(row: Row, name: string): unknown {
	if (Object.hasOwn(row, name)) return row[name]
	for (const part of nested) {
		const inner = objectAt(row, part)
		if (Object.hasOwn(inner, name)) return inner[name]
	}
	return undefined
}

/** Reads the columns that need the library, such as nested ones: in a thread, or in this one. */
export type GeneralReader = {
	metadata(): Promise<FileMetaData>
	read(column: number, group: number): Promise<readonly unknown[]>
}

/**
 * Reads a Parquet table column by column and row group by row group, so that only one column of one row group is in memory.
 * Throws `malformed` for a file that is not Parquet, `invalid` for a column that does not fit.
 */
export async function readParquet(
	file: AsyncBuffer,
	wanted: readonly Wanted[],
	general?: GeneralReader,
): Promise<Table> {
	// Loaded for Parquet files only.
	const { ParquetPages, readMetadata } = await import('./parquet.ts')
	const pages = new ParquetPages(file, await (general?.metadata() ?? readMetadata(file)))
	const names = pages.columns.map((column) => column.name)
	const takers = attach(wanted, names)
	for (const [i, column] of pages.columns.entries()) {
		const own = takers[i] as Wanted['takers']
		if (own.length === 0) continue
		requireFlat(column, own)
		let row = 0
		const take = (value: unknown) => {
			row++
			for (const taker of own) taker.addValue(value)
		}
		try {
			for (const group of pages.groups.keys()) {
				if (await pages.give(i, group, take)) continue
				for (const value of await (general ?? pages).read(i, group)) take(value)
			}
		} catch (error) {
			if (!(error instanceof CellRefused)) throw error
			throw new AppError('invalid', `Row ${row} of the column "${column.name}" is ${error.message}.`, {
				cause: error,
			})
		}
	}
	return { rows: pages.groups.reduce((sum, rows) => sum + rows, 0), names }
}

function requireFlat({ name, nested }: ParquetColumn, takers: Wanted['takers']): void {
	const isTaken = nested === undefined || (nested !== 'list' && takers.every((taker) => taker.takesStructs))
	if (isTaken) return
	throw new AppError(
		'invalid',
		`The column "${name}" is a ${nested}: choose a column of single values, or write its parts as columns of their own.`,
	)
}
