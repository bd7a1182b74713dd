import { describe, expect, it } from 'vitest'
import { compute } from '../../../src/jobs/compute.ts'
import { jobs } from '../../../src/jobs/index.ts'
import type { JobRun } from '../../../src/jobs/run/run-job.ts'
import { openSchedule } from '../../../src/platform/node/schedule.ts'

const never = '0 0 1 1 *'
const now = () => Date.parse('2026-03-02T00:00:30Z')
const tick = () => new Promise((resolve) => setTimeout(resolve, 0))

/** Runs that end when a test says so. */
function heldRuns() {
	const started: string[] = []
	const ends: (() => void)[] = []
	const run = (id: string): Promise<JobRun> => {
		started.push(id)
		return new Promise((resolve) =>
			ends.push(() => resolve({ id, job: id, status: 'ok', startedAt: 0, finishedAt: 0 })),
		)
	}
	const end = async () => {
		ends.shift()?.()
		await tick()
	}
	return { started, run, end }
}

describe('a schedule', () => {
	it('starts a job that is due between its times, once while it runs', async () => {
		const { started, run, end } = heldRuns()
		let isDue = true
		const schedule = openSchedule([{ id: 'deliver', cron: never, isDue: async () => isDue }], now, run)
		schedule.look()
		await tick()
		schedule.look()
		await tick()
		expect(started).toEqual(['deliver'])
		isDue = false
		await end()
		schedule.look()
		await tick()
		expect(started).toEqual(['deliver'])
		await schedule.close()
	})

	it('goes on when nobody knows whether a job is due', async () => {
		const { started, run } = heldRuns()
		const isDue = () => Promise.reject(new Error('the store is busy'))
		const schedule = openSchedule([{ id: 'deliver', cron: never, isDue }], now, run)
		schedule.look()
		await tick()
		expect(started).toEqual([])
		await schedule.close()
	})

	it('starts what follows a job when it ends, and again when that was running meanwhile', async () => {
		const { started, run, end } = heldRuns()
		const list = [
			{ id: 'compute', cron: never, followedBy: 'evaluate', isDue: async () => started.length === 0 },
			{ id: 'evaluate', cron: never, isDue: async () => started.length === 1 },
		]
		const schedule = openSchedule(list, now, run)
		schedule.look()
		await tick()
		schedule.look()
		await tick()
		expect(started).toEqual(['compute', 'evaluate'])
		await end()
		expect(started).toEqual(['compute', 'evaluate'])
		await end()
		expect(started).toEqual(['compute', 'evaluate', 'evaluate'])
		await end()
		expect(started).toHaveLength(3)
		await schedule.close()
	})

	it('makes up, once, for the times that came while a job ran', async () => {
		const { started, run, end } = heldRuns()
		let at = now()
		const schedule = openSchedule([{ id: 'compute', cron: '*/5 * * * *' }], () => at, run)
		const look = async () => {
			at += 5 * 60_000
			schedule.look()
			await tick()
		}
		await look()
		await look()
		await look()
		expect(started).toEqual(['compute'])
		await end()
		expect(started).toEqual(['compute', 'compute'])
		await end()
		expect(started).toHaveLength(2)
		await schedule.close()
	})

	it('evaluates rules as soon as windows are computed', () => {
		expect(jobs.map((job) => job.id)).toContain(compute.followedBy)
	})
})
