import { readdir } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { dueTimes } from '../../src/core/cron.ts'
import { weekMs } from '../../src/core/time.ts'
import { jobs, retention, runAll, runJobById } from '../../src/jobs/index.ts'
import type { Job } from '../../src/jobs/run/run-job.ts'
import { withContextPerTest } from '../support/fixtures.ts'

import { registerTestModel } from '../support/model.ts'

const it = withContextPerTest()

describe('the registry of jobs', () => {
	it('has every job that a file of its folder exports, once', async () => {
		const files = (await readdir(new URL('../../src/jobs', import.meta.url))).filter((f) => f.endsWith('.ts'))
		const exported = await Promise.all(
			files.map(async (file) => Object.values(await import(`../../src/jobs/${file}`))),
		)
		const isJob = (value: unknown) => typeof value === 'object' && value !== null && 'cron' in value
		expect(new Set(jobs)).toEqual(new Set(exported.flat().filter(isJob)))
		expect(new Set(jobs.map((job) => job.id)).size).toBe(jobs.length)
	})

	it('has schedules that are due at least once a week', () => {
		for (const { id, cron } of jobs) expect(dueTimes(cron, 0, weekMs, 1), id).toHaveLength(1)
	})

	it('names the nearest job for one that does not exist', async ({ context }) => {
		await expect(runJobById(context, 'retain', 'a')).rejects.toThrow('There is no job "retain".')
		await expect(runJobById(context, 'computes', 'a')).rejects.toThrow('Did you mean "compute"?')
	})
})

describe('running everything that is due', () => {
	const job = (id: string, run: Job['run']): Job => ({ id, cron: '* * * * *', run })

	it('keeps the order, and runs a job again while it has more to do', async ({ context }) => {
		let left = 3
		const list = [job('first', async () => ({ remaining: --left })), job('second', async () => ({}))]
		expect((await runAll(context, 'a', list)).map((run) => run.job)).toEqual([
			'first',
			'first',
			'first',
			'second',
		])
	})

	it('continues after a job that failed', async ({ context }) => {
		const list = [job('first', async () => Promise.reject(new Error('no'))), job('second', async () => ({}))]
		expect((await runAll(context, 'a', list)).map((run) => run.status)).toEqual(['failed', 'ok'])
	})

	it('reports which job has started, and its progress', async ({ context }) => {
		const seen: unknown[] = []
		const run: Job['run'] = async (_, how) => {
			how?.onProgress?.(1, 2)
			return {}
		}
		await runAll(context, 'a', [job('first', run), job('second', async () => ({}))], (...at) => {
			seen.push(at)
		})
		expect(seen).toEqual([
			['first', 0, 0],
			['first', 1, 2],
			['second', 0, 0],
		])
	})

	it('waits for a job that another process is running', async ({ context }) => {
		let end = () => {}
		const held = new Promise<Record<string, unknown>>((resolve) => {
			end = () => resolve({})
		})
		const other = runAll(context, 'other', [job('first', () => held)])
		setTimeout(() => end(), 700)
		await new Promise((resolve) => setTimeout(resolve, 50))
		expect((await runAll(context, 'a', [job('first', async () => ({}))])).map((run) => run.status)).toEqual([
			'ok',
		])
		await other
	})
})

describe('retention', () => {
	it('continues after a model that fails, and names it', async ({ context }) => {
		await registerTestModel(context, 'bad')
		await registerTestModel(context, 'good')
		const seen: string[] = []
		const archive = async (model: string) => {
			seen.push(model)
			if (model === 'bad') throw new Error('the disk is gone')
			return 5
		}
		const failing = { ...context, log: { ...context.log, archive } }
		expect(await retention.run(failing)).toMatchObject({ archivedRows: 5, failed: ['bad'] })
		expect(seen.sort()).toEqual(['bad', 'good'])
	})
})
