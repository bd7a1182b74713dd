import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { type Attack, countOf, unexpected } from './attack.ts'
import { rowsOf, startTarget, type Target, timestamp } from './target.ts'

const path = '/v1/models/m-a/predictions'
const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms))

const locked: Attack = {
	name: 'a locked database',
	sent: 'an exclusive lock on the database for some seconds, while it is asked and written to',
	holds: '/readyz answers 503 within 2 s; writes are 503 or wait; all is well afterwards',
	async run(target, scale) {
		const lock = createClient({ url: `file:${join(target.folder, 'attacked.db')}` })
		const held = await lock.transaction('write')
		await held.execute('CREATE TABLE IF NOT EXISTS held (x)')
		const start = performance.now()
		const ready = await target.ask('/readyz')
		const readyMs = Math.round(performance.now() - start)
		const writing = target.ask(path, { method: 'POST', json: rowsOf(`locked-${start}`, 5) })
		await pause(scale === 'full' ? 6000 : 500)
		await held.rollback()
		lock.close()
		const written = await writing
		const after = [
			await target.ask('/readyz'),
			await target.ask(path, { method: 'POST', json: rowsOf(`after-${start}`, 5) }),
		]
		return {
			figure: `/readyz ${ready.status} in ${readyMs} ms; a write ${written.status}; afterwards ${countOf(after.map((r) => r.status))}`,
			faults: [
				...unexpected('/readyz', [ready.status], [503]),
				...(readyMs > 2000 ? [`/readyz took ${readyMs} ms`] : []),
				...unexpected('a write', [written.status], [200, 503]),
				...unexpected(
					'afterwards',
					after.map((r) => r.status),
					[200],
				),
			],
		}
	},
}

/** Sends until it is answered, through restarts. */
async function persist(target: Target, json: unknown): Promise<number> {
	for (let tries = 0; tries < 1000; tries++) {
		const reply = await target.ask(path, { method: 'POST', json }).catch(() => undefined)
		if (reply?.status === 200) return JSON.parse(reply.text).accepted
		await pause(100)
	}
	throw new Error('no batch gets through')
}

async function stored(
	target: Target,
	batches: number,
	rows: number,
	prefix: string,
	at: string,
): Promise<string[]> {
	const faults: string[] = []
	for (let batch = 0; batch < batches; batch++) {
		const { text } = await target.ask(path, { method: 'POST', json: rowsOf(`${prefix}-${batch}`, rows, at) })
		const { accepted, duplicates } = JSON.parse(text)
		if (accepted !== 0 || duplicates !== rows)
			faults.push(`batch ${batch}: ${rows - duplicates} of ${rows} rows were lost`)
	}
	return faults
}

/** Asks for a run until there is one, `most` times again at most: the lease of a process that was killed has to run out first. */
async function runs(target: Target, job: string, most: number): Promise<number> {
	for (let tries = 0; ; tries++) {
		const { status } = await target.ask(`/v1/jobs/${job}/runs`, { method: 'POST', json: {} })
		if (status !== 409 || tries === most) return status
		await pause(1000)
	}
}

const killed: Attack = {
	name: 'SIGKILL during ingest and recount',
	sent: 'batches that are sent again until they are answered, jobs that recount, and SIGKILL at random moments',
	holds: 'no acknowledged row is lost or stored twice; every job goes on after the restart',
	healthMs: Number.POSITIVE_INFINITY,
	async run(_, scale) {
		const target = await startTarget()
		try {
			const [batches, rows, kills] = scale === 'full' ? [60, 200, 8] : [6, 20, 1]
			const prefix = 'killed'
			// A row that is sent again is the same row: its time too.
			const at = timestamp()
			let done = 0
			let sent = 0
			const sending = (async () => {
				for (; sent < batches || done < kills; sent++) {
					await persist(target, rowsOf(`${prefix}-${sent}`, rows, at))
					void target.ask('/v1/jobs/compute/runs', { method: 'POST', json: {} }).catch(() => {})
				}
			})()
			sending.catch(() => {})
			for (; done < kills; done++) {
				await pause(50 + Math.random() * 400)
				await target.kill('SIGKILL')
				await target.restart()
			}
			await sending
			const faults = await stored(target, sent, rows, prefix, at)
			const names = ['compute', 'roll-up', 'evaluate-rules']
			const waits = scale === 'full' ? 100 : 0
			const jobs = await Promise.all(names.map((job) => runs(target, job, waits)))
			return {
				figure: `${done} kills, ${sent * rows} rows once each; jobs ${countOf(jobs)}`,
				faults: [...faults, ...unexpected('a job', jobs, waits > 0 ? [201] : [201, 409])],
			}
		} finally {
			await target.close()
		}
	},
}

/** Reads how far the clock is off from a file, so that it can be moved while the process runs. */
const clockOf = (file: string) => `
import { readFileSync } from 'node:fs'
const now = Date.now
Date.now = () => { try { return now() + Number(readFileSync(${JSON.stringify(file)}, 'utf8')) } catch { return now() } }
`

const clock: Attack = {
	name: 'a clock that jumps',
	sent: 'the clock of the process goes an hour forward, then back, between and during jobs',
	holds: 'jobs run at every time; rows are taken',
	async run(_, scale) {
		const file = join(tmpdir(), `plumbline-clock-${process.pid}`)
		writeFileSync(file, '0')
		const preload = `data:text/javascript,${encodeURIComponent(clockOf(file))}`
		const target = await startTarget({ nodeArguments: ['--import', preload] })
		const statuses: (string | number)[] = []
		try {
			const hour = 3_600_000
			for (const offset of scale === 'full' ? [0, hour, 0, -hour, 0, 24 * hour, 0] : [0, hour, 0]) {
				const running = target.ask('/v1/jobs/compute/runs', { method: 'POST', json: {} })
				writeFileSync(file, String(offset))
				await running
				const run = await target.ask('/v1/jobs/compute/runs', { method: 'POST', json: {} })
				statuses.push(run.status === 201 ? JSON.parse(run.text).status : run.status)
				const rows = await target.ask(path, { method: 'POST', json: rowsOf(`clock-${statuses.length}`, 5) })
				statuses.push(rows.status)
			}
		} finally {
			await target.close()
		}
		return { figure: countOf(statuses), faults: unexpected('after a jump', statuses, ['ok', 200]) }
	},
}

export const restarts = [locked, killed, clock]
