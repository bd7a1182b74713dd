import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { damagedCopies } from '../../test/support/flip-bytes.ts'
import { type Attack, countOf, type Scale, unexpected } from './attack.ts'
import { rowsOf, type Target, timestamp } from './target.ts'

const predictions = '/v1/models/m-a/predictions'
const baseline = '/v1/models/m-a/versions/1/baseline'
const mb = 2 ** 20

const post = (
	target: Target,
	body: Uint8Array | string,
	type: string,
	headers: Record<string, string> = {},
) =>
	target.ask(predictions, {
		method: 'POST',
		body: body as BodyInit,
		headers: { 'content-type': type, ...headers },
	})
const ndjson = 'application/x-ndjson'
const times = (scale: Scale, full: number) => (scale === 'full' ? full : 1)

const blankLines: Attack = {
	name: 'blank lines',
	sent: '2 MB of blank NDJSON lines, blank CSV lines, `{}` lines',
	holds: '200, 400, 413 or 422',
	async run(target, scale) {
		const size = times(scale, 20) * 100_000
		const statuses = [
			(await post(target, '\n'.repeat(size), ndjson)).status,
			(await post(target, ' \r\n'.repeat(size / 3), ndjson)).status,
			(await post(target, `predictionId,version,timestamp,x\n${'\n'.repeat(size)}`, 'text/csv')).status,
			(await post(target, '{}\n'.repeat(size / 10), ndjson)).status,
		]
		return { figure: countOf(statuses), faults: unexpected('a body', statuses, [200, 400, 413, 415, 422]) }
	},
}

const gzip: Attack = {
	name: 'gzip bombs',
	sent: '12 KB of gzip that unpacks to many megabytes; thousands of tiny members; a bomb in a bomb',
	holds: '400, 413 or 422 (200 for members within the limits)',
	async run(target, scale) {
		const encoding = { 'content-encoding': 'gzip' }
		const bomb = gzipSync(Buffer.alloc(times(scale, 12) * mb, '\n'))
		const line = `${JSON.stringify(rowsOf('bomb', 1)[0])}\n`
		const rows = gzipSync(line.repeat(scale === 'full' ? 100_000 : 1000))
		const members = Buffer.concat(Array(scale === 'full' ? 20_000 : 500).fill(gzipSync('\n')))
		const empty = Buffer.concat(Array(scale === 'full' ? 50_000 : 500).fill(gzipSync('')))
		const statuses: number[] = []
		for (const body of [bomb, rows, members, empty, gzipSync(bomb)])
			statuses.push((await post(target, body, ndjson, encoding)).status)
		return { figure: countOf(statuses), faults: unexpected('a bomb', statuses, [200, 400, 413, 422]) }
	},
}

const deep: Attack = {
	name: 'deep nesting',
	sent: 'a feature nested 5,000 deep among good rows; a whole body of 1,000,000 brackets; deep JSON for a model',
	holds: 'the row is `invalid` and the good ones are kept; 400 or 422 for the body',
	async run(target, scale) {
		const depth = scale === 'full' ? 1_000_000 : 20_000
		const nested = `${'['.repeat(5000)}1${']'.repeat(5000)}`
		const head = `"version":"1","timestamp":"${timestamp()}","score":0.5`
		const id = `deep-${Math.random()}`
		const bad = `{"predictionId":"${id}-bad",${head},"features":{"x":${nested},"y":1}}`
		const good = [0, 1].map((i) => `{"predictionId":"${id}-${i}",${head},"features":{"x":1,"y":1}}`)
		const faults: string[] = []
		const statuses: number[] = []
		for (const [body, type] of [
			[`${good[0]}\n${bad}\n${good[1]}\n`, ndjson],
			[`[${good[0]?.replace('-0', '-2')},${bad},${good[1]?.replace('-1"', '-3"')}]`, 'application/json'],
		] as const) {
			const { status, text } = await post(target, body, type)
			statuses.push(status)
			const { accepted, rejected } = status === 200 ? JSON.parse(text) : {}
			if (accepted !== 2 || rejected?.length !== 1)
				faults.push(`rows beside a deep one (${type}): ${status} ${text.slice(0, 100)}`)
		}
		const brackets = [
			'['.repeat(depth),
			`${'{"a":'.repeat(depth / 5)}`,
			`[${'['.repeat(depth)}${']'.repeat(depth)}]`,
		]
		for (const body of brackets) {
			statuses.push((await post(target, body, 'application/json')).status)
			const model = await target.ask('/v1/models', { method: 'POST', body })
			statuses.push(model.status)
		}
		return {
			figure: countOf(statuses),
			faults: [...faults, ...unexpected('a body', statuses, [200, 400, 413, 422])],
		}
	},
}

