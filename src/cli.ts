import { readFileSync } from 'node:fs'
import type { RawTerminal } from './cli/command.ts'
import { main } from './cli/main.ts'
import { printable } from './core/printable.ts'

const version = (
	JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version

/** Offline commands do not load the configuration. */
const noConfig = new Proxy({} as RawTerminal['config'], {
	get: () => {
		throw new Error('an offline command has no configuration')
	},
})

async function settings(): Promise<Pick<RawTerminal, 'config' | 'warnings'>> {
	const { readConfig, unknownSettings } = await import('./config.ts')
	const warnings = unknownSettings(process.env)
	try {
		return { config: readConfig(process.env), warnings }
	} catch (error) {
		// A misspelt name is often the reason why another setting is missing.
		for (const warning of warnings) process.stderr.write(printable(`Warning: ${warning}\n`))
		throw error
	}
}

/** An offline command uses no settings, but misspelt ones still give a warning. */
async function offlineSettings(): Promise<Pick<RawTerminal, 'config' | 'warnings'>> {
	const hasSettings = Object.keys(process.env).some((name) => name.startsWith('PLUMBLINE_'))
	if (!hasSettings) return { config: noConfig }
	return { config: noConfig, warnings: (await import('./config.ts')).unknownSettings(process.env) }
}

const makeTerminal = async (isOffline: boolean): Promise<RawTerminal> => ({
	...(await (isOffline ? offlineSettings() : settings())),
	now: () => Date.now(),
	out: (text) => process.stdout.write(text),
	err: (text) => process.stderr.write(text),
	isScreen: process.stderr.isTTY === true,
	// Only commands that wait for a signal handle it; all others are ended by it at once.
	get stopped() {
		return untilStopped()
	},
})

let isStopped = false

function untilStopped(): Promise<void> {
	return new Promise((resolve) => {
		let firstAt: number | undefined
		const stop = () => {
			// A terminal and npm both pass on one Ctrl-C. A second Ctrl-C later ends the process at once.
			if (firstAt !== undefined && Date.now() - firstAt > 1000) process.exit(130)
			firstAt ??= Date.now()
			isStopped = true
			resolve()
		}
		for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
		if (process.env.npm_command === undefined) return
		// npm passes SIGTERM only to its shell, which ends without us: then we end too.
		const parent = process.ppid
		setInterval(() => process.ppid !== parent && resolve(), 500).unref()
	})
}

for (const stream of [process.stdout, process.stderr])
	stream.on('error', (error: NodeJS.ErrnoException) => {
		// The terminal was closed: SIGHUP ends the process in order.
		if (error.code === 'EIO') return
		if (error.code !== 'EPIPE') throw error
		// `plumbline … | head`: the reader has closed the pipe.
		process.exit(2)
	})

process.exitCode = await main(process.argv.slice(2), makeTerminal, version)
// Node resets signal handlers while it shuts down: a second signal would end the process with another exit code.
if (isStopped) process.exit()
