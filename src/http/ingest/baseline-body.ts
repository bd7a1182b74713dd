import { z } from 'zod'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { bodyError } from '../../core/gunzip.ts'
import { TimeParameter } from '../../core/schemas.ts'
import { findModel } from '../../registry/model/find-model.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import {
	arrayRows,
	notAnArray,
	type ParsedRow,
	parseBody,
	parseRows,
	readArray,
	skipSpace,
} from '../../tables/json-rows.ts'
import { csvRows, parquetRows } from '../../tables/read-rows.ts'
import type { BodyLimit, RequestBody } from '../body.ts'
import { invalid, parseOr422 } from '../faults.ts'
import { mediaType } from '../read-json.ts'
import { type BaselineBatch, baselineBatches } from './baseline-rows.ts'
import { type Bytes, plainBytes } from './open-body.ts'

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
	.meta({ id: 'BaselineWindow', description: 'A baseline from logged predictions.' })

type Version = { model: string; version: string; features: readonly FeatureSpec[] }

/** The rows of a baseline, in any of the supported formats. Throws `unsupported` for other content types. */
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
		`Content-Type ${type || '(none)'} is not supported here. Send application/json, ${ndjson[0]}, ${csv[0]} or ${parquet[0]}.`,
	)
}

/** A JSON object instead of an array selects a window of the log. */
function fromWindow(
	context: Context,
	text: Uint8Array,
	{ model, version }: Version,
): AsyncIterable<BaselineBatch> {
	if (text.length > maxWindow) throw notAnArray()
	const { window } = parseOr422(BaselineWindow, parseBody(text).value, 'body')
	return nonEmpty(windowBatches(context, { model, version, ...window }))
}

/** More than enough for a window of two times. */
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
	if (rows === 0) throw invalid('window', [{ path: 'window', message: 'has no predictions of this version' }])
}

/** The logged predictions of a version with event time in [from, to), with their known outcomes, one batch at a time. */
async function* windowBatches(
	context: Context,
	query: { model: string; version: string; from: number; to: number },
): AsyncGenerator<BaselineBatch> {
	let give: (batch: RowBatch | undefined) => void = () => {}
	let taken: () => void = () => {}
	let next = new Promise<RowBatch | undefined>((resolve) => {
		give = resolve
	})
	let stopped = false
	const scan = context.log
		.scan(query, async (rows) => {
			if (stopped) throw new Error('the reader of this scan has stopped')
			const wait = new Promise<void>((resolve) => {
				taken = resolve
			})
			give(rows)
			await wait
		})
		.then(() => give(undefined))
	scan.catch(() => give(undefined))
	try {
		for (let batch = await next; batch !== undefined; batch = await next) {
			next = new Promise((resolve) => {
				give = resolve
			})
			yield { batch, actuals: await context.log.actuals(query.model, batch.ids) }
			taken()
		}
		await scan
	} finally {
		stopped = true
		taken()
	}
}
