#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import type { Terminal } from './cli/command.ts'
import { main } from './cli/main.ts'
import { readConfig } from './config.ts'

const version = (
	JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version

const makeTerminal = (): Terminal => ({
	config: readConfig(process.env),
	now: () => Date.now(),
	out: (text) => process.stdout.write(text),
	err: (text) => process.stderr.write(text),
	isScreen: process.stderr.isTTY === true,
	stopped: new Promise((resolve) => {
		process.once('SIGINT', () => resolve())
		process.once('SIGTERM', () => resolve())
	}),
})

process.exitCode = await main(process.argv.slice(2), makeTerminal, version)
