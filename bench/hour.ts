import { readFile } from 'node:fs/promises'
import { readConfig } from '../src/config.ts'
import { compute } from '../src/jobs/compute.ts'
import { evaluateRules } from '../src/jobs/index.ts'
import { openContext } from '../src/node.ts'

// Does the hourly work, computing and evaluating the packaged rules, and prints what it took. A process of its own.
const [url, now] = process.argv.slice(2) as [string, string]
const { context, close } = await openContext(readConfig({ PLUMBLINE_DATABASE_URL: url }), {
	now: () => Number(now),
})
const began = performance.now()
const computed = await compute.run(context)
const computeMs = performance.now() - began
const evaluated = await evaluateRules.run(context)
const evaluateMs = performance.now() - began - computeMs
await close()
// Not resourceUsage(): that includes the memory of the parent process from before this program was loaded.
const rssMb = Number(/VmHWM:\s+(\d+)/.exec(await readFile('/proc/self/status', 'utf8'))?.[1]) / 1024
console.log(JSON.stringify({ computeMs, evaluateMs, rssMb, computed, evaluated }))
