import { readConfig } from '../../src/config.ts'
import { runJob } from '../../src/jobs/run/run-job.ts'
import { openContext } from '../../src/node.ts'

// A process that tries to run a job that never ends, with a clock that is ahead. Each line of its input advances its
// monotonic clock.

const [url, ahead] = process.argv.slice(2)
const { context } = await openContext(readConfig({ PLUMBLINE_DATABASE_URL: url }), {
	now: () => Date.now() + Number(ahead),
	logger: { info() {}, warn() {}, error() {} },
})
let passed = 0
process.stdin.on('data', (line) => {
	passed += Number(line)
})
context.monotonic = () => performance.now() + passed
const say = (word: string) => process.stdout.write(`${word}\n`)
const run = () => {
	say('started')
	return new Promise<never>(() => {})
}
for (;;) {
	const { status } = await runJob(context, { id: 'tidy', cron: '*/5 * * * *', run }, `process ${process.pid}`)
	say(status)
	await new Promise((resolve) => setTimeout(resolve, 200))
}
