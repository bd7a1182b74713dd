import { describe, expect } from 'vitest'
import { dayMs, formatTime, hourMs } from '../../../src/core/time.ts'
import { type ServerOf, withServer } from '../../support/fixtures.ts'
import { day, features, loanServer, model, predict, rows } from '../../support/loan-model.ts'
import type { Json } from '../../support/server.ts'

const it = withServer(loanServer)
type Server = ServerOf<typeof loanServer>

const read = async (server: Server, query = '', of = 'loan') =>
	(await server.fetch(`/v1/models/${of}/bias?${query}`)).body

describe('what is audited', () => {
	it('is the period in whole hours', async ({ server }) => {
		const inside = await read(
			server,
			`attribute=SEX&from=${formatTime(day + 60_000)}&to=${formatTime(day + 120_000)}`,
		)
		expect(inside).toMatchObject({
			period: { from: formatTime(day), to: formatTime(day + hourMs) },
			rows: { predictions: rows.length },
		})
		const older = await read(server, `attribute=SEX&from=${formatTime(day - 41 * dayMs)}`)
		expect(older.rows.predictions).toBe(rows.length + 40)
		const none = await read(server, `attribute=SEX&to=${formatTime(day)}`)
		expect(none).toMatchObject({ rows: { predictions: 0 }, tests: 0 })
		expect(none.attributes).toMatchObject([
			{ status: 'insufficient', reason: 'there are no predictions in the period', groups: [] },
		])
	})

	it('is another version or environment when these are named', async ({ server }) => {
		expect(await read(server, 'version=1&environment=staging')).toMatchObject({
			environment: 'staging',
			rows: { predictions: 1 },
		})
		expect(await read(server, 'version=2')).toMatchObject({ version: '2', rows: { predictions: 0 } })
	})

	it('is a pair of attributes in all rows, in whichever order the model named the two when they came', async ({
		server,
	}) => {
		await server.post('/v1/models', { model: 'two', ...model, sensitive: ['SEX', 'REGION'] })
		await server.post('/v1/models/two/versions', { version: '1', features })
		await predict(server, 'two', rows.slice(0, 600), day)
		const before = await read(server, 'version=1', 'two')
		const json = { sensitive: ['REGION', 'SEX'] }
		await server.fetch('/v1/models/two', { method: 'PATCH', json })
		await predict(server, 'two', rows.slice(600), day)
		const after = await read(server, `version=1&attribute=${encodeURIComponent('REGION x SEX')}`, 'two')
		expect(before.attributes[2].attribute).toBe('SEX x REGION')
		const [pair] = after.attributes
		expect(pair.rows).toMatchObject({ total: rows.length, withoutGroup: 50 })
		// All men came before the change, women before and after it.
		for (const sex of ['m', 'f']) {
			const group = pair.groups.find((g: Json) => g.group === `REGION=north x SEX=${sex}`)
			const own = rows.filter((r) => r.SEX === sex && r.REGION === 'north')
			expect([group.counts.n, group.counts.selected]).toEqual([
				own.length,
				own.filter((r) => r.label === 1).length,
			])
		}
		expect(pair.groups.find((g: Json) => g.group.includes('missing')).isKnown).toBe(false)
	})

	it('has rows that came before the attribute was declared as rows without a group', async ({ server }) => {
		await server.post('/v1/models', { model: 'late', ...model, sensitive: ['REGION'] })
		await server.post('/v1/models/late/versions', { version: '1', features })
		await predict(server, 'late', rows.slice(0, 100), day)
		const json = { sensitive: ['REGION', 'SEX', 'nobody'] }
		await server.fetch('/v1/models/late', { method: 'PATCH', json })
		await predict(server, 'late', rows.slice(400, 500), day)
		const [, sex, nobody] = (await read(server, 'version=1', 'late')).attributes
		expect(sex).toMatchObject({
			status: 'ok',
			rows: { total: 200, withoutGroup: 100 },
			fourFifths: { verdict: 'inconclusive', value: null, groups: [] },
		})
		expect(nobody).toMatchObject({ status: 'insufficient', rows: { withoutGroup: 200 } })
		expect(nobody.reason).toContain('the groups of the model')
	})
})

