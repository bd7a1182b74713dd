import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runProcess, startProcess } from '../runtimes/process.ts'
import { replayAll } from '../support/replay-all.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { envWith, nodes, plainEnv } from './nodes.ts'

const root = new URL('../..', import.meta.url).pathname

/** Patience, not a measure: a loaded machine takes many times what a quiet one does. */
const demoMs = 900_000

const folder = temporaryFolder()
beforeAll(async () => {
	const pack = await runProcess('npm', ['pack', '--pack-destination', folder], { cwd: root, env: plainEnv })
	expect(pack.code, pack.out + pack.err).toBe(0)
	const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
	// Without it npm would install into a folder above that happens to have one.
	await writeFile(join(folder, 'package.json'), '{ "private": true }')
	const options = ['--prefer-offline', '--no-audit', '--no-fund']
	const install = await runProcess('npm', ['install', ...options, `./${tarball}`], {
		cwd: folder,
		env: plainEnv,
	})
	expect(install.code, install.out + install.err).toBe(0)
})

const command = () => join(folder, 'node_modules/.bin/plumbline')

describe.each(nodes())('the package, installed in an empty folder, on Node %i', (major, node) => {
	const env = (more: Record<string, string> = {}) => ({
		...envWith(node),
		PLUMBLINE_PORT: '0',
		...more,
	})

	it('shows its help', async () => {
		const { code, out } = await runProcess(command(), ['--help'], { cwd: folder, env: env() })
		expect(code).toBe(0)
		for (const name of ['serve', 'demo', 'keys', 'rules']) expect(out).toContain(name)
	})

	it('serves with the packaged rules, and ends on a signal', async () => {
		const url = `file:${join(folder, `serve-${major}.db`)}`
		const settings = { PLUMBLINE_DATABASE_URL: url, PLUMBLINE_ADMIN_KEY: 'pack-test-admin-key' }
		const ready = /"url":"([^"]+)"/
		const server = await startProcess(command(), ['serve', '--json'], {
			cwd: folder,
			env: env(settings),
			ready,
		})
		const health = await fetch(`${server.match}/readyz`)
		expect(await health.json()).toEqual({ status: 'ok' })
		const models = await fetch(`${server.match}/v1/models`, {
			headers: { authorization: 'Bearer pack-test-admin-key' },
		})
		expect(await models.json()).toEqual({ items: [], next: null })
		expect(await server.stop()).toBe(0)
	})

	it('finds the renderer and the fonts of its pictures', async () => {
		const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="9"><text y="9">why</text></svg>'
		const script = `import { pngRenderer } from './node_modules/plumbline/dist/platform/node/render-png.js'
			const png = await pngRenderer()(${JSON.stringify(svg)})
			console.log(new TextDecoder('latin1').decode(png.slice(1, 4)), png.length > 300)`
		await writeFile(join(folder, 'render.mjs'), script)
		const ran = await runProcess(node, ['render.mjs'], { cwd: folder, env: env() })
		expect([ran.code, ran.out.trim()], ran.err).toEqual([0, 'PNG true'])
	})

	it('finds the thread that reads large model files', async () => {
		const script = `import { openTreeReader } from './node_modules/plumbline/dist/platform/node/tree-reader.js'
			await openTreeReader()('lightgbm-text', new TextEncoder().encode('x')).catch((e) => console.log(e.message))`
		await writeFile(join(folder, 'read-trees.mjs'), script)
		const ran = await runProcess(node, ['read-trees.mjs'], { cwd: folder, env: env() })
		expect([ran.code, ran.out], ran.err).toEqual([0, expect.stringContaining('is not a LightGBM model')])
	})

	it('checks its own rules', async () => {
		const { code, out, err } = await runProcess(command(), ['rules', 'check', '--json'], {
			cwd: folder,
			env: env(),
		})
		expect(code, out + err).toBe(0)
		expect(JSON.parse(out).rules).toBeGreaterThan(0)
	})

	it(
		'runs the demo, which finds what has changed, whose links open in a browser, and whose every decision can be replayed',
		async () => {
			const url = `file:${join(folder, `demo-${major}.db`)}`
			const demo = await startProcess(command(), ['demo'], {
				cwd: folder,
				env: env({ PLUMBLINE_DATABASE_URL: url }),
				ready: /Press Ctrl-C to stop/,
				timeoutMs: demoMs,
			})
			const said = demo.output()
			// Progress is there from the beginning.
			expect(said.split('\n').slice(0, 3).join('\n')).toMatch(/^ +0 s +0% {2}posting/m)
			for (const part of [
				'Plumbline opened one incident',
				'replay with the model file: matched',
				'reason 1:',
			])
				expect(said).toContain(part)
			await openAll(said)
			expect(await demo.stop('SIGINT')).toBe(0)
			const { counts, rows } = await replayAll(url, 'credit-risk', '1')
			// 1,000 of each of the 59 whole days, and those of today before the rollback: none right after midnight.
			expect(counts).toEqual({ matched: rows })
			expect(rows).toBeGreaterThan(58_999)
		},
		2 * demoMs,
	)
})

/** Opens every link as a browser does, the one-time link first, and runs every curl command. */
async function openAll(said: string): Promise<void> {
	const links = [...new Set(said.match(/http:\/\/[^\s']+/g))]
	const first = links.find((link) => link.includes('/demo/')) as string
	const accept = 'text/html,*/*;q=0.8'
	const cookie = (await fetch(first, { headers: { accept } })).headers.get('set-cookie')?.split(';')[0] ?? ''
	for (const link of links.filter((l) => l !== first)) {
		const page = await fetch(link, { headers: { accept, cookie } })
		expect([link, page.status, page.headers.get('content-type')]).toEqual([
			link,
			200,
			'text/html; charset=utf-8',
		])
	}
	const calls = said.match(/^ {2}curl .*(\n {4}-H .*)*/gm) ?? []
	expect(calls).toHaveLength(4)
	for (const call of calls) {
		const { code, out } = await runProcess('bash', ['-c', call.replace('curl -s', 'curl -sf')], {
			cwd: folder,
		})
		expect([call, code, out.slice(0, 4)]).toEqual([call, 0, '{\n  '])
	}
}

it('what the image installs is what the lock file says, and it runs', async () => {
	const app = join(folder, 'app')
	await mkdir(app)
	const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
	const unpack = ['-xzf', join(folder, tarball), '--strip-components=1', '-C', app]
	expect((await runProcess('tar', unpack, { cwd: folder, env: plainEnv })).code).toBe(0)
	for (const name of ['package-lock.json', '.npmrc']) await cp(join(root, name), join(app, name))
	const install = ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline']
	const installed = await runProcess('npm', install, { cwd: app, env: plainEnv })
	expect(installed.code, installed.out + installed.err).toBe(0)
	const read = async (path: string) => JSON.parse(await readFile(join(app, path), 'utf8'))
	const locked = (await read('package-lock.json')).packages as Record<string, { version: string }>
	const found = (await read('node_modules/.package-lock.json')).packages as typeof locked
	expect(Object.keys(found).length).toBeGreaterThan(20)
	for (const [path, { version }] of Object.entries(found))
		expect([path, version]).toEqual([path, locked[path]?.version])
	expect(Object.keys(found)).not.toContain('node_modules/vitest')
	const help = await runProcess(process.execPath, ['src/plumbline.js', '--help'], { cwd: app, env: plainEnv })
	expect([help.code, help.out], help.err).toEqual([0, expect.stringContaining('serve')])
})
