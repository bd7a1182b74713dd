import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Model } from '../src/explain/model.ts'
import { openModel } from '../src/explain/open-model.ts'
import { explainRows } from '../src/explain/shap/explain-rows.ts'
import { planBackground } from '../src/explain/shap/interventional.ts'
import { planPaths } from '../src/explain/shap/path-dependent.ts'
import { openExplainPool } from '../src/platform/node/explain-pool.ts'
import { ensembleOf, modelBytes, modelRows } from './explain-model.ts'
import type { Measurement } from './table.ts'

const columns = 20
const script = fileURLToPath(new URL('explain.py', import.meta.url))

/** Milliseconds a call, the best of some rounds: the machine's other work only ever adds. */
function timed(calls: number, rounds: number, run: (call: number) => void): number {
	let best = Number.POSITIVE_INFINITY
	for (let round = 0; round < rounds; round++) {
		const began = performance.now()
		for (let call = 0; call < calls; call++) run(call)
		best = Math.min(best, (performance.now() - began) / calls)
	}
	return best
}

function rowsOf(count: number): Float64Array[] {
	const all = modelRows(count, columns)
	return Array.from({ length: count }, (_, r) => all.slice(r * columns, (r + 1) * columns))
}

const atMost = (name: string, value: number, unit: string, most: number): Measurement => ({
	name,
	value,
	unit,
	target: `<= ${most}`,
	ok: value <= most,
})

/** One row at a time, as a request asks, with encoding and the check of the sum. */
function oneRow(model: Model, rows: readonly Float64Array[]): Measurement[] {
	const row = (call: number) => rows[call % rows.length] as Float64Array
	const replay = timed(2000, 5, (call) => model.score(model.margin(row(call))))
	const explain = timed(400, 5, (call) => model.explain(row(call)))
	const background = model.background(rows.slice(0, 100))
	const against = timed(400, 5, (call) => model.explain(row(call), background))
	return [
		atMost('replay a row, 100 trees of depth 6', replay, 'ms', 0.1),
		atMost('explain a row, path-dependent', explain, 'ms', 3),
		atMost('explain a row, 100 background rows', against, 'ms', 5),
	]
}

function large(): Measurement[] {
	const model = openModel('xgboost-json', modelBytes(2000, 8, columns))
	const rows = rowsOf(20)
	const ms = timed(20, 3, (call) => model.explain(rows[call] as Float64Array))
	return [atMost('explain a row, 2,000 trees of depth 8', ms, 'ms', 100)]
}

function load(): Measurement[] {
	const bytes = modelBytes(1e6, 8, columns, 200e6)
	const began = performance.now()
	const model = openModel('xgboost-json', bytes)
	const seconds = (performance.now() - began) / 1000
	return [
		atMost(`load a model of ${Math.round(bytes.length / 1e6)} MB`, seconds, 's', 5),
		{ name: 'memory that it counts for', value: model.bytes / 1e6, unit: 'MB' },
	]
}

/** A Python with xgboost and shap: PLUMBLINE_PYTHON, or the one on the path. */
function python(): string | undefined {
	const program = process.env.PLUMBLINE_PYTHON ?? 'python3'
	const found = spawnSync(program, ['-c', 'import xgboost, shap'], { stdio: 'ignore' })
	if (found.status === 0) return program
	console.error(
		`${program} has no xgboost and shap: explanations are not compared (PLUMBLINE_PYTHON names another).`,
	)
	return undefined
}

type Peer = Record<'path_dependent' | 'interventional', { seconds: number; rows: number }>

/** shap on one core, on the same model and rows, in the same run. */
function runPeer(program: string, folder: string): Peer {
	const one = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
	const run = spawnSync(program, [script, folder], {
		encoding: 'utf8',
		env: { ...process.env, ...one },
		stdio: ['ignore', 'pipe', 'inherit'],
	})
	if (run.status !== 0) throw new Error(`${program} ${script} ended with ${run.status}`)
	return JSON.parse(run.stdout)
}

/** Speed says nothing of other numbers. */
function compare(own: Float64Array, file: string): void {
	const bytes = readFileSync(file)
	const theirs = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
	theirs.forEach((value, i) => {
		const difference = Math.abs(value - (own[i] as number))
		if (!(difference <= 1e-6)) throw new Error(`${file}: ${own[i]} and ${value} at ${i}`)
	})
}

async function batch(bytes: Uint8Array, count: number): Promise<Measurement[]> {
	const e = ensembleOf(openModel('xgboost-json', bytes).structure)
	const rows = modelRows(count, columns)
	const background = rowsOf(100)
	const own = new Float64Array(rows.length)
	const alone = timed(1, 2, () => explainRows(planPaths(e), rows, own)) / 1000
	const threads = availableParallelism()
	const pool = await openExplainPool(e, { threads })
	const began = performance.now()
	await pool.explain(rows)
	const together = (performance.now() - began) / 1000
	await pool.close()
	const few = rows.subarray(0, Math.max(1, Math.floor(count / 50)) * columns)
	const against = new Float64Array(few.length)
	const plan = planBackground(e, background)
	const perRow = timed(1, 2, () => explainRows(plan, few, against)) / (few.length / columns)
	const results: Measurement[] = [
		{ name: `explain ${count.toLocaleString('en')} rows, one thread`, value: alone, unit: 's' },
		{ name: `the same in ${threads} threads`, value: together, unit: 's' },
	]
	const peer = python()
	if (!peer) return results
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'))
	try {
		await writeFile(join(folder, 'model.json'), bytes)
		await writeFile(join(folder, 'rows.f64'), rows)
		await writeFile(join(folder, 'background.f64'), Float64Array.from(background.flatMap((r) => [...r])))
		await writeFile(join(folder, 'columns.txt'), String(columns))
		const theirs = runPeer(peer, folder)
		compare(own, join(folder, 'contributions.f64'))
		compare(against, join(folder, 'interventional.f64'))
		const seconds = theirs.path_dependent.seconds
		const [one, both] = [seconds / alone, seconds / together]
		const theirRow = (1000 * theirs.interventional.seconds) / theirs.interventional.rows
		return [
			...results,
			{ name: 'shap.TreeExplainer on one core', value: seconds, unit: 's' },
			{ name: 'speed / theirs, one thread', value: one, unit: 'ratio', target: '>= 0.5', ok: one >= 0.5 },
			{ name: `speed / theirs, ${threads} threads`, value: both, unit: 'ratio' },
			{ name: 'a row against 100 background rows', value: perRow, unit: 'ms' },
			{ name: 'the same, shap', value: theirRow, unit: 'ms' },
			{
				name: 'speed / theirs',
				value: theirRow / perRow,
				unit: 'ratio',
				target: '>= 1',
				ok: theirRow >= perRow,
			},
		]
	} finally {
		await rm(folder, { recursive: true, force: true })
	}
}

/** Explanations of trees: one row, many rows, large models; and beside shap where there is a Python that has it. */
export async function benchExplain(count: number): Promise<Measurement[]> {
	const bytes = modelBytes(100, 6, columns)
	const model = openModel('xgboost-json', bytes)
	return [...oneRow(model, rowsOf(200)), ...large(), ...load(), ...(await batch(bytes, count))]
}

if (import.meta.main) {
	const { toTable } = await import('./table.ts')
	console.log(toTable(await benchExplain(Number(process.argv[2] ?? 100_000))))
}
