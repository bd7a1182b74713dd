import { readConfig } from '../../src/config.ts'
import { commit } from '../../src/db/commit.ts'
import { checkpoint } from '../../src/evidence/ledger/checkpoint.ts'
import { openContext } from '../../src/node.ts'

// Adds entries and signs them until it kills itself at one step: TEST_KILL=append:before:2 just before the second append,
// store:after:1 just after the first checkpoint was stored, file:before:1 just before the first file was written.

const [step, when, at = 0] = (process.env.TEST_KILL ?? '').split(':')
const logger = { info() {}, warn() {}, error: (message: string) => void process.stderr.write(`${message}\n`) }
const { context } = await openContext(readConfig(process.env), { logger })

const counts: Record<string, number> = {}
async function orDie<T>(name: string, work: () => Promise<T>): Promise<T> {
	counts[name] = (counts[name] ?? 0) + 1
	const isHere = name === step && counts[name] === Number(at)
	if (isHere && when === 'before') process.kill(process.pid, 'SIGKILL')
	const result = await work()
	if (isHere && when === 'after') process.kill(process.pid, 'SIGKILL')
	return result
}

const { batch } = context.sql
context.sql.batch = (statements) => {
	const has = (text: string) => statements.some(({ sql }) => sql.startsWith(text))
	const name = has('INSERT INTO ledger_checkpoint')
		? 'store'
		: has('INSERT INTO ledger_entry')
			? 'append'
			: 'other'
	return orDie(name, () => batch.call(context.sql, statements))
}
const file = context.checkpointFile as NonNullable<typeof context.checkpointFile>
const { write } = file
file.write = (note) => orDie('file', () => write(note))

for (let round = 0; ; round++) {
	const entries = Array.from({ length: 130 }, (_, i) => ({
		action: 'note',
		object: `thing:${process.pid}/${round}/${i}`,
	}))
	const made = await commit(context, { id: 'cli', how: 'cli' }, entries, [])
	process.stdout.write(`entries ${made.map(({ index, leafHash }) => `${index}:${leafHash}`).join(' ')}\n`)
	process.stdout.write(`checkpoint ${JSON.stringify((await checkpoint(context))?.note)}\n`)
	if (round === 5) process.exit(0)
}
