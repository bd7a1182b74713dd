#!/usr/bin/env node
// Plain JavaScript, so that any Node can start it. The package has compiled code, which runs here. A clone has
// TypeScript, which Node 24 runs; `npm ci` brings one along for when this is an older release.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const pathOf = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const major = Number(process.versions.node.split('.')[0])
const source = pathOf('src/cli.ts')
const isClone = existsSync(source)

function fail(message) {
	process.stderr.write(`plumbline: ${message}\n`)
	process.exitCode = 2
}

/** Hands everything to another Node: arguments, streams, signals and the exit code. */
function runWith(node) {
	const child = spawn(node, [source, ...process.argv.slice(2)], { stdio: 'inherit' })
	let isEnding = false
	const pass = (signal) => {
		// A second signal could reach the child after its handlers are gone. On Windows the console signals the child itself.
		if (!isEnding && process.platform !== 'win32') child.kill(signal)
		isEnding = true
	}
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass)
	child.on('error', (error) => fail(`${node} cannot be run: ${error.message}. Run \`npm ci\` again.`))
	child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

if (major < 20) fail(`Node 20 or later is needed. This is Node ${process.versions.node}: https://nodejs.org`)
else if (!isClone) await import('../dist/cli.js')
else if (!existsSync(pathOf('node_modules'))) fail('The dependencies are not installed. Run `npm ci` first.')
else if (major >= 24) {
	// Half of what a short command takes is reading TypeScript: that is kept for the next one.
	module.enableCompileCache(pathOf('node_modules/.cache/compile'))
	await import('./cli.ts')
} else {
	const node = ['node_modules/node/bin/node', 'node_modules/node/bin/node.exe'].map(pathOf).find(existsSync)
	if (node) runWith(node)
	else fail('Node 24 is missing, which `npm ci` installs (without --ignore-scripts). Run `npm ci` first.')
}
