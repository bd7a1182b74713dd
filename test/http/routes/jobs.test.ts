import { expect } from 'vitest'
import { runJob } from '../../../src/jobs/run/run-job.ts'
import { withServer } from '../../support/fixtures.ts'
import { type TestServer, testServer } from '../../support/server.ts'

const test = withServer(async () => {
	const run = (id: string) =>
		runJob(server.context, jobs.find((j) => j.id === id) as (typeof jobs)[0], 'test')
	const server: TestServer = await testServer({ jobs: { list: jobs, run } })
	return server
})
const jobs = [
	{ id: 'compute', cron: '*/5 * * * *', run: async () => ({ windows: 3 }) },
	{ id: 'deliver', cron: '* * * * *', run: () => Promise.reject(new Error('no route')) },
]

test('runs a job and answers how it went', async ({ server }) => {
	const { status, body } = await server.fetch('/v1/jobs/compute/runs', { method: 'POST' })
	expect({ status, body }).toMatchObject({
		status: 201,
		body: { job: 'compute', status: 'ok', durationMs: 0, error: null, detail: { windows: 3 } },
	})
})

test('answers the failure of a job, it is not a failure of the request', async ({ server }) => {
	expect(await server.fetch('/v1/jobs/deliver/runs', { method: 'POST', json: {} })).toMatchObject({
		status: 201,
		body: { status: 'failed', error: expect.stringContaining('no route') },
	})
})

test('answers 409 while the job runs elsewhere', async ({ server }) => {
	await server.context.sql.batch([
		{
			sql: "INSERT OR REPLACE INTO lease (name, owner, fence, until) VALUES ('job:compute', 'other', 9, ?)",
			params: [server.clock.now + 60_000],
		},
	])
	expect(await server.fetch('/v1/jobs/compute/runs', { method: 'POST' })).toMatchObject({
		status: 409,
		body: { detail: expect.stringContaining('running') },
	})
	server.clock.advance(61_000)
	expect((await server.fetch('/v1/jobs/compute/runs', { method: 'POST' })).status).toBe(201)
})

test('lists runs, the latest first, with the jobs that there are', async ({ server }) => {
	const { body } = await server.fetch('/v1/jobs')
	expect(body.jobs).toEqual([
		{ id: 'compute', cron: '*/5 * * * *' },
		{ id: 'deliver', cron: '* * * * *' },
	])
	expect(body.items[0]).toMatchObject({ job: 'compute', startedAt: '2026-03-02T00:01:01.000Z' })
	expect(
		(await server.fetch('/v1/jobs?job=deliver')).body.items.map((r: { status: string }) => r.status),
	).toEqual(['failed'])
	const first = (await server.fetch('/v1/jobs?limit=2')).body
	const second = (await server.fetch(`/v1/jobs?limit=2&cursor=${first.next}`)).body
	expect([...first.items, ...second.items].map((r) => r.id)).toEqual(
		body.items.map((r: { id: string }) => r.id),
	)
})

test('answers an unknown job with the nearest one, and lets only admins run jobs', async ({ server }) => {
	expect(await server.fetch('/v1/jobs/computte/runs', { method: 'POST' })).toMatchObject({
		status: 404,
		body: { detail: expect.stringContaining('"compute"') },
	})
	expect(
		(await server.fetch('/v1/jobs/compute/runs', { method: 'POST', key: await server.keyOf('approver') }))
			.status,
	).toBe(403)
})

test('says so when this process runs no jobs', async () => {
	const without = await testServer()
	expect(await without.fetch('/v1/jobs/compute/runs', { method: 'POST' })).toMatchObject({
		status: 503,
		body: { detail: expect.stringContaining('plumbline run') },
	})
	expect((await without.fetch('/v1/jobs')).body).toEqual({ items: [], next: null, jobs: [] })
	await without.close()
})
