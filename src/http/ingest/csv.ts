import { anyUse, type Use } from '../../core/breather.ts'
import { AppError } from '../../core/errors.ts'
import { defaultLimits, type Limits } from '../../core/limits.ts'
import { CsvFault, CsvTooLong, requireCommas, textRecords } from '../../tables/csv.ts'
import { tooMany } from './json-array.ts'
import { bodyError } from './open-body.ts'
import type { ParsedRow } from './parse-rows.ts'
import { type TableSpec, type Target, targetsOf, textCell, toRow } from './table-columns.ts'

/**
 * The rows of a CSV body with a header line, those of a chunk together. Rows count from 0 behind the header. A row that is
 * not UTF-8 is an error in its place. Throws `malformed` with the line for broken CSV, `too-large` for a record over the
 * limit of a line.
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
