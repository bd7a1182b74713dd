import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Context } from '../src/context.ts'
import { dayMs, hourMs, windowStart } from '../src/core/time.ts'
import type { Statement } from '../src/db/sql.ts'
import { sampleColumns } from '../src/registry/baseline/collect-baseline.ts'
import { BatchBuilder } from '../src/summaries/inputs/batch-builder.ts'
import type { Bins, FeatureSpec } from '../src/summaries/inputs/bins.ts'
import { encodeInputSummary } from '../src/summaries/inputs/encoding.ts'
import { accumulate, emptyInputSummary, type InputSummary } from '../src/summaries/inputs/input-summary.ts'
import { encodeBins, makeBins } from '../src/summaries/inputs/make-bins.ts'
import { randomSequence } from './rows.ts'
import { openStore } from './store.ts'
import type { Measurement } from './table.ts'

const models = 1000
const features = 50
const specs: FeatureSpec[] = Array.from({ length: features }, (_, f) => ({
	name: `f${f}`,
	type: f % 5 === 4 ? 'categorical' : 'numeric',
}))
const rule = { positiveLabel: '1', threshold: 0.5 }
const start = windowStart('7d', Date.parse('2026-03-10T00:00:00Z'))

/** Rows whose features are normal, or one of eight categories. */
function rowsOf(count: number, seed: number) {
	const random = randomSequence(seed)
	const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
	const builder = new BatchBuilder(count)
	for (let i = 0; i < count; i++) {
		const row = Object.fromEntries(
			specs.map((s) => [
				s.name,
				s.type === 'numeric' ? Number(normal().toFixed(4)) : `c${Math.floor(random() * 8)}`,
			]),
		)
		builder.add({ id: `${i}`, timestamp: start, features: row, score: random() })
	}
	return builder.finish()
}

function inputSummaryOf(bins: Bins, rows: number, seed: number): InputSummary {
	const inputSummary = emptyInputSummary(bins)
	accumulate(inputSummary, bins, rowsOf(rows, seed), undefined, rule)
	return inputSummary
}

/** The same window with every count multiplied: what a thousand times the rows would have left. */
function scaled(inputSummary: InputSummary, factor: number): InputSummary {
	const columns = inputSummary.columns.map((c) => ({ ...c, counts: c.counts.map((n) => n * factor) }))
	return { ...inputSummary, rows: inputSummary.rows * factor, columns }
}

type Fleet = {
	context: Context
	url: string
	bins: Bins
	inputSummaries: InputSummary[]
	close(): Promise<void>
}

async function makeFleet(): Promise<Fleet> {
	const { context, url, close } = await openStore(until)
	const { sql } = context
	const baseline = rowsOf(10_000, 1)
	const bins = await makeBins(sampleColumns(specs, [baseline], rule))
	const own = emptyInputSummary(bins)
	accumulate(own, bins, baseline, undefined, rule)
	const list: Statement[] = [
		{ sql: 'INSERT INTO log_grid (id, digest) VALUES (1, ?)', params: [bins.digest] },
	]
	const [binsBytes, inputBytes] = [encodeBins(bins), encodeInputSummary(own)]
	for (let m = 1; m <= models; m++) {
		const name = `model-${m}`
		list.push(
			{
				sql: `INSERT INTO model (name, task, tags, positive_label, threshold, sensitive, segments, upstreams, retention_ms, created_at, revision)
					VALUES (?, 'binary', '[]', '1', 0.5, '[]', '[]', '[]', 7776000000, 0, 1)`,
				params: [name],
			},
			{
				sql: "INSERT INTO model_version (model, version, features, created_at) VALUES (?, '1', ?, 0)",
				params: [name, JSON.stringify(specs)],
			},
			{
				sql: "INSERT INTO baseline (model, version, digest, rows, grid, profile, summary, created_at) VALUES (?, '1', ?, 10000, ?, ?, '[]', 0)",
				params: [name, bins.digest, binsBytes, inputBytes],
			},
			{ sql: "INSERT INTO log_series VALUES (?, ?, '1', 'production', '', '')", params: [m, name] },
		)
	}
	await sql.batch(list)
	const inputSummaries = Array.from({ length: 8 }, (_, i) => inputSummaryOf(bins, 1000, 100 + i))
	return { context, url, bins, inputSummaries, close }
}

