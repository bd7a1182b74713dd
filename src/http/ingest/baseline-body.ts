import { z } from 'zod'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { FeatureSpec } from '../../profile/grid.ts'
import { findModel } from '../../services/model/find-model.ts'
import { invalid, parseOr422 } from '../faults.ts'
import { mediaType } from '../read-json.ts'
import { TimeParameter } from '../schema/common.ts'
import { type BaselineBatch, baselineBatches } from './baseline-rows.ts'
import { csvRows } from './csv.ts'
import { bodyError, plainStream } from './open-body.ts'
import { parquetRows } from './parquet.ts'
import { parseBody, parseRows, readText } from './parse-rows.ts'
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
	request: Request,
	version: Version,
): Promise<AsyncIterable<BaselineBatch>> {
	const { limits } = context
	const { type } = mediaType(request.headers.get('content-type'))
	const { task } = await findModel(context, version.model)
	const of = {
		version: version.version,
		numericFeatures: new Set(version.features.filter((f) => f.type === 'numeric').map((f) => f.name)),
		areLabelsNumbers: task === 'regression' || task === 'ranking',
	}
	const rows = (parsed: Parameters<typeof baselineBatches>[0]) => baselineBatches(parsed, of, limits)
	if (type === 'application/json') {
		const text = await readAll(request, context)
		if (/^\s*\{/.test(text)) return fromWindow(context, text, version)
		return rows(parseRows({ format: 'json', stream: new Blob([text]).stream() }, limits))
	}
	const stream = () => plainStream(request, limits)
	if (ndjson.includes(type)) return rows(parseRows({ format: 'ndjson', stream: stream() }, limits))
	const table = { features: version.features, limit: limits.featuresPerRow }
	if (csv.includes(type)) return rows(csvRows(stream(), limits.lineBytes, table))
	if (parquet.includes(type)) return rows(parquetRows(stream(), limits, table, context.openParquet))
	throw new AppError(
		'unsupported',
		`Content-Type ${type || '(none)'} is not read here. Send application/json, ${ndjson[0]}, ${csv[0]} or ${parquet[0]}.`,
	)
}

/** A JSON body that is no array names a window of the log. */
function fromWindow(
	context: Context,
	text: string,
	{ model, version }: Version,
): AsyncIterable<BaselineBatch> {
	const { window } = parseOr422(BaselineWindow, parseBody(text).value, 'body')
	return nonEmpty(windowBatches(context, { model, version, ...window }))
}

async function readAll(request: Request, context: Context): Promise<string> {
	try {
		return await readText(plainStream(request, context.limits), context.limits)
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
