import { z } from 'zod'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { findModel } from '../../registry/model/find-model.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import type { BodyLimit, RequestBody } from '../body.ts'
import { invalid, parseOr422 } from '../faults.ts'
import { mediaType } from '../read-json.ts'
import { TimeParameter } from '../../core/schemas.ts'
import { type BaselineBatch, baselineBatches } from './baseline-rows.ts'
import { csvRows } from './csv.ts'
import { skipSpace, notAnArray } from './json-array.ts'
import { type Bytes, bodyError, plainBytes } from './open-body.ts'
import { parquetRows } from './parquet.ts'
import { arrayRows, type ParsedRow, parseBody, parseRows, readArray } from './parse-rows.ts'
import { windowBatches } from './window-batches.ts'

const ndjson = ['application/x-ndjson', 'application/ndjson', 'application/jsonl']
const csv = ['text/csv', 'application/csv']
const parquet = ['application/vnd.apache.parquet', 'application/x-parquet', 'application/parquet']

export const BaselineWindow = z
	.strictObject({
		window: z
			.strictObject({ from: TimeParameter, to: TimeParameter })
			.refine(({ from, to }) => from < to, { path: ['to'], message: 'must be later than from' })
			.meta({ description: 'Logged predictions of this version with a timestamp in [from, to).' }),
	})
	.meta({ id: 'BaselineWindow', description: 'A baseline out of what was logged.' })

type Version = { model: string; version: string; features: readonly FeatureSpec[] }

/** The rows of a baseline, in whichever form they came. Throws `unsupported` for another content type. */
export async function baselineBody(
	context: Context,
	headers: Headers,
	body: RequestBody,
	version: Version,
): Promise<AsyncIterable<BaselineBatch>> {
	const { limits } = context
	const { type } = mediaType(headers.get('content-type'))
	const { task } = await findModel(context, version.model)
	const of = {
		version: version.version,
		numericFeatures: new Set(version.features.filter((f) => f.type === 'numeric').map((f) => f.name)),
		areLabelsNumbers: task === 'regression' || task === 'ranking',
	}
	const rows = (parsed: AsyncIterable<ParsedRow[]>) => baselineBatches(parsed, of, limits, body.breather)
	const bytes = (limit: BodyLimit) => plainBytes(headers, body.within(limit))
	if (type === 'application/json') {
		const text = await readAll(bytes('jsonBytes'), body)
		if (text[skipSpace(text, 0)] === 0x7b) return fromWindow(context, text, version)
		return rows(arrayRows(text, limits, body.breather))
	}
	if (ndjson.includes(type))
		return rows(parseRows({ format: 'ndjson', stream: bytes('bodyBytes') }, limits, body))
	const table = { features: version.features, limit: limits.featuresPerRow }
	if (csv.includes(type)) return rows(csvRows(bytes('bodyBytes'), limits.lineBytes, table, body))
	if (parquet.includes(type)) {
		body.hold.isFile = true
		return rows(parquetRows(bytes('parquetBytes'), limits, table, context.openParquet, body))
	}
	throw new AppError(
		'unsupported',
		`Content-Type ${type || '(none)'} is not read here. Send application/json, ${ndjson[0]}, ${csv[0]} or ${parquet[0]}.`,
	)
}

/** A JSON body that is no array names a window of the log. */
function fromWindow(
	context: Context,
	text: Uint8Array,
	{ model, version }: Version,
): AsyncIterable<BaselineBatch> {
	if (text.length > maxWindow) throw notAnArray()
	const { window } = parseOr422(BaselineWindow, parseBody(text).value, 'body')
	return nonEmpty(windowBatches(context, { model, version, ...window }))
}

/** Two times and their names are shorter. */
const maxWindow = 64 * 1024

async function readAll(bytes: Bytes, { limits, hold }: RequestBody): Promise<Uint8Array> {
	try {
		return await readArray(bytes, limits, hold)
	} catch (error) {
		throw bodyError(error)
	}
}

async function* nonEmpty(batches: AsyncIterable<BaselineBatch>): AsyncGenerator<BaselineBatch> {
	let rows = 0
	for await (const batch of batches) {
		rows += batch.batch.rows
		yield batch
	}
	if (rows === 0)
		throw invalid('window', [{ path: 'window', message: 'holds no predictions of this version' }])
}
