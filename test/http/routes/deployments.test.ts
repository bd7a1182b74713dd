import { expect } from 'vitest'
import { withServer } from '../../support/fixtures.ts'
import type { TestServer } from '../../support/server.ts'

const test = withServer()
const path = '/v1/models/credit/deployments'
const put = (server: TestServer, environment: string, json: unknown) =>
	server.fetch(`${path}/${environment}`, { method: 'PUT', json })

test.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
	for (const version of ['1', '2', '3'])
		await server.post('/v1/models/credit/versions', { version, features: [] })
})

test('answers 201 for the first deployment, 200 for a change and for no change', async ({ server }) => {
	expect(await put(server, 'production', { champion: '1' })).toMatchObject({
		status: 201,
		body: { champion: '1', challenger: null, canary: null, revision: 1 },
	})
	server.clock.advance(60_000)
	expect(
		await put(server, 'production', { champion: '2', challenger: '3', canary: { version: '3', percent: 5 } }),
	).toMatchObject({ status: 200, body: { revision: 2 } })
	expect(
		await put(server, 'production', { champion: '2', challenger: '3', canary: { version: '3', percent: 5 } }),
	).toMatchObject({ status: 200, body: { revision: 2 } })
})

test('keeps every change as history, newest first', async ({ server }) => {
	const { body } = await server.fetch(`${path}/production/history`)
	expect(body.items.map((d: { champion: string; since: string }) => [d.champion, d.since])).toEqual([
		['2', '2026-03-02T00:01:00.000Z'],
		['1', '2026-03-02T00:00:00.000Z'],
	])
	const first = (await server.fetch(`${path}/production/history?limit=1`)).body
	const second = (await server.fetch(`${path}/production/history?limit=1&cursor=${first.next}`)).body
	expect([first.items[0].revision, second.items[0].revision, second.next]).toEqual([2, 1, null])
})

test('answers 304 while nothing has changed', async ({ server }) => {
	const { headers } = await server.fetch(`${path}/production`)
	const etag = headers.get('etag') as string
	for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
		const again = await server.fetch(`${path}/production`, { headers: { 'if-none-match': tag } })
		expect([again.status, again.text, again.headers.get('etag')], tag).toEqual([304, '', etag])
	}
	await put(server, 'production', { champion: '3' })
	const after = await server.fetch(`${path}/production`, { headers: { 'if-none-match': etag } })
	expect([after.status, after.body.champion]).toEqual([200, '3'])
	expect(after.headers.get('etag')).not.toBe(etag)
})

test('refuses versions that are not registered, with the nearest one', async ({ server }) => {
	const { status, body } = await put(server, 'production', {
		champion: '11',
		challenger: '3',
		canary: { version: '9', percent: 5 },
	})
	expect(status).toBe(422)
	expect(body.errors).toEqual([
		{ path: 'champion', message: expect.stringContaining('Did you mean "1"?') },
		{ path: 'canary.version', message: expect.stringContaining('is not a version') },
	])
})

test('refuses a challenger that is the champion, a share over 100 and a bad environment', async ({
	server,
}) => {
	expect((await put(server, 'production', { champion: '1', challenger: '1' })).body.errors[0].path).toBe(
		'challenger',
	)
	expect(
		(await put(server, 'production', { champion: '1', canary: { version: '2', percent: 101 } })).body
			.errors[0].path,
	).toBe('canary.percent')
	expect((await put(server, 'a%2Fb', { champion: '1' })).body.errors[0].path).toBe('environment')
	expect((await put(server, 'production', {})).body.errors).toEqual([
		{ path: 'champion', message: 'is required' },
	])
})

test('lists what serves in each environment', async ({ server }) => {
	await put(server, 'shadow', { champion: '1' })
	const { body } = await server.fetch(path)
	expect(
		body.items.map((d: { environment: string; champion: string }) => [d.environment, d.champion]),
	).toEqual([
		['production', '3'],
		['shadow', '1'],
	])
})

test('answers 404 for an environment that has nothing, with the nearest one', async ({ server }) => {
	expect(await server.fetch(`${path}/prodution`)).toMatchObject({
		status: 404,
		body: { detail: expect.stringContaining('"production"') },
	})
	expect((await server.fetch(`${path}/prodution/history`)).status).toBe(404)
})
