import { readConfig } from '../src/config.ts'
import { startServer } from '../src/node.ts'

// A server whose clock is ahead, so that the end of an hour need not be waited for.
const aheadMs = Number(process.env.BENCH_CLOCK_AHEAD_MS)
const config = readConfig(process.env)
const { url, close } = await startServer(config, { now: () => Date.now() + aheadMs })
console.log(JSON.stringify({ url }))
process.on('SIGTERM', () => void close().then(() => process.exit(0)))