/** Puts one hour of every model into the log as ingest would: one input delta and a mark. */
async function putHour(fleet: Fleet, hour: number, factor: number, chunk: number): Promise<void> {
	const bytes = fleet.inputSummaries.map((p) => encodeInputSummary(scaled(p, factor), { withDigest: false }))
	const list: Statement[] = []
	for (let m = 1; m <= models; m++) {
		list.push(
			{
				sql: 'INSERT INTO log_profile VALUES (?, ?, 1, ?, ?)',
				params: [m, hour, chunk, bytes[m % bytes.length] as Uint8Array],
			},
			{ sql: 'INSERT OR REPLACE INTO log_dirty VALUES (?, ?, ?)', params: [m, hour, chunk] },
		)
	}
	await fleet.context.sql.batch(list)
}

async function recordBytes(context: Context): Promise<number> {
	const [row] = await context.sql.all<{ bytes: number }>({
		sql: 'SELECT sum(length(bytes)) + 60 * count(*) AS bytes FROM metric_record',
	})
	return row?.bytes ?? 0
}

const until = start + dayMs + 2 * hourMs
type Hour = { computeMs: number; evaluateMs: number; rssMb: number }

async function runScript<T>(name: string, ...args: string[]): Promise<T> {
	const script = fileURLToPath(new URL(name, import.meta.url))
	const { stdout } = await promisify(execFile)(process.execPath, [script, ...args])
	return JSON.parse(stdout)
}

/** The hourly work in a process of its own, as `plumbline run` does it: seconds, and memory without the bench's. */
async function runHour({ url }: Fleet): Promise<{ seconds: number; evaluating: number; rssMb: number }> {
	const hour = await runScript<Hour>('hour.ts', url, String(until))
	return {
		seconds: (hour.computeMs + hour.evaluateMs) / 1000,
		evaluating: hour.evaluateMs / 1000,
		rssMb: hour.rssMb,
	}
}

const atMost = (name: string, value: number, unit: string, most: number): Measurement => ({
	name,
	value,
	unit,
	target: `<= ${most}`,
	ok: value <= most,
})

/** 1,000 models with 50 features: the hourly job, its independence of rows, what results take, and reading a series. */
export async function benchCompute(): Promise<Measurement[]> {
	const fleet = await makeFleet()
	try {
		const { context } = fleet
		for (let h = 0; h < 23; h++) await putHour(fleet, start + h * hourMs, 1, h + 1)
		const first = await runHour(fleet)
		const before = await recordBytes(context)
		await putHour(fleet, start + 23 * hourMs, 1, 100)
		const small = await runHour(fleet)
		const perHour = ((await recordBytes(context)) - before) / 1e6
		await putHour(fleet, start + dayMs, 1000, 101)
		const large = await runHour(fleet)
		await putHour(fleet, start + dayMs + hourMs, 1, 102)
		const again = await runHour(fleet)
		const day = (await recordBytes(context)) / 1e6
		await longSeries(fleet)
		const read = await runScript<{ p50: number; p95: number }>('series.ts', fleet.url, longModel, 'f3')
		return [
			atMost('1,000 models x 50 features, one hour computed and evaluated', small.seconds, 's', 60),
			{ name: 'of which evaluating the packaged rules', value: small.evaluating, unit: 's' },
			atMost(
				'the same with 1,000,000 rows a window / with 1,000',
				(2 * large.seconds) / (small.seconds + again.seconds),
				'ratio',
				1.1,
			),
			atMost('its peak RSS', Math.max(small.rssMb, large.rssMb, again.rssMb), 'MB', 512),
			{ name: 'peak RSS when 23 hours are due at once', value: first.rssMb, unit: 'MB' },
			{ name: 'results of one more hour of the fleet', value: perHour, unit: 'MB' },
			atMost('results of a day of the fleet, hourly', day, 'MB', 150),
			atMost('read one feature, 30 days hourly, p50', read.p50, 'ms', 20),
			{ name: 'read one feature, 30 days hourly, p95', value: read.p95, unit: 'ms' },
		]
	} finally {
		await fleet.close()
	}
}

const longModel = 'model-7'

/** Thirty days of hourly records of one model. */
async function longSeries({ context }: Fleet): Promise<void> {
	const list: Statement[] = []
	// Twenty-six hours are there.
	for (let h = 24; h < 30 * 24 - 2; h++) {
		list.push({
			sql: `INSERT INTO metric_record SELECT series, hours, from_ms - ?, revision, computed_at, 0, baseline, bytes, NULL FROM metric_record
				WHERE series = 7 AND hours = 1 AND from_ms = ?`,
			params: [h * hourMs, start + 23 * hourMs],
		})
	}
	await context.sql.batch(list)
}

if (import.meta.main) {
	const { toTable } = await import('./table.ts')
	console.log(toTable(await benchCompute()))
}
