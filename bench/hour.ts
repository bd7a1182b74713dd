import { readConfig } from '../src/config.ts'
import { compute } from '../src/jobs/compute.ts'
import { evaluateRules } from '../src/jobs/evaluate-rules.ts'
import { openContext } from '../src/node.ts'

// A process that does the hourly work, computing and judging by the packaged rules, and says what that took.
const [url, now] = process.argv.slice(2) as [string, string]
const { context, close } = await openContext(readConfig({ PLUMBLINE_DATABASE_URL: url }), {
	now: () => Number(now),
})
const began = performance.now()
const computed = await compute.run(context)
const computeMs = performance.now() - began
const judged = await evaluateRules.run(context)
const judgeMs = performance.now() - began - computeMs
await close()
console.log(
	JSON.stringify({ computeMs, judgeMs, rssMb: process.resourceUsage().maxRSS / 1024, computed, judged }),
)
