import { gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { defaultLimits } from '../../../src/core/limits.ts'
import { withServer } from '../../support/fixtures.ts'
import { digestOf, linearFile, logDay, registerLinear, upload } from '../../support/linear-model.ts'
import { testServer } from '../../support/server.ts'

const it = withServer(() => testServer({}, { limits: { ...defaultLimits, artifactBytes: 10_000 } }))
const file = linearFile()
const artifact = { sha256: digestOf(file), format: 'linear-json' }
const at = (model: string) => `/v1/models/${model}/versions/1/artifact`

describe('an uploaded model file', () => {
	it('is checked, read and stored once, and the same again changes nothing', async ({ server }) => {
		await registerLinear(server, 'm', { artifact })
		const first = await upload(server, 'm', file)
		expect(first).toMatchObject({
			status: 201,
			body: {
				model: 'm',
				version: '1',
				...artifact,
				bytes: file.length,
				features: ['income', 'debt'],
				outputs: 1,
				classes: null,
				space: 'log-odds',
				warnings: [],
			},
		})
		expect((await upload(server, 'm', file)).status).toBe(200)
		expect((await server.fetch(at('m'))).body).toMatchObject({ ...artifact, uri: null, bytes: file.length })
		const entries = (await server.fetch('/v1/audit/entries?model=m')).body.items
		const stored = entries.filter((e: { action: string }) => e.action === 'store-artifact')
		expect(stored).toHaveLength(1)
		expect(stored[0].entry).toContain(artifact.sha256)
	})

	it('may be gzipped', async ({ server }) => {
		await registerLinear(server, 'zipped', { artifact })
		const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' }
		expect((await upload(server, 'zipped', gzipSync(file), { headers })).status).toBe(201)
		const broken = await upload(server, 'zipped', gzipSync(file).subarray(0, 40), { headers })
		expect(broken).toMatchObject({ status: 400, body: { code: 'malformed' } })
	})

	it('is refused when it is not the registered one, with both digests', async ({ server }) => {
		await registerLinear(server, 'other', { artifact })
		const { status, body } = await upload(server, 'other', linearFile(2))
		expect(status).toBe(422)
		expect(body.detail).toContain(artifact.sha256)
		expect(body.detail).toContain(digestOf(linearFile(2)))
		expect((await server.fetch(at('other'))).body).toMatchObject({ bytes: null, storedAt: null })
	})

	it('binds a version that was registered without one, for good', async ({ server }) => {
		await registerLinear(server, 'bound')
		expect(await server.fetch(at('bound'))).toMatchObject({ status: 404 })
		expect(await upload(server, 'bound', file)).toMatchObject({ status: 201, body: artifact })
		const other = await upload(server, 'bound', linearFile(2))
		expect(other).toMatchObject({ status: 409, body: { code: 'conflict' } })
		expect(other.body.detail).toContain('new version')
		expect(await upload(server, 'bound', file, { query: '?format=onnx' })).toMatchObject({ status: 422 })
	})

	it('is part of the lineage of a version that was registered without one', async ({ server }) => {
		await registerLinear(server, 'traced')
		const own = linearFile(0.7)
		await upload(server, 'traced', own)
		const node = `artifact:${digestOf(own)}`
		const ids = async (from: string) =>
			(await server.fetch(`/v1/lineage?from=${from}`)).body.nodes.map((n: { id: string }) => n.id)
		expect(await ids('version:traced@1')).toContain(node)
		expect(await ids(node)).toContain('version:traced@1')
		await logDay(server, 'traced', server.clock.now - 3_600_000, 1)
		const day = new Date(server.clock.now - 3_600_000).toISOString().slice(0, 10)
		expect(await ids(`prediction:traced/p-${day}-0`)).toContain(node)
	})

	it('is refused with a hint when it cannot be read', async ({ server }) => {
		await registerLinear(server, 'bad')
		const pickle = await upload(server, 'bad', Uint8Array.of(0x80, 4, 0x95, 1, 2, 3))
		expect(pickle).toMatchObject({ status: 422, body: { code: 'invalid' } })
		expect(pickle.body.detail).toMatch(/pickle.*are refused.*save_model/)
		for (const [content, query] of [
			['hello', ''],
			['{"learner": {', '?format=xgboost-json'],
			['{"learner": {}}', ''],
			['tree\nversion=v4\n', ''],
			['[]', '?format=linear-json'],
			['{"format":"linear-json","intercept":"1"}', ''],
			['{', '?format=scorecard'],
			[Uint8Array.of(0x7b, 0x4c, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), ''],
			[Uint8Array.of(8, 8, 0x3a, 0xff), '?format=onnx'],
		] as [BodyInit, string][]) {
			const answer = await upload(server, 'bad', content, { query })
			expect([answer.status, answer.body.detail], String(content)).toEqual([
				422,
				expect.stringContaining('The file cannot be used'),
			])
		}
		expect(await server.fetch(at('bad'))).toMatchObject({ status: 404 })
	})

	it('is refused when it is empty, or over the limit, which is named', async ({ server }) => {
		expect(await upload(server, 'm', '')).toMatchObject({ status: 400 })
		const large = await upload(server, 'm', 'x'.repeat(10_001))
		expect(large).toMatchObject({ status: 413, body: { code: 'too-large' } })
		expect(large.body.detail).toContain('PLUMBLINE_LIMIT_ARTIFACT_BYTES')
		const headers = { 'content-encoding': 'gzip' }
		const bomb = await upload(server, 'm', gzipSync('x'.repeat(100_000)), { headers })
		expect(bomb.status).toBe(413)
	})

	it('comes with warnings of what is probably not meant', async ({ server }) => {
		await registerLinear(server, 'warned', {
			artifact,
			manifest: { mising: -1, limits: { incme: { immutable: true } } },
			features: [
				{ name: 'income', type: 'numeric' },
				{ name: 'age', type: 'numeric' },
			],
		})
		const { warnings } = (await upload(server, 'warned', file)).body
		expect(warnings).toEqual([
			expect.stringContaining('"mising" is stored but not used; did you mean "missing"?'),
			expect.stringContaining('does not use: "age"'),
			expect.stringContaining('does not declare: "debt"'),
			expect.stringContaining('did you mean "income"?'),
		])
	})

	it('is uploaded by admins, described to viewers, and handed out to auditors, on the ledger', async ({
		server,
	}) => {
		const viewer = await server.keyOf('viewer')
		const auditor = await server.keyOf('auditor')
		expect((await upload(server, 'm', file, { key: auditor })).status).toBe(403)
		expect((await server.fetch(at('m'), { key: viewer })).status).toBe(200)
		expect((await server.fetch(`${at('m')}/file`, { key: viewer })).status).toBe(403)
		const download = await server.fetch(`${at('m')}/file`, { key: auditor })
		expect([download.status, download.text]).toEqual([200, file])
		expect(download.headers.get('etag')).toBe(`"sha256:${artifact.sha256}"`)
		const entries = (await server.fetch('/v1/audit/entries?model=m')).body.items
		expect(entries.map((e: { action: string }) => e.action)).toContain('read-artifact')
	})

	it('belongs to a version that there is', async ({ server }) => {
		expect(await upload(server, 'nobody', file)).toMatchObject({ status: 404 })
		expect(await server.fetch('/v1/models/m/versions/2/artifact')).toMatchObject({ status: 404 })
	})
})

it('an artefact is not registered by a URI with a password in it', async ({ server }) => {
	await server.post('/v1/models', { model: 'secretive', task: 'binary', positiveLabel: '1', threshold: 0.5 })
	const { status, body } = await server.post('/v1/models/secretive/versions', {
		version: '1',
		features: [{ name: 'income', type: 'numeric' }],
		artifact: { ...artifact, uri: 'https://user:hunter2@models.example.com/m.json' },
	})
	expect({ status, path: body.errors[0].path }).toEqual({ status: 422, path: 'artifact.uri' })
	expect(body.detail).not.toContain('hunter2')
})

describe('a manifest', () => {
	it('with a threshold that no probability reaches contradicts the file', async ({ server }) => {
		await registerLinear(server, 'percent', { manifest: { threshold: 50 } })
		const refused = await upload(server, 'percent', file)
		expect(refused).toMatchObject({
			status: 422,
			body: { detail: expect.stringContaining('threshold is 50') },
		})
		await registerLinear(server, 'margins', { manifest: { threshold: 2, logged: 'margin' } })
		expect((await upload(server, 'margins', file)).status).toBe(201)
	})

	it('with limits that leave no value is refused', async ({ server }) => {
		await server.post('/v1/models', { model: 'limits', task: 'binary', positiveLabel: '1', threshold: 0.5 })
		const { status, body } = await server.post('/v1/models/limits/versions', {
			version: '1',
			features: [{ name: 'income', type: 'numeric' }],
			manifest: { limits: { income: { min: 5, max: 1 } } },
		})
		expect({ status, path: body.errors[0].path }).toEqual({ status: 422, path: 'manifest.limits.income.min' })
	})

	it('is checked when the version is registered, with the path of each fault', async ({ server }) => {
		const { status, body } = await server.post('/v1/models/m/versions', {
			version: '2',
			features: [],
			manifest: { missing: 'none', limits: { income: { direction: 'up' } }, own: { anything: true } },
		})
		expect(status).toBe(422)
		expect(body.errors.map((e: { path: string }) => e.path)).toEqual([
			'manifest.missing',
			'manifest.limits.income.direction',
		])
	})
})
