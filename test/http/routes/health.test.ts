import { expect } from 'vitest'
import { withServer } from '../../support/fixtures.ts'
import { testServer } from '../../support/server.ts'

const test = withServer()

test('says without a key that it is alive and that it can write', async ({ server }) => {
	for (const path of ['/healthz', '/readyz'])
		expect(await server.fetch(path, { key: null })).toMatchObject({ status: 200, body: { status: 'ok' } })
})

test('writes Prometheus text about itself, for keys that may read', async ({ server }) => {
	expect((await server.fetch('/metrics', { key: null })).status).toBe(401)
	await server.context.sql.batch([
		{
			sql: "INSERT INTO job_run (id, job, started_at, finished_at, status) VALUES ('run_1', 'compute', ?, ?, 'ok')",
			params: [server.clock.now - 5000, server.clock.now - 4000],
		},
	])
	const { headers, text } = await server.fetch('/metrics', { key: await server.keyOf('viewer') })
	expect(headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/)
	for (const line of text.trim().split('\n'))
		expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?[\d.e+-]+)$/)
	expect(text).toContain('plumbline_keys 2\n')
	expect(text).toContain('plumbline_job_last_success_age_seconds{job="compute"} 4\n')
	expect(text).toContain('plumbline_http_requests_total{operation="healthz",status="200"} 1\n')
	expect(text).toMatch(/plumbline_log_queue_rows \d+/)
})

test('says that Slack is not set up, and hands its requests over when it is', async ({ server }) => {
	expect(await server.fetch('/slack/events', { method: 'POST', json: {}, key: null })).toMatchObject({
		status: 404,
		body: { code: 'not-found', detail: expect.stringContaining('SLACK_BOT_TOKEN') },
	})
	const withSlack = await testServer({
		slack: async (request) =>
			new Response(`got ${await request.text()}`, { headers: { 'content-type': 'text/plain' } }),
	})
	const answer = await withSlack.fetch('/slack/events', {
		method: 'POST',
		body: 'payload=1',
		headers: { 'content-type': 'application/x-www-form-urlencoded' },
		key: null,
	})
	expect(answer).toMatchObject({ status: 200, text: 'got payload=1' })
	expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
	await withSlack.close()
})
