import { describe, expect } from 'vitest'
import { longestGlob } from '../../src/core/glob.ts'
import { compute } from '../../src/jobs/compute.ts'
import { withServer } from '../support/fixtures.ts'
import { type Json, testServer } from '../support/server.ts'

const test = withServer()
test.beforeAll(async ({ server }) => {
	for (const model of ['m', 'ma', 'mab', 'x'])
		await server.post('/v1/models', { model, task: 'binary', owner: 'risk', riskTier: 'low' })
})

const silence = (models: string[] | undefined) => ({
	...(models ? { models } : {}),
	reason: 'the source is being changed',
	expires: '2h',
})

describe('a silence', () => {
	test.for<[string[], string[] | undefined, number]>([
		[['m?'], ['m*'], 403],
		[['?'], ['*'], 403],
		[['?'], undefined, 403],
		[['m*'], undefined, 403],
		[['m?'], ['m?', '?a'], 403],
		[['m?'], ['ma'], 201],
		[['m*'], ['m?', 'm*b'], 201],
		[['m', 'm?*'], ['m*'], 201],
		[['**'], undefined, 201],
	])('under the scope %j of models %j is answered with %i', async ([scope, models, status], { server }) => {
		const key = await server.keyOf('approver', { models: scope })
		expect((await server.post('/v1/silences', silence(models), { key })).status).toBe(status)
	})

	test('is seen and ended only by who reaches all of its models', async ({ server }) => {
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

test('a key is no wider than that of who makes it', async ({ server }) => {
	const key = await server.keyOf('admin', { models: ['m?'] })
	const statusOf = async (models: string[]) =>
		(await server.post('/v1/keys', { role: 'viewer', models }, { key })).status
	expect(await Promise.all([['m*'], ['*'], ['?a'], ['m?', 'x']].map(statusOf))).toEqual([403, 403, 403, 403])
	expect(await Promise.all([['m?'], ['ma'], ['ma', 'mb']].map(statusOf))).toEqual([201, 201, 201])
	expect((await server.post('/v1/keys', { role: 'viewer' }, { key })).status).toBe(403)
})

describe('a hostile glob', () => {
	test('in ?metric= is answered at once', async ({ server }) => {
		const key = await server.keyOf('viewer')
		for (const glob of ['*?'.repeat(120), '*a'.repeat(120), `${'*'.repeat(250)}`, `*${'?'.repeat(200)}`]) {
			const asked = await server.fetch(`/v1/models/m/metrics?metric=${encodeURIComponent(`${glob}!`)}`, {
				key,
			})
			expect(asked).toMatchObject({ status: 422, body: { code: 'invalid' } })
		}
	})

	test('over the limit is a 422 that names the limit', async ({ server }) => {
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

	test('costs a bounded time as a scope and as what is asked', async ({ server }) => {
		const scope = Array.from({ length: 32 }, (_, i) => `*a${'?'.repeat(200 + i)}`)
		const key = await server.keyOf('approver', { models: scope })
		const asked = Array.from({ length: 30 }, (_, i) => `${'*a*b'.repeat(60)}${i}`)
		expect((await server.post('/v1/silences', silence(asked), { key })).status).toBe(403)
		const more = Array.from({ length: 100 }, (_, i) => `${'*a'.repeat(100)}${i}`)
		expect(await server.post('/v1/silences', silence(more), { key })).toMatchObject({
			status: 422,
			body: { detail: expect.stringContaining('the limit is 8192') },
		})
	})
})

describe('a scoped admin', () => {
	test('lists and revokes the keys within its scope, and finds no other', async ({ server }) => {
		const own = await server.keyOf('admin', { models: ['m*'] })
		const inside = (await server.post('/v1/keys', { role: 'viewer', models: ['ma'] })).body.id
		const outside = (await server.post('/v1/keys', { role: 'viewer', models: ['ma', 'x'] })).body.id
		const wide = (await server.post('/v1/keys', { role: 'viewer', models: ['*'] })).body.id
		const listed = await server.fetch('/v1/keys?limit=1000', { key: own })
		expect(listed.text).toContain(inside)
		for (const id of [outside, wide, 'key_admin']) expect(listed.text).not.toContain(id)
		expect(listed.body.next).toBe(null)
		const revoke = (id: string) => server.fetch(`/v1/keys/${id}`, { method: 'DELETE', key: own })
		expect((await revoke(inside)).status).toBe(204)
		const absent = await revoke('key_none')
		for (const id of [outside, wide, 'key_admin']) {
			const answer = await revoke(id)
			expect([answer.status, answer.text.replaceAll(id, 'key_none')]).toEqual([404, absent.text])
		}
	})

	test('pages through its keys without a word of others', async ({ server }) => {
		const own = await server.keyOf('admin', { models: ['paged'] })
		for (let i = 0; i < 3; i++) {
			await server.post('/v1/keys', { role: 'viewer', models: ['paged'] })
			await server.post('/v1/keys', { role: 'viewer', models: ['x'] })
		}
		const seen: string[][] = []
		let next = ''
		do {
			const { body } = await server.fetch(`/v1/keys?limit=1${next && `&cursor=${next}`}`, { key: own })
			seen.push(...body.items.map((key: { models: string[] }) => key.models))
			next = body.next ?? ''
		} while (next !== '')
		expect(seen).toEqual([['paged'], ['paged'], ['paged'], ['paged']])
	})

	test('runs no job, as a job acts on every model', async ({ server }) => {
		const key = await server.keyOf('admin', { models: ['m*'] })
		expect((await server.fetch('/v1/jobs/compute/runs', { method: 'POST', key })).status).toBe(403)
	})
})

describe('the last admin key that reaches every model', () => {
	test('is not revoked, by itself or by another, until there is another one', async () => {
		const fresh = await testServer()
		const revoke = (id: string, key?: string) =>
			fresh.fetch(`/v1/keys/${id}`, { method: 'DELETE', ...(key ? { key } : {}) })
		await fresh.post('/v1/keys', { role: 'admin', models: ['m*'] })
		await fresh.post('/v1/keys', { role: 'admin', expires: '1h' })
		fresh.clock.advance(3_600_000)
		expect(await revoke('key_admin')).toMatchObject({ status: 409, body: { code: 'conflict' } })
		const { body } = await fresh.post('/v1/keys', { role: 'admin' })
		expect((await revoke('key_admin', body.secret)).status).toBe(204)
		expect((await revoke(body.id, body.secret)).status).toBe(409)
		await fresh.close()
	})

	test('is not revoked for another one that expires before it', async () => {
		const fresh = await testServer()
		const add = async (expires: string) => (await fresh.post('/v1/keys', { role: 'admin', expires })).body
		const hour = await add('1h')
		const day = await add('1d')
		const revoke = async (id: string) => (await fresh.fetch(`/v1/keys/${id}`, { method: 'DELETE' })).status
		expect(await revoke('key_admin')).toBe(409)
		expect(await revoke(hour.id)).toBe(204)
		expect(await revoke(day.id)).toBe(204)
		await fresh.close()
	})

	test('stays when two admins revoke each other at once', async () => {
		const fresh = await testServer()
		const { body: other } = await fresh.post('/v1/keys', { role: 'admin' })
		const answers = await Promise.all([
			fresh.fetch(`/v1/keys/${other.id}`, { method: 'DELETE' }),
			fresh.fetch('/v1/keys/key_admin', { method: 'DELETE', key: other.secret }),
		])
		expect(answers.map((a) => a.status).sort()[0]).toBe(204)
		const left = await fresh.context.sql.values({
			sql: "SELECT id FROM access_key WHERE role = 'admin' AND revoked_at IS NULL",
		})
		expect(left).toHaveLength(1)
		await fresh.close()
	})
})

test('the nearest name of an unknown model is one in the scope of the key', async ({ server }) => {
	await server.post('/v1/models', { model: 'secret-a', task: 'binary' })
	const key = await server.keyOf('viewer', { models: ['secret-?z', 'ma*'] })
	const asked = await server.fetch('/v1/models/secret-az', { key })
	expect(asked.status).toBe(404)
	expect(asked.body.detail).not.toContain('secret-a"')
	expect((await server.fetch('/v1/models/maa', { key })).body.detail).toMatch(/Did you mean "mab?"\?/)
	expect((await server.fetch('/v1/models/secret-az')).body.detail).toContain('Did you mean "secret-a"?')
})

test('a bare name in lineage means nothing that only other models came from', async ({ server }) => {
	const lineage = { dataset: 'hidden-set' }
	await server.post('/v1/models/x/versions', {
		version: '1',
		features: [{ name: 'a', type: 'numeric' }],
		lineage,
	})
	const key = await server.keyOf('viewer', { models: ['m*'] })
	const hidden = await server.fetch('/v1/lineage?from=hidden-set', { key })
	const absent = await server.fetch('/v1/lineage?from=absent-set', { key })
	expect([hidden.status, hidden.text.replaceAll('hidden', 'absent')]).toEqual([absent.status, absent.text])
	expect((await server.fetch('/v1/lineage?from=hidden-set')).status).toBe(200)
})

test('runs of jobs say what they did to those who reach every model', async ({ server }) => {
	await server.context.sql.batch([
		{
			sql: `INSERT INTO job_run (id, job, started_at, finished_at, status, error, detail)
				VALUES ('run_1', 'compute', 0, 1, 'failed', 'model x: no rows', '{"model":"x"}')`,
		},
	])
	const scoped = await server.fetch('/v1/jobs', { key: await server.keyOf('viewer', { models: ['m*'] }) })
	expect(scoped.body.items[0]).toMatchObject({ id: 'run_1', status: 'failed', error: null, detail: null })
	const whole = await server.fetch('/v1/jobs', { key: await server.keyOf('viewer') })
	expect(whole.body.items[0]).toMatchObject({ error: 'model x: no rows', detail: { model: 'x' } })
})

test('a viewer reads a prediction without its subject and without segments that are sensitive attributes', async ({
	server,
}) => {
	await server.fetch('/v1/models/ma', {
		method: 'PATCH',
		json: { segments: ['branch', 'SEX'], sensitive: ['SEX'] },
	})
	await server.post('/v1/models/ma/versions', {
		version: '1',
		features: [{ name: 'income', type: 'numeric' }],
	})
	const row = {
		predictionId: 'p1',
		version: '1',
		timestamp: '2026-03-01T12:00:00Z',
		features: { income: 42 },
	}
	const person = { subject: 'anna-4711', segment: { branch: 'north', SEX: 'f' } }
	const posted = await server.post('/v1/models/ma/predictions', [{ ...row, ...person }])
	expect(posted.body.accepted).toBe(1)
	const read = async (role: string) =>
		(await server.fetch('/v1/models/ma/predictions/p1', { key: await server.keyOf(role) })).body
	expect(await read('analyst')).toMatchObject({ ...person, features: { income: 42 } })
	const seen = await read('viewer')
	expect(seen.segment).toEqual({ branch: 'north' })
	expect(Object.keys(seen)).not.toEqual(expect.arrayContaining(['subject']))
	expect(JSON.stringify(seen)).not.toMatch(/anna|42/)
})

test('a small group is hidden from viewers as a segment as well', async ({ server }) => {
	const names = { segments: ['SEX', 'branch'], sensitive: ['SEX'] }
	await server.post('/v1/models', { model: 'grouped', task: 'binary', ...names })
	await server.post('/v1/models/grouped/versions', {
		version: '1',
		features: [{ name: 'income', type: 'numeric' }],
	})
	const rows = Array.from({ length: 65 }, (_, i) => ({
		predictionId: `p${i}`,
		version: '1',
		timestamp: '2026-03-01T12:00:00Z',
		features: { income: i },
		score: i / 65,
		segment: { SEX: i < 5 ? 'tiny' : 'f', branch: i < 5 ? 'small' : 'north' },
	}))
	const baseline = { method: 'PUT', json: rows.map(({ predictionId: _, ...row }) => row) }
	expect((await server.fetch('/v1/models/grouped/versions/1/baseline', baseline)).status).toBe(201)
	await server.post('/v1/models/grouped/predictions', rows)
	await compute.run(server.context)
	const seen = async (role: string, segment: string) => {
		const key = await server.keyOf(role)
		const path = `/v1/models/grouped/metrics?metric=quality.volume&window=1d&segment=${segment}`
		const { body } = await server.fetch(path, { key })
		return body.items.map((answer: Json) => answer.subject.segment.value).sort()
	}
	expect(await seen('analyst', 'SEX')).toEqual(['f', 'tiny'])
	expect(await seen('viewer', 'SEX')).toEqual(['f'])
	expect(await seen('viewer', 'SEX:tiny')).toEqual([])
	expect(await seen('viewer', 'branch')).toEqual(['north', 'small'])
})
