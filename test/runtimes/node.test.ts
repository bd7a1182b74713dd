import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startProcess } from './process.ts'
import { smoke } from './smoke.ts'

const root = new URL('../..', import.meta.url).pathname
const key = 'node-smoke-admin-key'
const jobIds = [
	'roll-up',
	'compute',
	'attribute',
	'replay',
	'evaluate-rules',
	'execute',
	'check-targets',
	'clocks',
	'deliver',
	'retention',
	'delete-due',
	'review-access',
	'checkpoint',
	'reports',
	'anchor',
	'verify-ledger',
]

it('does the main job on Node, and ends cleanly on a signal', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-node-'))
	const env = {
		...process.env,
		PLUMBLINE_DATABASE_URL: `file:${join(folder, 'smoke.db')}`,
		PLUMBLINE_PORT: '0',
		PLUMBLINE_ADMIN_KEY: key,
	}
	const server = await startProcess(process.execPath, ['src/cli.ts', 'serve', '--json'], {
		cwd: root,
		env,
		ready: /"url":"([^"]+)"/,
	})
	try {
		const url = server.match
		const runJobs = async () => {
			for (const id of jobIds) {
				const headers = { authorization: `Bearer ${key}` }
				// Its own schedule may be running the job right now; then that run does the work.
				const run = () => fetch(`${url}/v1/jobs/${id}/runs`, { method: 'POST', headers })
				let response = await run()
				for (let n = 0; response.status === 409 && n < 100; n++) {
					await new Promise((resolve) => setTimeout(resolve, 100))
					response = await run()
				}
				expect(await response.json()).toMatchObject({ job: id, status: 'ok' })
			}
		}
		await smoke({ url, key, runJobs })
	} finally {
		expect(await server.stop()).toBe(0)
		await rm(folder, { recursive: true, force: true })
	}
})
