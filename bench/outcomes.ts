import { dayMs, hourMs, windowStart } from '../src/core/time.ts'
import type { Statement } from '../src/db/sql.ts'
import type { RowKind } from '../src/log/row-kinds.ts'
import { outcomes } from '../src/monitoring/windows/outcomes.ts'
import { computeWindows } from '../src/monitoring/windows/pipeline.ts'
import { BatchBuilder, type RowInput } from '../src/summaries/inputs/batch-builder.ts'
import { addOutcome, addPrediction } from '../src/summaries/outcomes/contribute.ts'
import { encodeOutcomeSummary } from '../src/summaries/outcomes/encoding.ts'
import { withPairs } from '../src/summaries/outcomes/join-index.ts'
import { emptyOutcomeSummary } from '../src/summaries/outcomes/outcome-summary.ts'
import { json, type Server, send, startServer } from './ingest.ts'
import { featureCount, randomSequence } from './rows.ts'
import { openStore, type Store } from './store.ts'
import type { Measurement } from './table.ts'

const start = windowStart('7d', Date.parse('2026-03-10T00:00:00Z'))
const now = start + 60 * dayMs
const batchRows = 8192
const attributes = Array.from({ length: 8 }, (_, a) => `a${a}`)

const registration = (name: string, sensitive: readonly string[]): Statement[] => [
	{
		sql: `INSERT INTO model (name, task, tags, positive_label, threshold, sensitive, segments, upstreams, retention_ms, created_at, revision)
			VALUES (?, 'binary', '[]', '1', 0.5, ?, '[]', '[]', 7776000000, 0, 1)`,
		params: [name, JSON.stringify(sensitive)],
	},
	{
		sql: "INSERT INTO model_version (model, version, features, created_at) VALUES (?, '1', ?, 0)",
		params: [name, JSON.stringify([{ name: 'income', type: 'numeric' }])],
	},
]

