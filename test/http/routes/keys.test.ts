import { expect } from 'vitest'
import { roles } from '../../../src/core/actor.ts'
import { withServer } from '../../support/fixtures.ts'

const test = withServer()
test.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'credit-default', task: 'binary' })
	await server.post('/v1/models', { model: 'fraud', task: 'binary' })
})

test('shows a secret once, and never again', async ({ server }) => {
	const { status, body } = await server.post('/v1/keys', {
		name: 'scoring',
		role: 'ingest',
		models: ['credit-*'],
	})
	expect(status).toBe(201)
	expect(body.secret).toMatch(/^plk_[\w-]{43}$/)
	const list = await server.fetch('/v1/keys?limit=1000')
	expect(list.text).not.toContain(body.secret)
	expect(list.body.items.find((k: { id: string }) => k.id === body.id)).toMatchObject({
		name: 'scoring',
		role: 'ingest',
		models: ['credit-*'],
		status: 'active',
	})
})

test('shows the owner in its normal form, and records it', async ({ server }) => {
	const { body } = await server.post('/v1/keys', { role: 'viewer', owner: ' \uff41na@bank.example ' })
	expect(body.owner).toBe('ana@bank.example')
	const { items } = (await server.fetch('/v1/keys?limit=1000')).body
	expect(items.find((k: { id: string }) => k.id === body.id).owner).toBe('ana@bank.example')
	const [entry] = (await server.fetch('/v1/audit/entries?limit=1000')).body.items.filter(
		(e: { object: string }) => e.object === `key:${body.id}`,
	)
	expect(JSON.parse(entry.entry).details.owner).toBe('ana@bank.example')
	expect((await server.post('/v1/keys', { role: 'viewer' })).body.owner).toBeNull()
})

test.for([
	['a blank one', '  ', 'must not be blank'],
	['a long one', 'a'.repeat(257), 'the limit is 256'],
	['an invisible character', 'ana\u200b@bank.example', 'invisible characters'],
	['text that runs backwards', 'ana\u202e@bank.example', 'invisible characters'],
	['a Cyrillic letter that looks Latin', '\u0430na@bank.example', 'alphabets that look alike'],
	['a lone surrogate', 'ana\ud800', 'lone surrogate'],
])('refuses %s as an owner', async ([, owner, message], { server }) => {
	const { status, body } = await server.post('/v1/keys', { role: 'viewer', owner })
	expect([status, body.errors[0].path]).toEqual([422, 'owner'])
	expect(body.errors[0].message).toContain(message)
})

test('stores only a hash, in the key and in the ledger', async ({ server }) => {
	const { body } = await server.post('/v1/keys', { role: 'viewer' })
	const rows = await server.context.sql.values({ sql: 'SELECT * FROM access_key' })
	const entries = await server.context.sql.values({ sql: 'SELECT entry FROM ledger_entry' })
	expect(JSON.stringify([rows, entries])).not.toContain(body.secret.slice(4, 20))
	expect(JSON.stringify(entries)).toContain(body.id)
})

test('refuses no key, a key that is no bearer key, and an unknown one', async ({ server }) => {
	expect(await server.fetch('/v1/models', { key: null })).toMatchObject({
		status: 401,
		body: { code: 'unauthenticated' },
	})
	expect(
		(await server.fetch('/v1/models', { key: null, headers: { authorization: 'Basic YTpi' } })).status,
	).toBe(401)
	const unknown = await server.fetch('/v1/models', { key: 'plk_unknown' })
	expect(unknown).toMatchObject({ status: 401, body: { detail: expect.stringContaining('unknown') } })
	expect(unknown.headers.get('www-authenticate')).toMatch(/^Bearer/)
})

test('refuses a revoked key from the next request on', async ({ server }) => {
	const { body } = await server.post('/v1/keys', { role: 'viewer' })
	expect((await server.fetch('/v1/models', { key: body.secret })).status).toBe(200)
	expect((await server.fetch(`/v1/keys/${body.id}`, { method: 'DELETE' })).status).toBe(204)
	expect(await server.fetch('/v1/models', { key: body.secret })).toMatchObject({
		status: 401,
		body: { detail: expect.stringContaining('revoked') },
	})
	expect((await server.fetch(`/v1/keys/${body.id}`, { method: 'DELETE' })).status).toBe(204)
})

test('refuses an expired key, whether it was given a duration or a time', async ({ server }) => {
	const hour = await server.keyOf('viewer', { expires: '1h' })
	const day = await server.keyOf('viewer', { expires: '2026-03-03T01:00:00+01:00' })
	expect((await server.fetch('/v1/models', { key: hour })).status).toBe(200)
	server.clock.advance(3_600_000)
	expect(await server.fetch('/v1/models', { key: hour })).toMatchObject({
		status: 401,
		body: { detail: expect.stringContaining('expired') },
	})
	expect((await server.fetch('/v1/models', { key: day })).status).toBe(200)
	server.clock.advance(23 * 3_600_000)
	expect((await server.fetch('/v1/models', { key: day })).status).toBe(401)
	server.clock.advance(-24 * 3_600_000)
})

