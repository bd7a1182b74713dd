#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import type { RawTerminal } from './cli/command.ts'
import { main } from './cli/main.ts'

const version = (
	JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version

/** What works on files alone need not carry what reading the configuration takes. */
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
		// A wrong name is often why another setting seems to be missing.
		for (const warning of warnings) process.stderr.write(`Warning: ${warning}\n`)
		throw error
	}
}

const makeTerminal = async (isOffline: boolean): Promise<RawTerminal> => ({
	...(isOffline ? { config: noConfig } : await settings()),
	now: () => Date.now(),
	out: (text) => process.stdout.write(text),
	err: (text) => process.stderr.write(text),
	isScreen: process.stderr.isTTY === true,
	// Only who waits for a signal takes it over: everything else is ended by it at once.
	get stopped() {
		return new Promise<void>((resolve) => {
			process.once('SIGINT', () => resolve())
			process.once('SIGTERM', () => resolve())
		})
	},
})

// `plumbline … | head`: the reader has enough, and nobody is left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
	if (error.code !== 'EPIPE') throw error
	process.exit(2)
})

process.exitCode = await main(process.argv.slice(2), makeTerminal, version)
