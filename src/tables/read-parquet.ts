import type { AsyncBuffer, FileMetaData } from 'hyparquet'
import { AppError } from '../core/errors.ts'
import { CellRefused } from './columns.ts'
import { type ParquetColumn, ParquetPages, readMetadata } from './parquet.ts'
import { attach, type Table, type Wanted } from './read-table.ts'

/** Who reads what a library has to read, such as nested columns: a thread, or this one. */
export type GeneralReader = {
	metadata(): Promise<FileMetaData>
	read(column: number, group: number): Promise<readonly unknown[]>
}

/**
 * Reads a Parquet table into columns: one after the other, a row group at a time, so that only one column of one row
 * group is in memory. Throws `malformed` for what is not Parquet, `invalid` for a column that does not fit.
 */
export async function readParquet(
	file: AsyncBuffer,
	wanted: readonly Wanted[],
	general?: GeneralReader,
): Promise<Table> {
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
