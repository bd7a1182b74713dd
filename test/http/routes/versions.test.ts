import { expect } from 'vitest'
import { withServer } from '../../support/fixtures.ts'
import type { TestServer } from '../../support/server.ts'

const test = withServer()
test.beforeAll(({ server }) => server.post('/v1/models', { model: 'credit', task: 'binary' }))

const path = '/v1/models/credit/versions'
const numeric = (name: string) => ({ name, type: 'numeric' })
const faultsOf = async (server: TestServer, version: object) => {
	const { status, body } = await server.post(path, { version: 'wrong', features: [], ...version })
	expect(status).toBe(422)
	return Object.fromEntries(body.errors.map((e: { path: string; message: string }) => [e.path, e.message]))
}

const full = {
	version: '2026.03.01-rc+1',
	features: [
		{ name: 'LIMIT_BAL', type: 'numeric', min: 0, max: 1e6 },
		{ name: 'EDUCATION', type: 'categorical', values: ['1', '2'], nullable: false },
		{ name: '__proto__', type: 'text' },
		{ name: 'owns home?', type: 'boolean' },
	],
	artifact: { uri: 's3://x/model.json', sha256: 'AB'.repeat(32), format: 'xgboost-json' },
	manifest: { encodings: { EDUCATION: { '1': 0, '2': 1 } } },
	lineage: { run: 'r', dataset: 'd', commit: 'c', image: 'i' },
	metrics: { roc_auc: 0.77 },
}

test('registers a version and reads it back', async ({ server }) => {
	const made = await server.post(path, full)
	const expected = { ...full, artifact: { ...full.artifact, sha256: 'ab'.repeat(32) }, model: 'credit' }
	expect(made).toMatchObject({ status: 201, body: expected })
	expect((await server.fetch(made.headers.get('location') as string)).body).toEqual(made.body)
})

test('answers 200 for the same version again, 409 for other content: a version never changes', async ({
	server,
}) => {
	expect((await server.post(path, full)).status).toBe(200)
	expect(await server.post(path, { ...full, features: [] })).toMatchObject({
		status: 409,
		body: { detail: expect.stringContaining('new version') },
	})
})

test('takes numbers among declared values, as rows may send codes', async ({ server }) => {
	const { body } = await server.post(path, {
		version: 'codes',
		features: [{ name: 'a', type: 'categorical', values: [1, 2, 'x', true] }],
	})
	expect(body.features[0].values).toEqual(['1', '2', 'x', 'true'])
})

test('takes a version without features: the score alone can be watched', async ({ server }) => {
	expect((await server.post(path, { version: 'bare', features: [] })).status).toBe(201)
})

test('names what is wrong with features', async ({ server }) => {
	const features = [
		{ name: '$score', type: 'numeric' },
		{ name: '$decision', type: 'numeric' },
		{ name: 'a', type: 'nummeric' },
		{ name: 'b', type: 'numeric', min: 2, max: 1 },
		{ name: 'c', type: 'numeric', values: ['x'] },
		{ name: 'd', type: 'text', min: 1 },
		{ name: 'e', type: 'text', values: ['x', 'x'] },
		{ name: '', type: 'text' },
		{ name: 'f', type: 'text', nulable: true },
		{ type: 'text' },
	]
	expect(await faultsOf(server, { features })).toMatchObject({
		'features.0.name': expect.stringContaining('$score'),
		'features.1.name': expect.stringContaining('$decision'),
		'features.2.type': expect.stringContaining('did you mean "numeric"?'),
		'features.3.max': expect.stringContaining('below min'),
		'features.4.values': expect.any(String),
		'features.5.min': expect.any(String),
		'features.6.values': expect.stringContaining('twice'),
		'features.7.name': expect.any(String),
		'features.8.nulable': expect.stringContaining('"nullable"'),
		'features.9.name': 'is required',
	})
	expect(await faultsOf(server, { features: [numeric('a'), numeric('a')] })).toMatchObject({
		'features.1.name': expect.stringContaining('twice'),
	})
})

test('takes 2,000 features and no more', async ({ server }) => {
	const features = Array.from({ length: 2001 }, (_, i) => numeric(`f${i}`))
	expect((await server.post(path, { version: 'wide', features: features.slice(1) })).status).toBe(201)
	expect(await faultsOf(server, { features })).toMatchObject({
		features: expect.stringContaining('featuresPerRow'),
	})
})

test('names what is wrong with an artifact', async ({ server }) => {
	expect(await faultsOf(server, { artifact: { sha256: 'abc', format: 'onyx' } })).toMatchObject({
		'artifact.sha256': expect.stringContaining('64'),
		'artifact.format': expect.stringContaining('"onnx"'),
	})
})

test('answers an unknown version with the nearest one', async ({ server }) => {
	expect(await server.fetch(`${path}/baer`)).toMatchObject({
		status: 404,
		body: { detail: expect.stringContaining('"bare"') },
	})
})

test('lists versions by name', async ({ server }) => {
	const { body } = await server.fetch(`${path}?limit=1000`)
	const names = body.items.map((v: { version: string }) => v.version)
	expect(names).toEqual([...names].sort())
	expect(names).toContain('bare')
})
