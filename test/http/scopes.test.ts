import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { longestGlob } from '../../src/core/glob.ts'
import { testServer } from '../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
beforeAll(async () => {
	server = await testServer()
	for (const model of ['m', 'ma', 'mab', 'x'])
		await server.post('/v1/models', { model, task: 'binary', owner: 'risk', riskTier: 'low' })
})
afterAll(() => server.close())

const silence = (models: string[] | undefined) => ({
	...(models ? { models } : {}),
	reason: 'the source is being changed',
	expires: '2h',
})

describe('a silence', () => {
	test.each([
		[['m?'], ['m*'], 403],
		[['?'], ['*'], 403],
		[['?'], undefined, 403],
		[['m*'], undefined, 403],
		[['m?'], ['m?', '?a'], 403],
		[['m?'], ['ma'], 201],
		[['m*'], ['m?', 'm*b'], 201],
		[['m', 'm?*'], ['m*'], 201],
		[['**'], undefined, 201],
	])('under the scope %j of models %j is answered with %i', async (scope, models, status) => {
		const key = await server.keyOf('approver', { models: scope })
		expect((await server.post('/v1/silences', silence(models), { key })).status).toBe(status)
	})

	test('is seen and ended only by who reaches all of its models', async () => {
		const { body } = await server.post('/v1/silences', silence(['x', 'm*']))
		const key = await server.keyOf('approver', { models: ['m*'] })
		const listed = await server.fetch('/v1/silences', { key })
		expect(listed.text).not.toContain(body.id)
		const absent = await server.fetch('/v1/silences/sil_none', { method: 'DELETE', key })
		const hidden = await server.fetch(`/v1/silences/${body.id}`, { method: 'DELETE', key })
		expect(hidden.status).toBe(404)
		expect(hidden.text).toBe(absent.text.replaceAll('sil_none', body.id))
		expect((await server.fetch(`/v1/silences/${body.id}`, { method: 'DELETE' })).status).toBe(200)
	})
})

test('a key is no wider than that of who makes it', async () => {
	const key = await server.keyOf('admin', { models: ['m?'] })
	const statusOf = async (models: string[]) =>
		(await server.post('/v1/keys', { role: 'viewer', models }, { key })).status
	expect(await Promise.all([['m*'], ['*'], ['?a'], ['m?', 'x']].map(statusOf))).toEqual([403, 403, 403, 403])
	expect(await Promise.all([['m?'], ['ma'], ['ma', 'mb']].map(statusOf))).toEqual([201, 201, 201])
	expect((await server.post('/v1/keys', { role: 'viewer' }, { key })).status).toBe(403)
})

describe('a hostile glob', () => {
	test('in ?metric= is answered at once', async () => {
		const key = await server.keyOf('viewer')
		for (const glob of ['*?'.repeat(120), '*a'.repeat(120), `${'*'.repeat(250)}`, `*${'?'.repeat(200)}`]) {
			const asked = await server.fetch(`/v1/models/m/metrics?metric=${encodeURIComponent(`${glob}!`)}`, {
				key,
			})
			expect(asked).toMatchObject({ status: 422, body: { code: 'invalid' } })
		}
	})

	test('over the limit is a 422 that names the limit', async () => {
		const glob = '*a'.repeat(longestGlob)
		const answers = await Promise.all([
			server.fetch(`/v1/models/m/metrics?metric=${glob}`),
			server.post('/v1/silences', silence([glob])),
			server.post('/v1/keys', { role: 'viewer', models: [glob] }),
		])
		for (const { status, body } of answers) {
			expect(status).toBe(422)
			expect(body.errors[0].message).toContain(`${longestGlob}`)
		}
	})

	test('costs a bounded time as a scope and as what is asked', async () => {
		const scope = Array.from({ length: 32 }, (_, i) => `*a${'?'.repeat(200 + i)}`)
		const key = await server.keyOf('approver', { models: scope })
		const asked = Array.from({ length: 100 }, (_, i) => `${'*a*b'.repeat(60)}${i}`)
		expect((await server.post('/v1/silences', silence(asked), { key })).status).toBe(403)
	})
})
