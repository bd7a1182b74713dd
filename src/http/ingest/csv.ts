import { parse } from 'csv-parse/stream'
import type { Limits } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { FeatureSpec } from '../../profile/grid.ts'
import { cellOf } from './cell-text.ts'
import { bodyError } from './open-body.ts'
import type { ParsedRow } from './parse-rows.ts'
import { type Target, targetsOf, toRow } from './table-columns.ts'

const rowsAtOnce = 500

/** Text that a member needs as such; the others may be numbers. */
const textMembers = new Set(['timestamp', 'predictionId'])

function valueOf(target: Target, text: string): unknown {
	if (target.to === 'feature') return cellOf(target.spec, text)
	if (target.to === 'member' && !textMembers.has(target.name)) return cellOf(undefined, text)
	return text === '' ? null : text
}

/**
 * The rows of a CSV body (RFC 4180: comma, double quotes, a header line), some at a time. Rows count from 0 behind the
 * header. Throws `malformed` with the line for broken CSV, `too-large` for a record over the limit of a line.
 */
export async function* csvRows(
	stream: ReadableStream<Uint8Array>,
	limits: Limits,
	features: readonly FeatureSpec[],
): AsyncGenerator<ParsedRow[]> {
	const records = stream.pipeThrough(
		parse({ bom: true, skip_empty_lines: true, max_record_size: limits.lineBytes }) as TransformStream<
			Uint8Array,
			string[]
		>,
	)
	let targets: Target[] | undefined
	let rows: ParsedRow[] = []
	let index = 0
	try {
		for await (const record of records) {
			if (targets === undefined) {
				targets = targetsOf(
					record.map((name) => name.trim()),
					features,
					limits.featuresPerRow,
				)
				continue
			}
			const value = toRow(targets, (target, column) => valueOf(target, record[column] ?? ''))
			rows.push({ index: index++, value })
			if (rows.length === rowsAtOnce) {
				yield rows
				rows = []
			}
		}
	} catch (error) {
		throw csvError(error, limits)
	}
	if (rows.length > 0) yield rows
}

function csvError(error: unknown, limits: Limits): unknown {
	const code = (error as { code?: unknown }).code
	if (code === 'CSV_MAX_RECORD_SIZE')
		return new AppError(
			'too-large',
			`A CSV record is over ${limits.lineBytes} bytes (limit lineBytes); is a quote left open?`,
			{ cause: error },
		)
	if (typeof code === 'string' && code.startsWith('CSV_'))
		return new AppError('malformed', `The body is not CSV: ${(error as Error).message.slice(0, 500)}`, {
			cause: error,
		})
	return bodyError(error)
}
