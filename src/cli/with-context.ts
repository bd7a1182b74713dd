import type { Context } from '../context.ts'
import { openContext } from '../node.ts'
import { jsonLogger } from '../platform/logger.ts'
import type { Terminal } from './command.ts'

/** Opens the configured database for one piece of work. Warnings and errors go to standard error. */
export async function withContext<T>(terminal: Terminal, work: (context: Context) => Promise<T>): Promise<T> {
	const { context, close } = await openContext(terminal.config, {
		logger: jsonLogger((line) => terminal.err(line), terminal.now, 'warn'),
	})
	try {
		return await work(context)
	} finally {
		await close()
	}
}