const parquet: Attack = {
	name: 'damaged Parquet',
	sent: 'Parquet files with a changed byte, cut short, or claiming many cells, as baselines',
	holds: '200, 400, 413 or 422, each within seconds',
	async run(target, scale) {
		const columnData = ['x', 'y'].map((name, c) => ({
			name,
			data: Array.from({ length: 60 }, (_, i) => (c === 0 ? i / 7 : i % 5)),
			type: 'DOUBLE' as const,
		}))
		const whole = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 30 }))
		const headers = { 'content-type': 'application/vnd.apache.parquet' }
		const files = [...damagedCopies(whole, scale === 'full' ? 40 : 6), whole.slice(0, -9), whole.slice(8)]
		const statuses: number[] = []
		for (const body of files) {
			statuses.push((await target.ask(baseline, { method: 'PUT', body, headers })).status)
		}
		return {
			figure: countOf(statuses),
			faults: unexpected('a file', statuses, [200, 201, 400, 409, 413, 422]),
		}
	},
}

const models: Attack = {
	name: 'damaged model files',
	sent: 'random bytes and deep JSON as artifacts of each format',
	holds: '400, 409, 413 or 422',
	async run(target, scale) {
		const statuses: number[] = []
		const bodies = [
			new Uint8Array(1000).map((_, i) => (i * 7919) % 256),
			Buffer.from('{"learner":'.repeat(scale === 'full' ? 100_000 : 1000)),
			Buffer.from(`{"learner":${'['.repeat(10_000)}`),
		]
		for (const format of ['xgboost-json', 'xgboost-ubj', 'lightgbm-text', 'onnx', 'linear-json'])
			for (const body of bodies) {
				const path = `/v1/models/n-b/versions/1/artifact?format=${format}`
				const headers = { 'content-type': 'application/octet-stream' }
				statuses.push((await target.ask(path, { method: 'PUT', body: new Uint8Array(body), headers })).status)
			}
		return { figure: countOf(statuses), faults: unexpected('a file', statuses, [400, 409, 413, 422]) }
	},
}

const names: Attack = {
	name: 'feature names without end',
	sent: 'rows of 1,900 features each, and each feature in one row alone; then the jobs over them',
	holds: '200, and jobs that end; memory stays in its budget',
	async run(target, scale) {
		const at = timestamp()
		const statuses: number[] = []
		for (let batch = 0; batch < times(scale, 24); batch++) {
			const lines = Array.from({ length: 50 }, (_, row) => {
				const features = Array.from({ length: 1900 }, (_, i) => [`f${batch}_${row}_${i}`, i])
				return JSON.stringify({
					...rowsOf(`names-${batch}-${row}`, 1, at)[0],
					features: Object.fromEntries(features),
				})
			})
			statuses.push((await post(target, lines.join('\n'), ndjson)).status)
		}
		const jobs: number[] = []
		for (const job of ['roll-up', 'compute', 'attribute', 'replay', 'evaluate-rules'])
			jobs.push((await target.ask(`/v1/jobs/${job}/runs`, { method: 'POST', json: {} })).status)
		const faults = [...unexpected('a body', statuses, [200]), ...unexpected('a job', jobs, [201, 409])]
		return { figure: `${countOf(statuses)}; jobs ${countOf(jobs)}`, faults }
	},
}

export const bodies = [blankLines, gzip, deep, parquet, models, names]