test('refuses an expiry that is past, far off or neither a time nor a duration', async ({ server }) => {
	for (const expires of ['2020-01-01T00:00:00Z', '9999-01-01T00:00:00Z', 'soon', '2027-01-01', '0s', ''])
		expect(await server.post('/v1/keys', { role: 'viewer', expires }), expires).toMatchObject({
			status: 422,
			body: { errors: [{ path: 'expires' }] },
		})
})

test('lets each role do its own and no more', async ({ server }) => {
	const may: Record<string, { path: string; method?: string; json?: unknown }> = {
		viewer: { path: '/v1/models' },
		auditor: { path: '/v1/audit/entries' },
		admin: { path: '/v1/keys' },
	}
	const allowed = {
		ingest: [],
		viewer: ['viewer'],
		analyst: ['viewer'],
		approver: ['viewer'],
		auditor: ['viewer', 'auditor'],
		admin: ['viewer', 'auditor', 'admin'],
	}
	for (const role of roles) {
		const key = await server.keyOf(role)
		for (const [what, { path }] of Object.entries(may)) {
			const { status, body } = await server.fetch(path, { key })
			const expected = (allowed[role] as string[]).includes(what) ? 200 : 403
			expect({ role, what, status }).toEqual({ role, what, status: expected })
			if (expected === 403)
				expect(body).toMatchObject({ code: 'forbidden', detail: expect.stringContaining(what) })
		}
	}
})

test('keeps a key inside its models', async ({ server }) => {
	const key = await server.keyOf('viewer', { models: ['credit-*'] })
	expect((await server.fetch('/v1/models/credit-default', { key })).status).toBe(200)
	expect(await server.fetch('/v1/models/fraud', { key })).toMatchObject({
		status: 403,
		body: { detail: expect.stringContaining('credit-*') },
	})
	const list = await server.fetch('/v1/models', { key })
	expect(list.body.items.map((m: { model: string }) => m.model)).toEqual(['credit-default'])
})

test('does not reveal to a key outside the scope whether a model exists', async ({ server }) => {
	const key = await server.keyOf('viewer', { models: ['credit-*'] })
	const [there, missing] = [
		await server.fetch('/v1/models/fraud', { key }),
		await server.fetch('/v1/models/fruad', { key }),
	]
	expect([there.status, missing.status]).toEqual([403, 403])
})

test('never gives a key a wider scope than its maker has', async ({ server }) => {
	const key = await server.keyOf('admin', { models: ['credit-*'] })
	for (const models of [['*'], ['fraud'], ['credit-a', '*'], ['c*'], ['*credit-']])
		expect((await server.post('/v1/keys', { role: 'viewer', models }, { key })).status, models.join()).toBe(
			403,
		)
	expect((await server.post('/v1/keys', { role: 'viewer', models: ['credit-a*'] }, { key })).status).toBe(201)
	expect((await server.post('/v1/keys', { role: 'viewer' }, { key })).status).toBe(403)
	const narrow = await server.keyOf('admin', { models: ['credit-?'] })
	expect(
		(await server.post('/v1/keys', { role: 'viewer', models: ['credit-*'] }, { key: narrow })).status,
	).toBe(403)
})

test('answers 404 for a key that is not there', async ({ server }) => {
	expect((await server.fetch('/v1/keys/key_none', { method: 'DELETE' })).status).toBe(404)
})

test('names the faults of a key', async ({ server }) => {
	const { status, body } = await server.post('/v1/keys', { role: 'viewr', models: [], nmae: 'x' })
	expect(status).toBe(422)
	expect(body.errors).toEqual(
		expect.arrayContaining([
			{ path: 'role', message: expect.stringContaining('did you mean "viewer"?') },
			{ path: 'models', message: expect.any(String) },
			{ path: 'nmae', message: expect.stringContaining('did you mean "name"?') },
		]),
	)
})

test('pages through keys', async ({ server }) => {
	const seen: string[] = []
	let cursor: string | null = ''
	while (cursor !== null) {
		const { body } = await server.fetch(`/v1/keys?limit=3${cursor ? `&cursor=${cursor}` : ''}`)
		expect(body.items.length).toBeLessThanOrEqual(3)
		seen.push(...body.items.map((k: { id: string }) => k.id))
		cursor = body.next
	}
	const { body } = await server.fetch('/v1/keys?limit=1000')
	expect(seen).toEqual(body.items.map((k: { id: string }) => k.id))
	expect(new Set(seen).size).toBe(seen.length)
})
