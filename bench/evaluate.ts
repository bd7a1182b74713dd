import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parquetWriteFile } from 'hyparquet-writer'
import { randomSequence } from './rows.ts'
import type { Measurement } from './table.ts'

const rows = 1_000_000
const regions = ['north', 'east', 'south', 'west', 'abroad']
const script = fileURLToPath(new URL('evaluate.py', import.meta.url))
const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const options = ['--task', 'binary', '--actual', 'actual', '--score', 'score', '--group', 'region', '--json']

/** Scores that are all different, outcomes that follow them, and one group column. */
function makeRows() {
	const random = randomSequence(11)
	const score = Float64Array.from({ length: rows }, () => {
		const logit = 3 * (random() + random() + random() - 1.9)
		return 1 / (1 + Math.exp(-logit))
	})
	const actual = Int32Array.from(score, (p) => Number(random() < p))
	const region = Array.from({ length: rows }, () => regions[Math.floor(random() * random() * 5)] as string)
	return { score, actual, region }
}

async function writeFiles(folder: string): Promise<{ csv: string; parquet: string }> {
	const { score, actual, region } = makeRows()
	const [csv, parquet] = [join(folder, 'rows.csv'), join(folder, 'rows.parquet')]
	const out = createWriteStream(csv)
	out.write('id,score,actual,region\n')
	for (let from = 0; from < rows; from += 10_000) {
		const lines = Array.from({ length: 10_000 }, (_, i) => {
			const row = from + i
			return `${row},${score[row]},${actual[row]},${region[row]}\n`
		})
		out.write(lines.join(''))
	}
	out.end()
	await finished(out)
	const columnData = [
		{ name: 'score', data: score, type: 'DOUBLE' as const },
		{ name: 'actual', data: actual, type: 'INT32' as const },
		{ name: 'region', data: region, type: 'STRING' as const },
	]
	parquetWriteFile({ filename: parquet, columnData, rowGroupSize: 250_000 })
	return { csv, parquet }
}

type Run = { seconds: number; peakMb: number; out: string }

/** Runs a program to its end and says what it took; its peak is looked up many times a second. */
function measure(program: string, args: readonly string[]): Promise<Run> {
	return new Promise((resolve, reject) => {
		const began = performance.now()
		const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
		let [out, peakMb] = ['', 0]
		const look = setInterval(() => {
			try {
				const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
				peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
			} catch {
				// The process has ended between two looks.
			}
		}, 5)
		child.stdout.on('data', (chunk) => {
			out += chunk
		})
		child.on('error', reject)
		child.on('close', (code) => {
			clearInterval(look)
			if (code === 0) resolve({ seconds: (performance.now() - began) / 1000, peakMb, out })
			else reject(new Error(`${program} ${args[0]} ended with ${code}`))
		})
	})
}

/** A Python with pandas, scikit-learn and fairlearn: PLUMBLINE_PYTHON, or the one on the path. */
function python(): string | undefined {
	const program = process.env.PLUMBLINE_PYTHON ?? 'python3'
	const found = spawnSync(program, ['-c', 'import pandas, sklearn, fairlearn'], { stdio: 'ignore' })
	if (found.status === 0) return program
	console.error(
		`${program} has no pandas, scikit-learn and fairlearn: evaluate is not compared (PLUMBLINE_PYTHON names another).`,
	)
	return undefined
}

/** A million rows with one group column, whole processes, beside what one would write in Python. */
export async function benchEvaluate(): Promise<Measurement[]> {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'))
	try {
		const { csv, parquet } = await writeFiles(folder)
		const own = await measure(process.execPath, [cli, 'evaluate', '--data', csv, ...options])
		const ofParquet = await measure(process.execPath, [cli, 'evaluate', '--data', parquet, ...options])
		const results: Measurement[] = [
			{ name: 'evaluate 1M rows, CSV', value: own.seconds, unit: 's' },
			{ name: 'peak RSS of that', value: own.peakMb, unit: 'MB' },
			{ name: 'evaluate 1M rows, Parquet', value: ofParquet.seconds, unit: 's' },
			{ name: 'peak RSS of that', value: ofParquet.peakMb, unit: 'MB' },
		]
		const peer = python()
		if (!peer) return results
		const theirs = await measure(peer, [script, csv])
		compare(own.out, theirs.out)
		const [time, memory] = [own.seconds / theirs.seconds, own.peakMb / theirs.peakMb]
		return [
			...results,
			{ name: 'pandas, scikit-learn, fairlearn, CSV', value: theirs.seconds, unit: 's' },
			{ name: 'peak RSS of that', value: theirs.peakMb, unit: 'MB' },
			{ name: 'time / theirs', value: time, unit: 'ratio', target: '<= 1', ok: time <= 1 },
			{ name: 'peak RSS / theirs', value: memory, unit: 'ratio', target: '<= 0.2', ok: memory <= 0.2 },
		]
	} finally {
		await rm(folder, { recursive: true, force: true })
	}
}

/** Speed says nothing of other numbers. */
function compare(own: string, theirs: string): void {
	const { metrics, fairness } = JSON.parse(own)
	for (const [name, value] of Object.entries(JSON.parse(theirs) as Record<string, number>)) {
		const ours = metrics[`performance.${name}`] ?? fairness.region[`fairness.${name}`]
		if (!(Math.abs(ours.value - value) <= 1e-9)) throw new Error(`${name}: ${ours.value} and ${value}`)
	}
}

if (import.meta.main) {
	const { toTable } = await import('./table.ts')
	console.log(toTable(await benchEvaluate()))
}
