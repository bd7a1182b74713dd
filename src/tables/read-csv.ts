import { AppError } from '../core/errors.ts'
import type { Column } from './columns.ts'
import { CsvFault, type CsvRecord, readRecords, requireCommas, wrongLength } from './csv.ts'
import { attach, type Table, type Wanted } from './read-table.ts'

const maxBytes = 16 * 2 ** 20

/**
 * Reads a CSV table with a header line into columns. Only the cells that somebody takes become more than bytes. Throws
 * `malformed` with the line.
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
