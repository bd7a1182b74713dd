import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { signingSecret, slackRequest } from '../support/slack-request.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { runProcess, startProcess } from './process.ts'
import { smoke } from './smoke.ts'

const root = new URL('../..', import.meta.url).pathname
const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js')
const key = 'worker-smoke-admin-key'
const env = { ...process.env, CI: 'true', WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' }

const folder = temporaryFolder()

describe('the worker', () => {
	it('does the main job on workerd with D1', async () => {
		const state = join(folder, 'state')
		const migrate = [wrangler, 'd1', 'migrations', 'apply', 'plumbline', '--local', '--persist-to', state]
		const migrated = await runProcess(process.execPath, migrate, { cwd: root, env })
		expect(migrated.code, migrated.out + migrated.err).toBe(0)
		const slack = await fakeSlack()
		const settings = {
			PLUMBLINE_ADMIN_KEY: key,
			SLACK_BOT_TOKEN: 'xoxb-smoke',
			SLACK_SIGNING_SECRET: signingSecret,
			SLACK_API_URL: slack.url,
			SLACK_CHANNEL: 'C1',
		}
		const variables = Object.entries(settings).flatMap(([name, value]) => ['--var', `${name}:${value}`])
		const args = [wrangler, 'dev', '--ip', '127.0.0.1', '--port', '0', '--local', '--test-scheduled']
		const ready = /Ready on (http:\/\/127\.0\.0\.1:\d+)/
		const worker = await startProcess(process.execPath, [...args, '--persist-to', state, ...variables], {
			cwd: root,
			env,
			ready,
		})
		try {
			const url = worker.match
			const runJobs = async () => {
				const response = await fetch(`${url}/cdn-cgi/handler/scheduled`)
				expect([response.status, await response.text()]).toEqual([200, 'ok'])
			}
			await smoke({ url, key, runJobs })
			expect(slack.calls.filter((call) => call === 'chat.postMessage').length).toBeGreaterThan(0)
			const command = { command: '/plumb', text: 'help', team_id: 'T1', user_id: 'U1' }
			const answer = await fetch(slackRequest(`${url}/slack/events`, command, Date.now()))
			expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('ephemeral')])
			const event = { type: 'app_home_opened', tab: 'home', user: 'U1' }
			const body = { type: 'event_callback', team_id: 'T1', event_id: 'Ev1', event }
			const opened = await fetch(slackRequest(`${url}/slack/events`, body, Date.now(), { json: true }))
			expect([opened.status, slack.calls.at(-1)]).toEqual([200, 'views.publish'])
		} finally {
			await worker.stop()
			await slack.close()
		}
	})

	it('bundles nothing of node:* but for Bolt', async () => {
		const out = join(folder, 'out')
		const args = [wrangler, 'deploy', '--dry-run', '--outdir', out, '--metafile']
		const built = await runProcess(process.execPath, args, { cwd: root, env })
		expect(built.code, built.out + built.err).toBe(0)
		const { inputs } = JSON.parse(await readFile(join(out, 'bundle-meta.json'), 'utf8')) as Bundle
		const files = Object.keys(inputs)
		expect(files).toContain('src/worker.ts')
		expect(files.filter((file) => /^src\/.*-node\.ts$/.test(file))).toEqual([])
		const bolt = await packagesOf('@slack/bolt')
		const importers = files.filter((file) => inputs[file]?.imports.some((i) => isBuiltIn(i.path)))
		expect(importers.length).toBeGreaterThan(10)
		const others = importers.map((file) => packageFolder(file) ?? file).filter((name) => !bolt.has(name))
		// What wrangler itself puts in to provide node:*.
		const ofWrangler = /^node-built-in-modules:|^node_modules\/(unenv|@cloudflare\/unenv-preset)$|^_virtual_/
		expect(others.filter((name) => !ofWrangler.test(name))).toEqual([])
	})
})

/** Answers every call of the Web API with success, and remembers which they were. */
async function fakeSlack() {
	const calls: string[] = []
	const server = createServer((request, response) => {
		calls.push(request.url?.split('/').at(-1) ?? '')
		request.resume().on('end', () => {
			response.setHeader('content-type', 'application/json')
			response.end(JSON.stringify({ ok: true, team_id: 'T1', channel: 'C1', ts: `1.${calls.length}` }))
		})
	})
	server.listen(0, '127.0.0.1')
	await once(server, 'listening')
	const { port } = server.address() as AddressInfo
	const close = async () => {
		server.closeAllConnections()
		server.close()
	}
	return { url: `http://127.0.0.1:${port}/api/`, calls, close }
}

type Bundle = { inputs: Record<string, { imports: { path: string }[] }> }
type Needs = Record<string, string>
type Lock = Record<string, { dependencies?: Needs; optionalDependencies?: Needs; peerDependencies?: Needs }>

const isBuiltIn = (path: string) => /^(node|node-built-in-modules):/.test(path)
const packageFolder = (file: string) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]

/** The folders of a package and of all that it depends on, as the lock file has them. */
async function packagesOf(name: string): Promise<Set<string>> {
	const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
		packages: Lock
	}
	const found = new Set<string>()
	const visit = (from: string, wanted: string) => {
		for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
			const path = `${at === '' ? '' : `${at}/`}node_modules/${wanted}`
			const entry = packages[path]
			if (entry && !found.has(path)) {
				found.add(path)
				for (const next of Object.keys({
					...entry.dependencies,
					...entry.optionalDependencies,
					...entry.peerDependencies,
				}))
					visit(path, next)
			}
			if (entry || at === '') return
		}
	}
	visit('', name)
	return found
}