describe('what the features give away', () => {
	const proxies = async (server: Server, query: string) =>
		(await server.fetch(`/v1/models/loan/bias/proxies?${query}`)).body

	it('is named, the best first, and never the attribute itself', async ({ server }) => {
		const body = await proxies(server, 'attribute=SEX&group=f')
		expect(body).toMatchObject({
			attribute: 'SEX',
			features: 3,
			status: 'ok',
			rows: { total: rows.length, sampled: rows.length, withoutGroup: 50 },
		})
		const [{ group, members, others, auc, top }] = body.groups
		expect([group, members, others]).toEqual(['SEX=f', 500, 510])
		expect(top.map((t: Json) => t.feature)).toEqual(expect.arrayContaining(['title', 'noise', 'REGION']))
		// 90% have a title that says it; the others are as likely of either side.
		expect(top[0]).toMatchObject({ feature: 'title' })
		expect(top[0].auc.value).toBeCloseTo(0.95, 1)
		expect(auc.value).toBeGreaterThan(0.93)
		for (const { feature, auc: own } of top.slice(1)) {
			expect(['noise', 'REGION']).toContain(feature)
			expect(own.low).toBeLessThan(0.5)
		}
		expect(await proxies(server, 'attribute=SEX&group=SEX%3Df')).toEqual(body)
	})

	it('is measured for each group that is not too small when none is named, and says when one is', async ({
		server,
	}) => {
		const { groups } = await proxies(server, 'attribute=SEX')
		expect(groups.map((g: Json) => g.group)).toEqual(['SEX=f', 'SEX=m'])
		const [few] = (await proxies(server, 'attribute=SEX&group=x&from=2026-02-27T00:00:00Z')).groups
		expect(few).toMatchObject({ group: 'SEX=x', members: 10, status: 'ok' })
		const pair = await proxies(server, 'attribute=SEX%20x%20REGION&group=f%20x%20north')
		expect(pair).toMatchObject({ features: 2, groups: [{ group: 'SEX=f x REGION=north', status: 'ok' }] })
	})

	it('is not yet known for attributes that were sent separately from the features', async ({ server }) => {
		const body = await proxies(server, 'attribute=ethnicity')
		expect(body).toMatchObject({ status: 'insufficient', groups: [] })
		expect(body.reason).toContain('ethnicity is not a feature of version 1')
		expect(await proxies(server, `attribute=SEX&to=${formatTime(day)}`)).toMatchObject({
			status: 'insufficient',
			reason: 'there are no predictions in the period',
		})
	})
})

describe('what is refused', () => {
	const refused: [query: string, path: string, says: string][] = [
		['attribute=SEXX', 'attribute', 'did you mean \\"SEX\\"?'],
		['attribute=SEX%20x%20RGION', 'attribute', 'did you mean \\"SEX x REGION\\"?'],
		['version=nine', 'version', 'known here: 1, 2'],
		['environment=prodution', 'environment', 'did you mean \\"production\\"?'],
		['version=1&environment=stagin', 'environment', 'did you mean \\"staging\\"?'],
		['from=yesterday', 'from', 'RFC 3339'],
		['from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z', 'from', 'must be before'],
		['from=2024-02-02T00:00:00Z', 'from', 'longer than 366 days'],
		['atribute=SEX', 'atribute', 'did you mean \\"attribute\\"?'],
		['attribute=', 'attribute', ''],
	]
	it.for(refused)('%s: 422 that says which and what to do', async ([query, path, says], { server }) => {
		for (const route of ['bias', 'bias/proxies']) {
			const more = route === 'bias' || query.startsWith('attribute') ? query : `attribute=SEX&${query}`
			const { status, body, text } = await server.fetch(`/v1/models/loan/${route}?${more}`)
			expect({ status, path: body.errors[0].path }).toEqual({ status: 422, path })
			expect(text).toContain(says)
		}
	})

	it('proxies of no attribute, or of a group that there is not', async ({ server }) => {
		const ask = async (query: string) => {
			const { status, body } = await server.fetch(`/v1/models/loan/bias/proxies?${query}`)
			return [status, body.errors[0].path, body.errors[0].message]
		}
		expect(await ask('')).toEqual([422, 'attribute', 'is required'])
		const [status, path, message] = await ask('attribute=REGION&group=nort')
		expect([status, path]).toEqual([422, 'group'])
		expect(message).toContain('did you mean "north"?')
	})

	it('models without sensitive attributes, without a deployment, and of other tasks', async ({ server }) => {
		const create = (name: string, more: Json) => server.post('/v1/models', { model: name, ...model, ...more })
		await create('bare', {})
		await create('undeployed', { sensitive: ['SEX'] })
		await create('price', { task: 'regression', favourable: null, sensitive: ['SEX'] })
		const ask = async (name: string) => {
			const { status, body } = await server.fetch(`/v1/models/${name}/bias`)
			return { status, detail: body.detail, ...body.errors[0] }
		}
		expect(await ask('bare')).toMatchObject({ status: 422, path: 'sensitive' })
		expect((await ask('bare')).detail).toContain('PATCH /v1/models/bare')
		expect(await ask('undeployed')).toMatchObject({ status: 422, path: 'version' })
		expect(await ask('price')).toMatchObject({ status: 422, path: 'model' })
		expect((await server.fetch('/v1/models/laon/bias')).status).toBe(404)
	})

	it('who is neither analyst nor auditor, and who has another scope', async ({ server }) => {
		const statusOf = async (role: string, more = {}) => {
			const key = await server.keyOf(role, more)
			const answers = await Promise.all(
				['bias', 'bias/proxies?attribute=SEX'].map((path) =>
					server.fetch(`/v1/models/loan/${path}`, { key }),
				),
			)
			return answers.map((a) => a.status)
		}
		for (const role of ['analyst', 'approver', 'auditor', 'admin'])
			expect([role, await statusOf(role)]).toEqual([role, [200, 200]])
		for (const role of ['viewer', 'ingest']) expect([role, await statusOf(role)]).toEqual([role, [403, 403]])
		expect(await statusOf('auditor', { models: ['other*'] })).toEqual([403, 403])
	})
})
