import { afterEach, describe, expect, vi } from 'vitest'
import { missedJobs } from '../../../src/alerting/alert/clock-states.ts'
import { minuteMs } from '../../../src/core/time.ts'
import { leaseMs } from '../../../src/jobs/run/lease.ts'
import { listRuns, pruneRuns } from '../../../src/jobs/run/recorded-runs.ts'
import { registerSchedules } from '../../../src/jobs/run/register-schedules.ts'
import { runJob } from '../../../src/jobs/run/run-job.ts'
import { admin } from '../../support/actors.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { heldJob, job } from '../../support/held-job.ts'

const it = withContextPerTest()
afterEach(() => vi.useRealTimers())

describe('a run of a job', () => {
	it('is recorded with what it did and how long it took', async ({ context, clock }) => {
		const run = await runJob(
			context,
			job(async () => {
				clock.advance(1200)
				return { windows: 3 }
			}),
			'a',
		)
		expect(run).toMatchObject({ status: 'ok', detail: { windows: 3 } })
		expect(await listRuns(context, admin)).toEqual([
			{
				id: run.id, job: 'tidy', status: 'ok', startedAt: '2026-03-02T00:00:00.000Z', finishedAt: '2026-03-02T00:00:01.200Z',
				durationMs: 1200, error: null, detail: { windows: 3 },
			}, // biome-ignore format: a row to be read at a glance
		])
	})

	it('records a failure instead of throwing it, and leaves the job free for the next run', async ({
		context,
		clock,
	}) => {
		const failing = await runJob(
			context,
			job(async () => Promise.reject(new Error('the source is gone'))),
			'a',
		)
		expect(failing).toMatchObject({ status: 'failed', error: 'the source is gone' })
		clock.advance(1)
		expect((await runJob(context, job(), 'b')).status).toBe('ok')
		expect((await listRuns(context, admin)).map((r) => [r.status, r.error])).toEqual([
			['ok', null],
			['failed', 'the source is gone'],
		])
	})

	it('has failed if some of its subjects failed, and names them', async ({ context }) => {
		const run = await runJob(
			context,
			job(async () => ({ computed: 7, failed: ['credit'] })),
			'a',
		)
		expect(run).toMatchObject({
			status: 'failed',
			error: 'Failed for credit; the log says why.',
			detail: { computed: 7 },
		})
	})

	it('excludes a second run at the same time, of this process or another', async ({ context }) => {
		const held = heldJob()
		const first = runJob(context, held.job, 'a')
		await held.started
		expect((await runJob(context, job(), 'b')).status).toBe('busy')
		expect((await runJob(context, job(), 'a')).status).toBe('busy')
		expect((await runJob(context, { ...job(), id: 'other' }, 'b')).status).toBe('ok')
		held.end()
		expect((await first).status).toBe('ok')
		expect((await listRuns(context, admin, { job: 'tidy' })).map((r) => r.status)).toEqual(['ok'])
	})

	it('is the only one of many that start at the same time', async ({ context }) => {
		const runs = await Promise.all(
			Array.from({ length: 8 }, (_, i) =>
				runJob(context, { ...job(), run: () => new Promise((r) => setTimeout(r, 100, {})) }, `p${i}`),
			),
		)
		expect(runs.map((r) => r.status).sort()).toEqual([...Array(7).fill('busy'), 'ok'])
	})

	it('is taken over when its process died, and then counts as failed', async ({ context, clock }) => {
		const held = heldJob()
		const first = runJob(context, held.job, 'dead')
		await held.started
		clock.advance(leaseMs)
		// An owner counts as dead if its lease is not renewed while another process watches it.
		expect(await runJob(context, job(), 'b')).toMatchObject({ status: 'busy', retryMs: leaseMs })
		clock.advance(leaseMs)
		expect((await runJob(context, job(), 'b')).status).toBe('ok')
		expect((await listRuns(context, admin)).map((r) => [r.status, r.error])).toEqual([
			['ok', null],
			['failed', 'The process that ran it has ended.'],
		])
		held.end()
		await first
		expect((await runJob(context, job(), 'c')).status).toBe('ok')
	})

	it('keeps its lease while it runs, however long it takes', async ({ context, clock }) => {
		vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
		const held = heldJob()
		const first = runJob(context, held.job, 'a')
		await held.started
		for (let n = 0; n < 6; n++) {
			clock.advance(leaseMs / 3)
			await vi.advanceTimersByTimeAsync(leaseMs / 3)
			await context.sql.batch([{ sql: 'SELECT 1' }])
		}
		expect((await runJob(context, job(), 'b')).status).toBe('busy')
		held.end()
		expect((await first).status).toBe('ok')
	})

	it('counts as failed when it lost its lease, and does not release the lease of the next owner', async ({
		context,
		clock,
	}) => {
		const held = heldJob()
		const first = runJob(context, held.job, 'slow')
		await held.started
		expect((await runJob(context, job(), 'b')).status).toBe('busy')
		clock.advance(leaseMs)
		const other = heldJob()
		const second = runJob(context, other.job, 'b')
		await other.started
		held.end()
		expect(await first).toMatchObject({ status: 'failed', error: expect.stringMatching(/lease expired/) })
		expect((await runJob(context, job(), 'c')).status).toBe('busy')
		other.end()
		expect((await second).status).toBe('ok')
	})
})

