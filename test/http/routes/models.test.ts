import { expect } from 'vitest'
import { withServer } from '../../support/fixtures.ts'

const test = withServer()

const full = {
	model: 'credit-default',
	task: 'binary',
	owner: 'credit-risk',
	riskTier: 'high',
	tags: ['credit'],
	positiveLabel: '1',
	threshold: 0.5,
	sensitive: ['SEX'],
	segments: ['branch'],
	upstreams: ['crm'],
}

test('registers a model and reads it back', async ({ server }) => {
	const made = await server.post('/v1/models', full)
	expect(made).toMatchObject({
		status: 201,
		body: {
			...full,
			bands: {},
			maturity: { coverage: 0.8, delay: '30d' },
			retention: '90d',
			createdAt: '2026-03-02T00:00:00.000Z',
		},
	})
	expect(made.headers.get('location')).toBe('/v1/models/credit-default')
	expect((await server.fetch('/v1/models/credit-default')).body).toMatchObject({
		...full,
		health: { status: 'unknown', lastPrediction: null },
	})
})

test('answers 200 for the same model again and 409 for another one of its name', async ({ server }) => {
	const entries = async () => (await server.fetch('/v1/audit/entries?object=model:credit-default')).body.items
	const before = (await entries()).length
	expect(await server.post('/v1/models', { ...full, positiveLabel: 1 })).toMatchObject({
		status: 200,
		body: full,
	})
	expect(await server.post('/v1/models', { ...full, threshold: 0.6 })).toMatchObject({
		status: 409,
		body: { code: 'conflict', detail: expect.stringContaining('PATCH') },
	})
	expect((await entries()).length).toBe(before)
})

test('registers a model once when two ask at the same moment', async ({ server }) => {
	const answers = await Promise.all(
		[1, 2, 3, 4].map(() => server.post('/v1/models', { model: 'race', task: 'binary' })),
	)
	expect(answers.map((a) => a.status).sort()).toEqual([200, 200, 200, 201])
	const { body } = await server.fetch('/v1/audit/entries?object=model:race')
	expect(body.items).toHaveLength(1)
})

test('changes what a patch names and clears what it sets to null', async ({ server }) => {
	await server.post('/v1/models', { model: 'patched', task: 'regression', owner: 'a', tags: ['x'] })
	const { status, body } = await server.fetch('/v1/models/patched', {
		method: 'PATCH',
		json: { owner: null, threshold: 0.25, retention: '30d' },
	})
	expect({ status, body }).toMatchObject({
		status: 200,
		body: { owner: null, threshold: 0.25, tags: ['x'], retention: '30d', revision: 2 },
	})
	const again = await server.fetch('/v1/models/patched', { method: 'PATCH', json: { threshold: 0.25 } })
	expect(again.body.revision).toBe(2)
})

test('does not change the task or the name of a model', async ({ server }) => {
	for (const json of [{ task: 'ranking' }, { model: 'other' }])
		expect((await server.fetch('/v1/models/credit-default', { method: 'PATCH', json })).status).toBe(422)
})

test('answers an unknown model with the nearest name', async ({ server }) => {
	for (const path of ['', '/versions', '/deployments', '/deployments/production'])
		expect(await server.fetch(`/v1/models/credit-defualt${path}`), path).toMatchObject({
			status: 404,
			body: { code: 'not-found', detail: expect.stringContaining('"credit-default"') },
		})
})

test('says which characters a name must not have, and why', async ({ server }) => {
	const refused = [
		'',
		' x',
		'x ',
		'a/b',
		'a\\b',
		'a*',
		'a?',
		'a@b',
		'.',
		'..',
		'a\nb',
		'a\u007fb',
		'x'.repeat(257),
	]
	for (const model of refused) {
		const { status, body } = await server.post('/v1/models', { model, task: 'binary' })
		expect({ model, status }).toEqual({ model, status: 422 })
		expect(body.errors[0]).toMatchObject({ path: 'model', message: expect.stringMatching(/must not|limit/) })
	}
})

