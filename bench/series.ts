import { readConfig } from '../src/config.ts'
import { readPoints } from '../src/monitoring/windows/read-points.ts'
import { openContext } from '../src/node.ts'

// Reads the series of one feature as a chart queries it, and prints how long that takes. A process of its own.
const [url, model, feature] = process.argv.slice(2) as [string, string, string]
const { context, close } = await openContext(readConfig({ PLUMBLINE_DATABASE_URL: url }))
const times: number[] = []
for (let i = 0; i < 300; i++) {
	const began = performance.now()
	const { items } = await readPoints(context, {
		model,
		metrics: ['drift.psi'],
		feature,
		window: '1h',
		limit: 1000,
	})
	if (items.length < 30 * 24) throw new Error(`only ${items.length} hours`)
	times.push(performance.now() - began)
}
await close()
// The first hundred are the warm-up of a new process.
const sorted = times.slice(100).sort((a, b) => a - b)
console.log(JSON.stringify({ p50: sorted[99], p95: sorted[189] }))
