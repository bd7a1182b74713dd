import { describe, expect } from 'vitest'
import { type ServerOf, withServer } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'
import { commitOf, dataset, fingerprint, sha, tracedServer } from '../../support/traced-model.ts'

const it = withServer(tracedServer)
type Server = ServerOf<typeof tracedServer>
const trace = (server: Server, from: string, more = '', key?: string) =>
	server.fetch(`/v1/lineage?from=${encodeURIComponent(from)}${more}`, key === undefined ? {} : { key })
const node = (body: Json, id: string) => body.nodes.find((n: Json) => n.id === id)
const edges = (body: Json, to: string) =>
	body.edges.filter((e: Json) => e.to === to).map((e: Json) => `${e.from} ${e.kind}`)

describe('from data and code', () => {
	it('leads forward to every version, where it served, and how many decisions it made', async ({
		server,
	}) => {
		const { body } = await trace(server, `dataset:${dataset}`)
		expect(body.direction).toBe('forward')
		expect(body.edges.filter((e: Json) => e.kind === 'trained').map((e: Json) => e.to)).toEqual([
			'version:credit@7',
			'version:credit@8',
		])
		expect(node(body, 'decisions:credit@7/production').attributes).toEqual({
			model: 'credit',
			version: '7',
			environment: 'production',
			count: 4,
			from: '2026-03-02T01:01:00.000Z',
			to: '2026-03-02T03:02:00.001Z',
		})
		expect(edges(body, 'deployment:credit/production/1').sort()).toEqual([
			'version:credit@7 champion',
			'version:credit@8 canary',
		])
		expect(body.chain[0]).toContain('2 versions came from the dataset')
	})

	it.for([
		['artifact', sha('a'), ['7']],
		['artifact', `sha256:${sha('A')}`, ['7']],
		['artifact', 'aaaaaaaa', ['7']],
		['run', 'mlflow:4f1c', ['7']],
		['run', '4f1c', ['7']],
		['dataset', fingerprint, ['7', '8']],
		['dataset', 's3://data/credit.parquet', ['7', '8']],
		['commit', commitOf('9'), ['7']],
		['commit', '99999999', ['7']],
		['image', fingerprint, ['7']],
	] as const)('finds versions by %s %s', async ([kind, value, versions], { server }) => {
		const { status, body } = await trace(server, `${kind}:${value}`)
		expect([
			status,
			body.nodes.filter((n: Json) => n.kind === 'version').map((n: Json) => n.attributes.version),
		]).toEqual([200, versions])
		expect(body.nodes.some((n: Json) => n.id === body.from)).toBe(true)
	})

	it('takes a full commit for a version that was registered with a shortened one', async ({ server }) => {
		await server.post('/v1/models/credit/versions', {
			version: '9',
			features: [],
			lineage: { commit: 'ABCDEF1' },
		})
		const { body } = await trace(server, `commit:abcdef1${'0'.repeat(33)}`)
		expect([body.from, node(body, 'version:credit@9').kind]).toEqual(['commit:abcdef1', 'version'])
		await server.post('/v1/models/credit/versions', {
			version: '10',
			features: [],
			lineage: { commit: 'abcdef2' },
		})
		expect(await trace(server, 'commit:abcdef')).toMatchObject({
			status: 422,
			body: { detail: expect.stringContaining('is ambiguous: abcdef1, abcdef2') },
		})
	})

	it('understands a bare name where it means one thing', async ({ server }) => {
		for (const [bare, whole] of [
			['credit@9', 'version:credit@9'],
			['ABCDEF1', 'commit:abcdef1'],
			['mlflow:4f1c', 'run:mlflow:4f1c'],
		] as const)
			expect((await trace(server, bare)).body.from).toBe(whole)
	})

	it('answers 404 with the nearest value', async ({ server }) => {
		expect(await trace(server, 'run:mlflow:4f2c')).toMatchObject({
			status: 404,
			body: { detail: expect.stringContaining('Did you mean "mlflow:4f1c"?') },
		})
	})

	it.for(['credit', 'prediction:credit', 'version:credit', 'datasets:x', 'commit:', ':'])(
		'refuses %s with the forms that there are',
		async (from, { server }) => {
			const { status, body } = await trace(server, from)
			expect([status, body.errors[0].path]).toEqual([422, 'from'])
			expect(body.detail).toContain('prediction:<model>/<id>')
		},
	)

	it('lists the decisions by id, page by page, the same however they are stored', async ({ server }) => {
		const ids: string[] = []
		let cursor = ''
		do {
			const { body } = await server.fetch(
				`/v1/lineage/predictions?from=${encodeURIComponent(`dataset:${fingerprint}`)}&limit=2${cursor}`,
			)
			ids.push(...body.items.map((p: Json) => p.predictionId))
			cursor = body.next === null ? '' : `&cursor=${body.next}`
			await server.context.log.compact()
		} while (cursor !== '')
		expect(ids).toEqual(['p1', 'p2', 'p3', 'late', 'c1'])
		const { body } = await server.fetch('/v1/lineage/predictions?from=version:credit@8&limit=1')
		expect(body.items).toMatchObject([
			{ model: 'credit', version: '8', environment: 'production', predictionId: 'c1' },
		])
		expect((await server.fetch('/v1/lineage/predictions?from=prediction:credit/p1')).status).toBe(422)
		for (const cursor of ['W10', 'IlsxIg', 'IltcInhcIl0i'])
			for (const path of ['/v1/lineage', '/v1/lineage/predictions'])
				expect((await server.fetch(`${path}?from=commit:${commitOf('9')}&cursor=${cursor}`)).status).toBe(422)
	})
})

describe('the scope of a key', () => {
	it('leaves out the versions of other models, as if they were not there', async ({ server }) => {
		await server.post('/v1/models', { model: 'other', task: 'binary' })
		await server.post('/v1/models/other/versions', {
			version: '1',
			features: [],
			lineage: { dataset, run: 'secret-run' },
		})
		const all = (await trace(server, `dataset:${dataset}`)).body
		expect(node(all, 'version:other@1')).toBeDefined()
		const key = await server.keyOf('viewer', { models: ['credit*'] })
		const mine = (await trace(server, `dataset:${dataset}`, '', key)).body
		expect(mine.nodes.filter((n: Json) => n.kind === 'version')).toHaveLength(2)
		expect((await trace(server, 'run:secret-run', '', key)).status).toBe(404)
		expect((await trace(server, 'run:secret-rum', '', key)).body.detail).not.toContain('secret-run')
		// Neither fills a page that it may not be on.
		expect((await trace(server, `dataset:${dataset}`, '&limit=2', key)).body.next).toBeNull()
		const odd = await server.keyOf('viewer', {
			models: ['othe[r]', `${'x'.repeat(49)}[long*`, `credit${'?'.repeat(60)}`],
		})
		expect((await trace(server, `dataset:${dataset}`, '', odd)).status).toBe(404)
		expect((await trace(server, 'version:other@1', '', key)).status).toBe(403)
		expect((await trace(server, 'prediction:other/x', '', key)).status).toBe(403)
		expect((await trace(server, `dataset:${dataset}`, '', await server.keyOf('ingest'))).status).toBe(403)
	})
})
