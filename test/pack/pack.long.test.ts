import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProcess, startProcess } from '../runtimes/process.ts'
import { replayAll } from '../support/replay-all.ts'

const root = new URL('../..', import.meta.url).pathname

// A script's npm hands its own settings down; here it is a person's npm in an empty folder.
const plainEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))

const majorOf = (node: string): number =>
	Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1])

/** The Node that runs this test, and the machine's own where it is another release. */
function nodes(): [number, string][] {
	const found = new Map<number, string>()
	const folders = (process.env.PATH ?? '').split(delimiter).filter((f) => !f.includes('node_modules'))
	for (const node of [process.execPath, ...folders.map((f) => join(f, 'node'))]) {
		if (!existsSync(node)) continue
		const major = majorOf(node)
		if (major >= 20 && !found.has(major)) found.set(major, node)
	}
	return [...found]
}

let folder: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'plumbline-pack-'))
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
afterAll(() => rm(folder, { recursive: true, force: true }))

const command = () => join(folder, 'node_modules/.bin/plumbline')

describe.each(nodes())('the package, installed in an empty folder, on Node %i', (major, node) => {
	const env = (more: Record<string, string> = {}) => ({
		...plainEnv,
		PATH: `${dirname(node)}${delimiter}${plainEnv.PATH}`,
		PLUMBLINE_PORT: '0',
		...more,
	})

	it('shows its help', async () => {
		const { code, out } = await runProcess(command(), ['--help'], { cwd: folder, env: env() })
		expect(code).toBe(0)
		for (const name of ['serve', 'demo', 'keys', 'rules']) expect(out).toContain(name)
	})

	it('serves, with the rules that come with it, and ends when it is told to', async () => {
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
		const script = `import { pngRenderer } from './node_modules/plumbline/dist/render-png-node.js'
			const png = await pngRenderer()(${JSON.stringify(svg)})
			console.log(new TextDecoder('latin1').decode(png.slice(1, 4)), png.length > 300)`
		await writeFile(join(folder, 'render.mjs'), script)
		const ran = await runProcess(node, ['render.mjs'], { cwd: folder, env: env() })
		expect([ran.code, ran.out.trim()], ran.err).toEqual([0, 'PNG true'])
	})

	it('finds the thread that reads large model files', async () => {
		const script = `import { openTreeReader } from './node_modules/plumbline/dist/services/artifact/tree-reader-node.js'
			await openTreeReader()('lightgbm-text', new TextEncoder().encode('x')).catch((e) => console.log(e.message))`
		await writeFile(join(folder, 'read-trees.mjs'), script)
		const ran = await runProcess(node, ['read-trees.mjs'], { cwd: folder, env: env() })
		expect([ran.code, ran.out], ran.err).toEqual([0, expect.stringContaining('is no LightGBM model')])
	})

	it('checks its own rules', async () => {
		const { code, out, err } = await runProcess(command(), ['rules', 'check', '--json'], {
			cwd: folder,
			env: env(),
		})
		expect(code, out + err).toBe(0)
		expect(JSON.parse(out).rules).toBeGreaterThan(0)
	})

	it('runs the demo, which finds what has changed and whose every decision can be replayed', async () => {
		const url = `file:${join(folder, `demo-${major}.db`)}`
		const demo = await runProcess(command(), ['demo', '--exit', '--json'], {
			cwd: folder,
			env: env({ PLUMBLINE_DATABASE_URL: url }),
		})
		expect(demo.code, demo.err).toBe(0)
		const { incidents, why } = JSON.parse(demo.out)
		expect(incidents).toHaveLength(1)
		expect(why).toMatchObject({ replay: { status: 'matched' }, reasonsStatus: { status: 'ok' } })
		const replayed = await replayAll(url, 'credit-risk', '1')
		expect([Object.keys(replayed), (replayed.matched ?? 0) > 59_000]).toEqual([['matched'], true])
	})
})