test('takes names of any script, and finds them by their path', async ({ server }) => {
	for (const model of [
		'Kreditausfall 2026',
		'données.crédit',
		'信用モデル',
		'💳',
		'a#b%20c&d',
		'x'.repeat(256),
		'__proto__',
		'constructor',
		'a"b\'c',
		'...',
		'nul%00',
	]) {
		expect((await server.post('/v1/models', { model, task: 'binary' })).status, model).toBe(201)
		expect((await server.fetch(`/v1/models/${encodeURIComponent(model)}`)).body?.model).toBe(model)
	}
})

test('names every fault of a model', async ({ server }) => {
	const { status, body } = await server.post('/v1/models', {
		model: 'x',
		task: 'binry',
		threshold: '0.5',
		tags: ['a', 1],
		retention: '1y',
		sgements: [],
	})
	expect(status).toBe(422)
	expect(
		Object.fromEntries(body.errors.map((e: { path: string; message: string }) => [e.path, e.message])),
	).toEqual({
		task: expect.stringContaining('did you mean "binary"?'),
		threshold: expect.stringContaining('number'),
		'tags.1': expect.stringContaining('string'),
		retention: expect.stringContaining('1d to 3650d'),
		sgements: 'unknown member; did you mean "segments"?',
	})
})

test('shows when the last prediction was', async ({ server }) => {
	await server.post('/v1/models', { model: 'live', task: 'binary' })
	await server.post('/v1/models/live/versions', { version: '1', features: [] })
	const rows = ['2026-03-01T10:00:00Z', '2026-03-01T11:30:00Z', '2026-02-27T00:00:00Z'].map(
		(timestamp, i) => ({ predictionId: `${i}`, version: '1', timestamp, score: 0.5 }),
	)
	expect((await server.post('/v1/models/live/predictions', rows)).body).toMatchObject({ accepted: 3 })
	expect((await server.fetch('/v1/models/live')).body.health.lastPrediction).toBe('2026-03-01T11:30:00.000Z')
})

test('shows the worst open alert, of equals the oldest', async ({ server }) => {
	await server.post('/v1/models', { model: 'ill', task: 'binary' })
	const health = async () => (await server.fetch('/v1/models/ill')).body.health
	const insert = (id: string, severity: string, status: string, began: number) =>
		server.context.sql.batch([
			{
				sql: `INSERT INTO alert (id, rule, model, environment, version, window, subject_key, severity, title, status, metric, began,
					fired_from, fired_to, rules_digest, done, created_at)
					VALUES (?, ?, 'ill', 'production', '1', '1h', 'f:income', ?, 'has moved', ?, 'drift.psi', ?, 0, 0, '', '[]', 0)`,
				params: [id, `rule-${id}`, severity, status, began],
			},
		])
	await insert('a', 'critical', 'resolved', 0)
	expect(await health()).toMatchObject({ status: 'unknown', worstAlert: null })
	await insert('b', 'warning', 'firing', 1000)
	await insert('c', 'critical', 'firing', 3000)
	await insert('d', 'critical', 'firing', 2000)
	expect(await health()).toMatchObject({
		status: 'critical',
		worstAlert: {
			rule: 'rule-d',
			severity: 'critical',
			title: 'has moved',
			environment: 'production',
			version: '1',
			subject: { feature: 'income' },
			since: '1970-01-01T00:00:02.000Z',
			incident: null,
		},
	})
})

test('pages through models by name', async ({ server }) => {
	const all = (await server.fetch('/v1/models?limit=1000')).body.items.map((m: { model: string }) => m.model)
	const first = (await server.fetch('/v1/models?limit=2')).body
	const second = (await server.fetch(`/v1/models?limit=${all.length}&cursor=${first.next}`)).body
	expect([...first.items, ...second.items].map((m: { model: string }) => m.model)).toEqual(all)
	expect(second.next).toBeNull()
})
