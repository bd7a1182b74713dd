import { once } from 'node:events'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { runProcess, startProcess } from '../runtimes/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { envWith, nodes } from './nodes.ts'

const root = new URL('../..', import.meta.url).pathname
const launcher = join(root, 'src/plumbline.js')

const folder = temporaryFolder()

describe.each(nodes())('a clone after npm ci, on Node %i', (major, node) => {
	// No registry answers: what is here has to do.
	const env = () => ({
		...envWith(node),
		npm_config_registry: 'http://127.0.0.1:9/',
		npm_config_fetch_retries: '0',
		npm_config_cache: join(folder, `npm-${major}`),
		PLUMBLINE_DATABASE_URL: `file:${join(folder, `${major}.db`)}`,
		PLUMBLINE_PORT: '0',
	})

	it('has the command, and contacts no registry', async () => {
		const help = await runProcess('npx', ['plumbline', '--help'], { cwd: root, env: env() })
		expect([help.code, help.err]).toEqual([0, ''])
		expect(help.out).toContain('Usage: plumbline COMMAND')
		const exec = ['exec', 'plumbline', '--', '--version']
		const version = await runProcess('npm', exec, { cwd: join(root, 'docs'), env: env() })
		expect([version.code, version.out], version.err).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
	})

	it('names commands in its messages as they are called', async () => {
		const { code, err } = await runProcess('npx', ['plumbline', 'snd'], { cwd: root, env: env() })
		expect([code, err]).toEqual([
			2,
			'plumbline: There is no command "snd". Did you mean "send"? `npx plumbline --help` lists them.\n',
		])
	})

	it('hands arguments and the exit code on', async () => {
		const { code, err } = await runProcess(node, [launcher, 'rules', 'chekc', 'a b'], {
			cwd: folder,
			env: env(),
		})
		expect([code, err]).toEqual([2, expect.stringMatching(/^plumbline: /)])
	})

	it.each([
		['SIGTERM', 0],
		['SIGTERM', 40],
		['SIGTERM', 70],
		['SIGINT', 0],
		['SIGHUP', 0],
	] as const)('ends on %s, also when it comes again after %i ms', async (signal, afterMs) => {
		const server = await startProcess(node, [launcher, 'serve', '--json'], {
			cwd: folder,
			env: env(),
			ready: /"url":"([^"]+)"/,
		})
		expect((await fetch(`${server.match}/healthz`)).status).toBe(200)
		const ended = once(server.child, 'exit')
		server.child.kill(signal)
		await setTimeout(afterMs)
		server.child.kill(signal)
		expect(await ended).toEqual([0, null])
		await expect(fetch(`${server.match}/healthz`)).rejects.toThrow()
	})
})

describe('the service that npx started', () => {
	it('ends with it, although npm tells only its shell', async () => {
		const server = await startProcess('npx', ['plumbline', 'serve', '--json'], {
			cwd: root,
			env: {
				...envWith(process.execPath),
				npm_config_cache: join(folder, 'npm'),
				PLUMBLINE_PORT: '0',
				PLUMBLINE_DATABASE_URL: `file:${join(folder, 'npx.db')}`,
			},
			ready: /"url":"([^"]+)"/,
		})
		server.child.kill('SIGTERM')
		await expect
			.poll(
				() =>
					fetch(`${server.match}/healthz`).then(
						() => 'serves',
						() => 'ended',
					),
				{ timeout: 30_000 },
			)
			.toBe('ended')
		await server.stop()
	})
})

describe('the command says what is missing:', () => {
	const run = (code: string) =>
		runProcess(process.execPath, ['--input-type=module', '-e', code], { cwd: folder })
	const load = (path: string) => `await import(${JSON.stringify(path)})`

	it('a newer Node', async () => {
		const old = `Object.defineProperty(process, 'versions', { value: { node: '18.20.0' } })`
		const { code, err } = await run(`${old}\n${load(launcher)}`)
		expect([code, err]).toEqual([
			2,
			'plumbline: Node 20 or later is needed. This is Node 18.20.0: https://nodejs.org\n',
		])
	})

	it('the dependencies of a clone', async () => {
		await mkdir(join(folder, 'src'), { recursive: true })
		await cp(launcher, join(folder, 'src/plumbline.js'))
		await cp(join(root, 'package.json'), join(folder, 'package.json'))
		await cp(join(root, 'src/cli.ts'), join(folder, 'src/cli.ts'))
		const { code, err } = await run(load(join(folder, 'src/plumbline.js')))
		expect([code, err]).toEqual([2, 'plumbline: The dependencies are not installed. Run `npm ci` first.\n'])
	})
})
