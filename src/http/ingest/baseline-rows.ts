import type { Breather } from '../../core/breather.ts'
import { AppError, type Fault } from '../../core/errors.ts'
import type { Limits } from '../../core/limits.ts'
import { parseTime } from '../../core/time.ts'
import {
	checkFeatures,
	checkLabel,
	checkNames,
	type JsonObject,
	optionalId,
	optionalNumber,
	optionalNumbers,
	RowRejected,
	refuseUnknown,
	requireObject,
	timeFault,
} from '../../ingest/row-checks.ts'
import { BatchBuilder } from '../../summaries/inputs/batch-builder.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import type { ParsedRow } from '../../tables/json-rows.ts'

export type BaselineBatch = { batch: RowBatch; actuals: unknown[] }

const rowMembers = [
	'predictionId', 'version', 'timestamp', 'features', 'score', 'label', 'probabilities', 'actual',
	'segment', 'subject', 'attributions', 'latencyMs', 'environment',
] // biome-ignore format: a list to be read at a glance

/** The version that the baseline belongs to, and which of its values are numbers. */
export type BaselineVersion = {
	version: string
	numericFeatures: ReadonlySet<string>
	areLabelsNumbers: boolean
}

const batchRows = 1000
const maxFaults = 50

/** A baseline row is a prediction row whose id and time are optional: it is not traffic. */
function addRow(builder: BatchBuilder, value: unknown, of: BaselineVersion, limits: Limits): unknown {
	const row = requireObject(value)
	refuseUnknown(row, rowMembers)
	const named = optionalId(row, 'version', limits)
	if (named !== undefined && named !== of.version)
		throw new RowRejected('invalid', 'version', `is "${named}"; this is the baseline of "${of.version}"`)
	const probabilities = optionalNumbers(row, 'probabilities', limits)
	const actual = checkLabel(row.actual, 'actual', limits, of.areLabelsNumbers)
	builder.add({
		id: optionalId(row, 'predictionId', limits) ?? '',
		timestamp: timeOf(row),
		version: of.version,
		subject: optionalId(row, 'subject', limits),
		features: checkFeatures(row.features, limits, (name) => of.numericFeatures.has(name)),
		score: optionalNumber(row, 'score'),
		label: checkLabel(row.label, 'label', limits, of.areLabelsNumbers),
		extra: probabilities && JSON.stringify({ probabilities }).toWellFormed(),
		segment:
			row.segment === undefined || row.segment === null
				? undefined
				: checkNames(row.segment, 'segment', 'segment name to value', limits),
	})
	return actual
}

function timeOf({ timestamp }: JsonObject): number {
	if (timestamp === undefined || timestamp === null) return Number.NaN
	const at = typeof timestamp === 'string' ? parseTime(timestamp) : undefined
	if (at === undefined) throw new RowRejected('invalid', 'timestamp', timeFault(timestamp))
	return at
}

/**
 * The rows as batches. One invalid row rejects the whole baseline, so that comparisons never depend on which rows were
 * left out. Throws `invalid` with the path of each fault (at most 50), and if there are no rows.
 */
export async function* baselineBatches(
	rows: AsyncIterable<ParsedRow[]>,
	version: BaselineVersion,
	limits: Limits,
	breather: Breather,
): AsyncGenerator<BaselineBatch> {
	const faults: Fault[] = []
	let builder = new BatchBuilder(batchRows)
	let actuals: unknown[] = []
	let count = 0
	for await (const some of rows) {
		breather.wake()
		for (const row of some) {
			count++
			if (breather.isDue) await breather.breathe()
			try {
				if ('isText' in row) throw notText(row)
				if ('error' in row) throw new RowRejected(row.error, row.path ?? '', row.message)
				actuals.push(addRow(builder, row.value, version, limits))
			} catch (error) {
				if (!(error instanceof RowRejected)) throw error
				const { path, message } = error.rejection
				faults.push({ path: ['rows', row.index, ...(path ? [path] : [])].join('.'), message })
				if (faults.length === maxFaults) throw rejected(faults)
			}
			if (builder.full) {
				if (faults.length === 0) yield { batch: builder.finish(), actuals }
				breather.wake()
				builder = new BatchBuilder(batchRows)
				actuals = []
			}
		}
	}
	if (faults.length > 0) throw rejected(faults)
	if (count === 0)
		throw new AppError('invalid', 'The baseline has no rows.', { faults: [{ path: '', message: 'no rows' }] })
	if (builder.length > 0) yield { batch: builder.finish(), actuals }
}

function notText({ index, message }: { index: number; message: string }): AppError {
	const path = `rows.${index}`
	return new AppError('malformed', `The baseline was rejected: ${path}: ${message}.`, {
		faults: [{ path, message }],
	})
}

function rejected(faults: readonly Fault[]): AppError {
	const [first] = faults as [Fault]
	const more =
		faults.length > 1
			? ` and ${faults.length - 1}${faults.length === maxFaults ? ' or more' : ''} others`
			: ''
	return new AppError('invalid', `The baseline was rejected: ${first.path}: ${first.message}${more}.`, {
		faults,
	})
}
