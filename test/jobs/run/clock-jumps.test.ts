import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, vi } from 'vitest'
import { missedJobs } from '../../../src/alerting/alert/clock-states.ts'
import { minuteMs } from '../../../src/core/time.ts'
import { leaseMs } from '../../../src/jobs/run/lease.ts'
import { listRuns } from '../../../src/jobs/run/recorded-runs.ts'
import { registerSchedules } from '../../../src/jobs/run/register-schedules.ts'
import { runJob } from '../../../src/jobs/run/run-job.ts'
import { openSchedule } from '../../../src/platform/node/schedule.ts'
import { admin } from '../../support/actors.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { heldJob, job } from '../../support/held-job.ts'

const it = withContextPerTest()
afterEach(() => vi.useRealTimers())

describe('a clock that jumps', () => {
	it('ahead neither takes the lease of a live owner nor makes it lose the lease', async ({
		context,
		clock,
	}) => {
		vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
		const held = heldJob()
		const first = runJob(context, held.job, 'a')
		await held.started
		const ahead = { ...context, now: () => clock.now + 60 * minuteMs }
		for (let n = 0; n < 8; n++) {
			expect((await runJob(ahead, job(), 'b')).status).toBe('busy')
			clock.advance(leaseMs / 3)
			await vi.advanceTimersByTimeAsync(leaseMs / 3)
			await context.sql.batch([{ sql: 'SELECT 1' }])
		}
		held.end()
		expect((await first).status).toBe('ok')
	})

	it('back locks a job for no longer than a lease lasts', async ({ context, clock }) => {
		const held = heldJob()
		void runJob(context, held.job, 'dead')
		await held.started
		clock.jump(-6 * 60 * minuteMs)
		expect(await runJob(context, job(), 'b')).toMatchObject({ status: 'busy', retryMs: leaseMs })
		clock.advance(leaseMs)
		expect((await runJob(context, job(), 'b')).status).toBe('ok')
		held.end()
	})

	it('discards what an owner writes after it lost the lease', async ({ context, clock }) => {
		const write = { sql: "INSERT INTO log_state (key, value) VALUES ('late', '1')" }
		const stale = heldJob()
		let acted: unknown
		const first = runJob(
			context,
			{
				...stale.job,
				run: async (own) => {
					await stale.job.run(own)
					clock.jump(-60 * minuteMs)
					// Its own clock has not moved: only the fence shows that the lease was lost.
					const frozen = { ...own }
					acted = await frozen.sql.batch([write]).catch((error: unknown) => error)
					return {}
				},
			},
			'slow',
		)
		await stale.started
		await context.sql.batch([{ sql: "UPDATE lease SET owner = 'b', fence = fence + 1" }])
		stale.end()
		expect(await first).toMatchObject({ status: 'failed', error: expect.stringMatching(/lease expired/) })
		expect(String(acted)).toMatch(/CHECK constraint/)
		expect(await context.sql.values({ sql: "SELECT 1 FROM log_state WHERE key = 'late'" })).toEqual([])
	})

	it('an owner that could not renew in time stops acting', async ({ context, clock }) => {
		const held = heldJob()
		let read: unknown
		const run = runJob(
			context,
			{
				...held.job,
				run: async (own) => {
					await held.job.run(own)
					read = await own.sql.values({ sql: 'SELECT 1' }).catch((error: unknown) => error)
					return {}
				},
			},
			'slow',
		)
		await held.started
		clock.advance(leaseMs)
		held.end()
		await run
		expect(String(read)).toContain('lease expired')
	})

	it('in either direction makes no job count as missed, and hides no missed job for long', async ({
		context,
		clock,
	}) => {
		await registerSchedules(context, [{ id: 'tidy', cron: '*/5 * * * *' }])
		for (const hours of [6, -12]) {
			await runJob(context, job(), 'a')
			clock.jump(hours * 60 * minuteMs)
			await runJob(context, { ...job(), id: 'other' }, 'a')
			expect(await missedJobs(context)).toEqual([])
			clock.advance(10 * minuteMs)
			expect((await missedJobs(context)).map((m) => m.job)).toContain('tidy')
		}
	})

	it('or a busy process makes a skipped job run once, and going back runs none', async ({
		context,
		clock,
	}) => {
		const ran: string[] = []
		const run = async (id: string) => {
			ran.push(id)
			return { id, job: id, status: 'ok' as const, startedAt: 0, finishedAt: 0 }
		}
		const schedule = openSchedule([{ id: 'tidy', cron: '0 0 1 1 *' }], context.now, run)
		const runsAfter = async (change: () => void) => {
			change()
			ran.length = 0
			schedule.look()
			await new Promise((resolve) => setTimeout(resolve, 0))
			return ran.length
		}
		expect(await runsAfter(() => {})).toBe(0)
		expect(await runsAfter(() => clock.advance(366 * 24 * 60 * minuteMs))).toBe(1)
		expect(await runsAfter(() => clock.jump(366 * 24 * 60 * minuteMs))).toBe(1)
		expect(await runsAfter(() => clock.jump(-48 * 60 * minuteMs))).toBe(0)
		expect(await runsAfter(() => clock.jump(-400 * 24 * 60 * minuteMs))).toBe(0)
		await schedule.close()
	})
})

/** A process that repeatedly tries to run a job; answers the result of each try, in order. */
function startProcess(url: string, aheadMs = 0) {
	const script = fileURLToPath(new URL('../../support/job-process.ts', import.meta.url))
	const child = spawn(process.execPath, [script, url, String(aheadMs)], {
		stdio: ['pipe', 'pipe', 'inherit'],
	})
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
	return {
		next: async () => (await lines.next()).value as string | undefined,
		/** Advances its monotonic clock. */
		wait: (ms: number) => child.stdin.write(`${ms}\n`),
		kill: () => child.kill('SIGKILL'),
	}
}

it('two processes, one an hour ahead: the live one keeps the job, and when it is killed the other continues', async ({
	context,
	instance,
}) => {
	const holder = startProcess(instance.url)
	expect(await holder.next()).toBe('started')
	const ahead = startProcess(instance.url, 60 * minuteMs)
	try {
		for (let n = 0; n < 3; n++) expect(await ahead.next()).toBe('busy')
		holder.kill()
		ahead.wait(leaseMs)
		let said = await ahead.next()
		while (said === 'busy') said = await ahead.next()
		expect(said).toBe('started')
		const runs = await listRuns(context, admin)
		expect(runs.map((r) => r.status).sort()).toEqual(['failed', 'running'])
	} finally {
		holder.kill()
		ahead.kill()
	}
})
