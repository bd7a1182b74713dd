import { Agent, request } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import { makeBodies, withFreshIds } from './rows.ts'

// Posts batches at a fixed rate, on its own thread, so that making them does not delay the thread that measures.
const { url, key, rowsPerSecond, seconds } = workerData as {
	url: string
	key: string
	rowsPerSecond: number
	seconds: number
}
const batchRows = 1000
const agent = new Agent({ keepAlive: true })
const bodies = makeBodies(4, batchRows, 5, () => Date.now() - 1000)

const post = (body: Buffer): Promise<number> =>
	new Promise((resolve, reject) => {
		const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' }
		const call = request(url, { method: 'POST', agent, headers }, (response) => {
			response.resume()
			response.on('end', () => resolve(response.statusCode ?? 0))
		})
		call.on('error', reject)
		call.end(body)
	})

const until = performance.now() + seconds * 1000
const interval = (batchRows / rowsPerSecond) * 1000
let next = performance.now()
let posted = 0
for (let i = 0; performance.now() < until; i++) {
	const status = await post(withFreshIds(bodies[i % bodies.length] as never))
	if (status !== 200) throw new Error(`the load was answered with ${status}`)
	posted += batchRows
	next += interval
	const wait = next - performance.now()
	if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
}
agent.destroy()
parentPort?.postMessage(posted)
