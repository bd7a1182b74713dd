import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { missedJobs } from '../../../src/alerting/alert/clock-states.ts'
import { minuteMs } from '../../../src/core/time.ts'
import { leaseMs } from '../../../src/jobs/run/lease.ts'
import { listRuns, pruneRuns } from '../../../src/jobs/run/recorded-runs.ts'
import { registerSchedules } from '../../../src/jobs/run/register-schedules.ts'
import { runJob } from '../../../src/jobs/run/run-job.ts'
import { testContext } from '../../support/context.ts'
import { heldJob, job } from '../../support/held-job.ts'
import { admin } from '../../support/plumb.ts'

let test: Awaited<ReturnType<typeof testContext>>
beforeEach(async () => {
	test = await testContext()
})
afterEach(async () => {
	vi.useRealTimers()
	await test.close()
})

describe('a run of a job', () => {
	it('is recorded with what it did and how long it took', async () => {
		const run = await runJob(
			test.context,
			job(async () => {
				test.clock.advance(1200)
				return { windows: 3 }
			}),
			'a',
		)
		expect(run).toMatchObject({ status: 'ok', detail: { windows: 3 } })
		expect(await listRuns(test.context, admin)).toEqual([
			{
				id: run.id, job: 'tidy', status: 'ok', startedAt: '2026-03-02T00:00:00.000Z', finishedAt: '2026-03-02T00:00:01.200Z',
				durationMs: 1200, error: null, detail: { windows: 3 },
			}, // biome-ignore format: a row to be read at a glance
		])
	})

	it('records a failure instead of throwing it, and leaves the job free for the next run', async () => {
		const failing = await runJob(
			test.context,
			job(async () => Promise.reject(new Error('the source is gone'))),
			'a',
		)
		expect(failing).toMatchObject({ status: 'failed', error: 'the source is gone' })
		test.clock.advance(1)
		expect((await runJob(test.context, job(), 'b')).status).toBe('ok')
		expect((await listRuns(test.context, admin)).map((r) => [r.status, r.error])).toEqual([
			['ok', null],
			['failed', 'the source is gone'],
		])
	})

	it('has failed if some of its subjects failed, and names them', async () => {
		const run = await runJob(
			test.context,
			job(async () => ({ computed: 7, failed: ['credit'] })),
			'a',
		)
		expect(run).toMatchObject({
			status: 'failed',
			error: 'Failed for credit; the log says why.',
			detail: { computed: 7 },
		})
	})

	it('excludes a second run at the same time, of this process or another', async () => {
		const held = heldJob()
		const first = runJob(test.context, held.job, 'a')
		await held.started
		expect((await runJob(test.context, job(), 'b')).status).toBe('busy')
		expect((await runJob(test.context, job(), 'a')).status).toBe('busy')
		expect((await runJob(test.context, { ...job(), id: 'other' }, 'b')).status).toBe('ok')
		held.end()
		expect((await first).status).toBe('ok')
		expect((await listRuns(test.context, admin, { job: 'tidy' })).map((r) => r.status)).toEqual(['ok'])
	})

	it('is the only one of many that start at the same time', async () => {
		const runs = await Promise.all(
			Array.from({ length: 8 }, (_, i) =>
				runJob(test.context, { ...job(), run: () => new Promise((r) => setTimeout(r, 100, {})) }, `p${i}`),
			),
		)
		expect(runs.map((r) => r.status).sort()).toEqual([...Array(7).fill('busy'), 'ok'])
	})

	it('is taken over when its process died, and then counts as failed', async () => {
		const held = heldJob()
		const first = runJob(test.context, held.job, 'dead')
		await held.started
		test.clock.advance(leaseMs)
		// An owner counts as dead if its lease is not renewed while another process watches it.
		expect(await runJob(test.context, job(), 'b')).toMatchObject({ status: 'busy', retryMs: leaseMs })
		test.clock.advance(leaseMs)
		expect((await runJob(test.context, job(), 'b')).status).toBe('ok')
		expect((await listRuns(test.context, admin)).map((r) => [r.status, r.error])).toEqual([
			['ok', null],
			['failed', 'The process that ran it has ended.'],
		])
		held.end()
		await first
		expect((await runJob(test.context, job(), 'c')).status).toBe('ok')
	})

	it('keeps its lease while it runs, however long it takes', async () => {
		vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
		const held = heldJob()
		const first = runJob(test.context, held.job, 'a')
		await held.started
		for (let n = 0; n < 6; n++) {
			test.clock.advance(leaseMs / 3)
			await vi.advanceTimersByTimeAsync(leaseMs / 3)
			await test.context.sql.batch([{ sql: 'SELECT 1' }])
		}
		expect((await runJob(test.context, job(), 'b')).status).toBe('busy')
		held.end()
		expect((await first).status).toBe('ok')
	})

	it('counts as failed when it lost its lease, and does not release the lease of the next owner', async () => {
		const held = heldJob()
		const first = runJob(test.context, held.job, 'slow')
		await held.started
		expect((await runJob(test.context, job(), 'b')).status).toBe('busy')
		test.clock.advance(leaseMs)
		const other = heldJob()
		const second = runJob(test.context, other.job, 'b')
		await other.started
		held.end()
		expect(await first).toMatchObject({ status: 'failed', error: expect.stringMatching(/lease expired/) })
		expect((await runJob(test.context, job(), 'c')).status).toBe('busy')
		other.end()
		expect((await second).status).toBe('ok')
	})
})

