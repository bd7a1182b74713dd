import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProcess, startProcess } from './process.ts'
import { smoke } from './smoke.ts'

const root = new URL('../..', import.meta.url).pathname
const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js')
const key = 'worker-smoke-admin-key'
const env = { ...process.env, CI: 'true', WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' }

let folder: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'plumbline-worker-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the worker', () => {
	it('does the main job on workerd with D1', async () => {
		const state = join(folder, 'state')
		const migrate = [wrangler, 'd1', 'migrations', 'apply', 'plumbline', '--local', '--persist-to', state]
		const migrated = await runProcess(process.execPath, migrate, { cwd: root, env })
		expect(migrated.code, migrated.out + migrated.err).toBe(0)
		const args = [wrangler, 'dev', '--ip', '127.0.0.1', '--port', '0', '--local', '--test-scheduled']
		const settings = ['--persist-to', state, '--var', `PLUMBLINE_ADMIN_KEY:${key}`]
		const ready = /Ready on (http:\/\/127\.0\.0\.1:\d+)/
		const worker = await startProcess(process.execPath, [...args, ...settings], { cwd: root, env, ready })
		try {
			const url = worker.match
			const runJobs = async () => {
				const response = await fetch(`${url}/cdn-cgi/handler/scheduled`)
				expect([response.status, await response.text()]).toEqual([200, 'ok'])
			}
			await smoke({ url, key, runJobs })
		} finally {
			await worker.stop()
		}
	})

	it('bundles nothing of node:* but for Bolt', async () => {
		const out = join(folder, 'out')
		const args = [wrangler, 'deploy', '--dry-run', '--outdir', out, '--metafile']
		const built = await runProcess(process.execPath, args, { cwd: root, env })
		expect(built.code, built.out + built.err).toBe(0)
		const { inputs } = JSON.parse(await readFile(join(out, 'bundle-meta.json'), 'utf8')) as {
			inputs: Record<string, { imports: { path: string; external?: boolean }[] }>
		}
		const importers = Object.entries(inputs).filter(([, { imports }]) =>
			imports.some((i) => i.path.startsWith('node:')),
		)
		expect(importers.map(([file]) => file).filter((file) => file.startsWith('src/'))).toEqual([])
		expect(Object.keys(inputs).filter((file) => /^src\/.*-node\.ts$/.test(file))).toEqual([])
		expect(Object.keys(inputs)).toContain('src/worker.ts')
	})
})
