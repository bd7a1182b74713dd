import { readConfig } from '../../src/config.ts'
import { startServer } from '../../src/node.ts'

// A server that kills itself at one use of the database: TEST_KILL=before:3 just before the third commit of a vote or of an
// execution, after:3 just after it. Its clock is TEST_AHEAD milliseconds ahead, so that the claims of a dead process are over.

const [when, at = 0] = (process.env.TEST_KILL ?? '').split(':')
const ahead = Number(process.env.TEST_AHEAD ?? 0)
const logger = { info() {}, warn() {}, error: (message: string) => void process.stderr.write(`${message}\n`) }
const { url, context } = await startServer(readConfig(process.env), { now: () => Date.now() + ahead, logger })

const { batch } = context.sql
let commits = 0
context.sql.batch = async (statements) => {
	if (!statements.some(({ sql }) => /request_vote|\bexecution\b/.test(sql) && /^(insert|update)/i.test(sql)))
		return batch(statements)
	const isHere = ++commits === Number(at)
	if (isHere && when === 'before') process.kill(process.pid, 'SIGKILL')
	const result = await batch(statements)
	if (isHere && when === 'after') process.kill(process.pid, 'SIGKILL')
	return result
}
process.stdout.write(`${JSON.stringify({ url })}\n`)