describe('a job that did not run', () => {
	const schedules = [{ id: 'tidy', cron: '*/5 * * * *' }]

	it('is missed after it was due twice', async () => {
		await registerSchedules(test.context, schedules)
		await runJob(test.context, job(), 'a')
		test.clock.advance(9 * minuteMs)
		expect(await missedJobs(test.context)).toEqual([])
		test.clock.advance(minuteMs)
		const start = test.clock.now - 10 * minuteMs
		expect(await missedJobs(test.context)).toEqual([{ job: 'tidy', lastOk: start, lateMs: 10 * minuteMs }])
		await runJob(test.context, job(), 'a')
		expect(await missedJobs(test.context)).toEqual([])
	})

	it('is missed when it fails each time', async () => {
		await registerSchedules(test.context, schedules)
		for (let n = 0; n < 2; n++) {
			test.clock.advance(5 * minuteMs)
			await runJob(
				test.context,
				job(async () => Promise.reject(new Error('no'))),
				'a',
			)
		}
		expect(await missedJobs(test.context)).toEqual([{ job: 'tidy', lastOk: null, lateMs: 10 * minuteMs }])
		await runJob(test.context, job(), 'a')
		expect(await missedJobs(test.context)).toEqual([])
	})

	it('is missed also if it never ran since the process started', async () => {
		await registerSchedules(test.context, schedules)
		test.clock.advance(10 * minuteMs)
		expect((await missedJobs(test.context)).map((m) => m.lastOk)).toEqual([null])
	})

	it('is not missed while it runs, nor after a long run, nor for the time in which no process ran', async () => {
		await registerSchedules(test.context, schedules)
		const held = heldJob()
		const run = runJob(test.context, held.job, 'a')
		await held.started
		await test.context.sql.batch([{ sql: 'UPDATE lease SET until = until + ?', params: [60 * minuteMs] }])
		test.clock.advance(30 * minuteMs)
		expect(await missedJobs(test.context)).toEqual([])
		held.end()
		await run
		expect(await missedJobs(test.context)).toEqual([])
		test.clock.advance(10 * minuteMs)
		expect(await missedJobs(test.context)).toHaveLength(1)
		await registerSchedules(test.context, schedules)
		expect(await missedJobs(test.context)).toEqual([])
	})
})

describe('old runs', () => {
	it('are deleted after thirty days, except for the last of each job', async () => {
		for (let n = 0; n < 3; n++) {
			await runJob(test.context, job(), 'a')
			test.clock.advance(minuteMs)
		}
		test.clock.advance(40 * 24 * 60 * minuteMs)
		await pruneRuns(test.context)
		expect(await listRuns(test.context, admin)).toHaveLength(1)
	})
})