const idOf = (n: number) =>
	`${Math.imul(n, 0x9e3779b1) >>> 0}`.padStart(8, '0').slice(0, 8) +
	`-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

async function appendAll(
	{ context }: Store,
	kind: RowKind,
	count: number,
	rowAt: (i: number) => RowInput,
): Promise<void> {
	for (let i = 0; i < count; i += batchRows) {
		const builder = new BatchBuilder(Math.min(batchRows, count - i))
		for (let k = i; k < Math.min(count, i + batchRows); k++) builder.add(rowAt(k))
		await context.log.append('m', kind, builder.finish())
	}
}

const names = Array.from({ length: featureCount }, (_, f) => `feature_${f}`)
const bodyRows = 10_000

/** Posts bodies of rows on four connections. Returns rows per second. */
async function post(
	server: Server,
	path: string,
	count: number,
	lineOf: (i: number) => object,
): Promise<number> {
	const url = `${server.url}/v1/models/m/${path}`
	const bodies = Array.from({ length: count / bodyRows }, (_, b) =>
		Array.from({ length: bodyRows }, (_, r) => JSON.stringify(lineOf(b * bodyRows + r))).join('\n'),
	)
	const began = performance.now()
	const worker = async () => {
		for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
			const answer = await send(url, 'POST', 'application/x-ndjson', body)
			if (JSON.parse(answer.body).accepted !== bodyRows) throw new Error(answer.body.slice(0, 300))
		}
	}
	await Promise.all([worker(), worker(), worker(), worker()])
	return count / ((performance.now() - began) / 1000)
}

/** Posts forty days of predictions with twenty features, then their outcomes in random order. */
async function benchJoin(count: number): Promise<Measurement[]> {
	const server = await startServer()
	try {
		await json(`${server.url}/v1/models`, 'POST', {
			model: 'm',
			task: 'binary',
			positiveLabel: '1',
			threshold: 0.5,
		})
		const features = names.map((name) => ({ name, type: 'numeric' }))
		await json(`${server.url}/v1/models/m/versions`, 'POST', { version: '1', features })
		const random = randomSequence(1)
		const order = Uint32Array.from({ length: count }, (_, i) => i)
		for (let i = count - 1; i > 0; i--) {
			const j = Math.floor(random() * (i + 1))
			;[order[i], order[j]] = [order[j] as number, order[i] as number]
		}
		const first = Date.now() - 41 * dayMs
		const step = (40 * dayMs) / count
		const predictions = await post(server, 'predictions', count, (i) => ({
			predictionId: idOf(i),
			version: '1',
			timestamp: new Date(first + Math.floor(i * step)).toISOString(),
			features: Object.fromEntries(names.map((name, f) => [name, ((i * (f + 7)) % 9973) / 10])),
			score: Number(random().toFixed(4)),
		}))
		const timestamp = new Date().toISOString()
		const outcomes = await post(server, 'outcomes', count, (k) => ({
			predictionId: idOf(order[k] as number),
			actual: k % 5 === 0 ? 1 : 0,
			timestamp,
		}))
		return [
			{ name: `predictions posted, ${count.toLocaleString('en')}`, value: predictions, unit: 'rows/s' },
			{ name: 'their outcomes, posted and joined in random order', value: outcomes, unit: 'rows/s' },
			{
				name: 'outcomes / predictions',
				value: outcomes / predictions,
				unit: 'ratio',
				target: '>= 0.5',
				ok: outcomes >= predictions / 2,
			},
		]
	} finally {
		await server.close()
	}
}

/** The median time to store one late outcome, in an hour of `count` rows. */
async function lateOutcome(count: number): Promise<number> {
	const store = await openStore(now)
	const tries = 200
	try {
		await store.context.sql.batch(registration('m', []))
		const random = randomSequence(2)
		await appendAll(store, 'prediction', count, (i) => ({
			id: idOf(i),
			version: '1',
			environment: 'production',
			timestamp: start + Math.floor((i * hourMs) / count),
			features: { income: i },
			score: random(),
		}))
		await store.context.log.compact()
		const times: number[] = []
		for (let k = 0; k < tries; k++) {
			const builder = new BatchBuilder(1)
			builder.add({ id: idOf(Math.floor((k * count) / tries)), timestamp: now - 1, label: 1 })
			const began = performance.now()
			await store.context.log.append('m', 'outcome', builder.finish())
			times.push(performance.now() - began)
		}
		return times.sort((a, b) => a - b)[tries / 2] as number
	} finally {
		await store.close()
	}
}

const models = 1000

/** Computes all metrics of one day of a thousand models with eight attributes and all pairs of them. */
async function benchFairness(): Promise<Measurement[]> {
	const store = await openStore(now)
	try {
		const { sql } = store.context
		const random = randomSequence(3)
		const summaries = Array.from({ length: 8 }, () => encodeOutcomeSummary(dayOutcomes(random, 1000)))
		const list: Statement[] = []
		for (let m = 1; m <= models; m++)
			list.push(
				...registration(`model-${m}`, attributes),
				{ sql: "INSERT INTO log_series VALUES (?, ?, '1', 'production', '', '')", params: [m, `model-${m}`] },
				{
					sql: 'INSERT INTO log_tally VALUES (?, ?, 1, ?)',
					params: [m, start, summaries[m % 8] as Uint8Array],
				},
				{ sql: 'INSERT INTO log_tally_dirty VALUES (?, ?, 1)', params: [m, start] },
			)
		await sql.batch(list)
		const daily = { ...outcomes, sizes: ['1d'] as const }
		const began = performance.now()
		await computeWindows(store.context, daily)
		const seconds = (performance.now() - began) / 1000
		const [row] = await sql.all<{ bytes: number }>({
			sql: 'SELECT sum(length(bytes)) AS bytes FROM outcome_record',
		})
		return [
			{
				name: '1,000 models x 8 attributes and their 28 pairs, one day computed',
				value: seconds,
				unit: 's',
				target: '<= 60',
				ok: seconds <= 60,
			},
			{ name: 'its results', value: (row?.bytes ?? 0) / 1e6, unit: 'MB' },
		]
	} finally {
		await store.close()
	}
}

function dayOutcomes(random: () => number, rows: number) {
	const summary = emptyOutcomeSummary()
	for (let i = 0; i < rows; i++) {
		const groups = Object.fromEntries(
			attributes.map((a, k) => [a, `g${Math.floor(random() * (2 + (k % 4)))}`]),
		)
		const score = random()
		const row = {
			score,
			decision: score >= 0.5 ? '+' : '-',
			query: '',
			probabilities: [],
			groups: withPairs(groups),
		}
		addPrediction(summary, 'binary', row)
		const actual = { text: random() < score ? '+' : '-', value: Number.NaN }
		addOutcome(summary, 'binary', row, { observed: true, actual }, 1)
	}
	return summary
}

export async function benchOutcomes(count = 400_000): Promise<Measurement[]> {
	const [small, large] = [await lateOutcome(1000), await lateOutcome(300_000)]
	return [
		...(await benchJoin(count)),
		{ name: 'one late outcome in an hour of 1,000 rows, p50', value: small, unit: 'ms' },
		{
			name: 'the same in an hour of 300,000 rows / of 1,000',
			value: large / small,
			unit: 'ratio',
			target: '<= 1.5',
			ok: large <= 1.5 * small,
		},
		...(await benchFairness()),
	]
}

if (import.meta.main) {
	const { toTable } = await import('./table.ts')
	console.log(toTable(await benchOutcomes(Number(process.argv[2] ?? 1_000_000))))
}