describe('a job that did not run', () => {
	const schedules = [{ id: 'tidy', cron: '*/5 * * * *' }]

	it('is missed after it was due twice', async ({ context, clock }) => {
		await registerSchedules(context, schedules)
		await runJob(context, job(), 'a')
		clock.advance(9 * minuteMs)
		expect(await missedJobs(context)).toEqual([])
		clock.advance(minuteMs)
		const start = clock.now - 10 * minuteMs
		expect(await missedJobs(context)).toEqual([{ job: 'tidy', lastOk: start, lateMs: 10 * minuteMs }])
		await runJob(context, job(), 'a')
		expect(await missedJobs(context)).toEqual([])
	})

	it('is missed when it fails each time', async ({ context, clock }) => {
		await registerSchedules(context, schedules)
		for (let n = 0; n < 2; n++) {
			clock.advance(5 * minuteMs)
			await runJob(
				context,
				job(async () => Promise.reject(new Error('no'))),
				'a',
			)
		}
		expect(await missedJobs(context)).toEqual([{ job: 'tidy', lastOk: null, lateMs: 10 * minuteMs }])
		await runJob(context, job(), 'a')
		expect(await missedJobs(context)).toEqual([])
	})

	it('is missed also if it never ran since the process started', async ({ context, clock }) => {
		await registerSchedules(context, schedules)
		clock.advance(10 * minuteMs)
		expect((await missedJobs(context)).map((m) => m.lastOk)).toEqual([null])
	})

	it('is not missed while it runs, nor after a long run, nor for the time in which no process ran', async ({
		context,
		clock,
	}) => {
		await registerSchedules(context, schedules)
		const held = heldJob()
		const run = runJob(context, held.job, 'a')
		await held.started
		await context.sql.batch([{ sql: 'UPDATE lease SET until = until + ?', params: [60 * minuteMs] }])
		clock.advance(30 * minuteMs)
		expect(await missedJobs(context)).toEqual([])
		held.end()
		await run
		expect(await missedJobs(context)).toEqual([])
		clock.advance(10 * minuteMs)
		expect(await missedJobs(context)).toHaveLength(1)
		await registerSchedules(context, schedules)
		expect(await missedJobs(context)).toEqual([])
	})
})

describe('old runs', () => {
	it('are deleted after thirty days, except for the last of each job', async ({ context, clock }) => {
		for (let n = 0; n < 3; n++) {
			await runJob(context, job(), 'a')
			clock.advance(minuteMs)
		}
		clock.advance(40 * 24 * 60 * minuteMs)
		await pruneRuns(context)
		expect(await listRuns(context, admin)).toHaveLength(1)
	})
})
