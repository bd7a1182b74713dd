import { AppError } from '../core/errors.ts'
import { parseExact } from '../core/exact-json.ts'
import { whyNotJson } from '../core/json-faults.ts'
import { deepPath, tooDeep } from '../core/json-shape.ts'
import { BadLine, linesIn } from '../core/lines-in.ts'
import { CellRefused, type Column } from './columns.ts'
import { requireColumns, type Table, type Wanted } from './read-table.ts'

type Row = Record<string, unknown>
/** Rows whose members are looked at to say which columns there are. */
const lookedAt = 1000

/**
 * Reads JSON lines into columns. A column is a member of the rows or, when there is none of that name, of their
 * `features` or `segment`. Throws `malformed` with the line.
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
		if (this.count < lookedAt) this.look(row)
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

	private look(row: Row): void {
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
		if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail('it is no object')
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
