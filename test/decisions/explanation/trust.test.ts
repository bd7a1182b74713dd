import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect } from 'vitest'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { lendingFeatures, served } from '../../support/lending-model.ts'
import { type Json, type TestServer, testServer } from '../../support/server.ts'

/** A model without any artefact: what its service sends, and its endpoint, are all there is. */
const endpoint = createServer((request, response) => {
	let text = ''
	request.on('data', (part) => {
		text += part
	})
	request.on('end', () => {
		const { instances } = JSON.parse(text)
		response.setHeader('content-type', 'application/json')
		response.end(JSON.stringify({ predictions: instances.map((f: Json) => served(f)) }))
	})
})
const endpointHost = () => `127.0.0.1:${(endpoint.address() as AddressInfo).port}`
const it = withServer(async () => {
	await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
	return testServer({}, { endpoints: { hosts: [endpointHost(), '127.0.0.1'] } })
})
const at = new Date(startOfTest + 3600_000).toISOString()
const row = (i: number) => ({
	late: i % 5,
	limit: 20000 + 1000 * (i % 100),
	income: 20000 + 700 * ((i * 7) % 50),
	education: ['school', 'college', 'university'][i % 3],
	SEX: i % 2,
})
const log = (server: TestServer, rows: object[]) => server.post('/v1/models/far/predictions', rows)
const explain = async (server: TestServer, id: string) =>
	(await server.fetch(`/v1/models/far/predictions/${id}/explanation`)).body

it.beforeAll(async ({ server }) => {
	server.clock.now = startOfTest + 7200_000
	await server.post('/v1/models', { model: 'far', task: 'binary', positiveLabel: '1', threshold: 0.5 })
	await server.post('/v1/models/far/versions', { version: '1', features: lendingFeatures })
	await server.post('/v1/models/far/versions', {
		version: '2',
		features: lendingFeatures,
		manifest: { endpoint: { url: `http://${endpointHost()}/score`, format: 'plumbline' } },
	})
	const rows = Array.from({ length: 60 }, (_, i) => ({
		predictionId: `r${i}`,
		version: '2',
		timestamp: at,
		features: row(i),
		score: served(row(i)),
	}))
	const answer = await log(server, rows)
	expect(answer.body.accepted).toBe(60)
})
afterAll(() => new Promise((resolve) => endpoint.close(resolve)))

describe('without an artefact', () => {
	const logit = (p: number) => Math.log(p / (1 - p))
	const features = { late: 3, income: 20000 }
	const sent = (predictionId: string, attributions: object) => ({
		predictionId,
		version: '1',
		timestamp: at,
		features,
		score: 0.7,
		attributions,
	})

	it('attributions that the service sent are the answer when they add up to the score', async ({
		server,
	}) => {
		await log(server, [sent('adds', { base: -1, late: logit(0.7) + 1.2, income: -0.2 })])
		const answer = await explain(server, 'adds')
		expect(answer).toMatchObject({
			replay: { status: 'unavailable' },
			explanation: { status: 'sent', reason: null },
			method: 'sent',
			space: 'log-odds',
			base: -1,
			reasons: [],
			reasonsStatus: { status: 'unavailable' },
			sent: { status: 'additive' },
		})
		expect(answer.contributions.map((c: Json) => [c.feature, c.value])).toEqual([
			['late', 3],
			['income', 20000],
		])
		const sum = answer.contributions.reduce((s: number, c: Json) => s + c.contribution, answer.base)
		expect(sum).toBeCloseTo(logit(0.7), 9)
	})

	it('attributions that contradict the score are not shown', async ({ server }) => {
		await log(server, [sent('off', { base: -1, late: 0.4, income: -0.2 })])
		expect(await explain(server, 'off')).toMatchObject({
			explanation: { status: 'unavailable', reason: expect.stringContaining('cannot be shown') },
			contributions: [],
			base: null,
			sent: { status: 'not-additive' },
		})
	})

	it('attributions without a base are shown with what is unknown', async ({ server }) => {
		await log(server, [sent('bare', { late: 0.4, income: -0.2 })])
		const answer = await explain(server, 'bare')
		expect(answer.explanation).toMatchObject({ status: 'sent', reason: expect.stringContaining('no base') })
		expect([answer.base, answer.margin, answer.sumError]).toEqual([null, null, null])
	})

	it("the model's own endpoint gives an estimate, labelled as one", async ({ server }) => {
		const answer = await explain(server, 'r7')
		expect(answer.explanation.status).toBe('estimate')
		expect(answer.method).toMatch(/kernel-shap/)
		expect(answer).toMatchObject({ space: 'probability', reasonsStatus: { status: 'unavailable' } })
		const sum = answer.contributions.reduce((s: number, c: Json) => s + c.contribution, answer.base)
		expect(sum).toBeCloseTo(served(row(7)), 9)
	})

	it('an endpoint that answers another score is not believed', async ({ server }) => {
		await log(server, [{ predictionId: 'x', version: '2', timestamp: at, features: row(3), score: 0.123456 }])
		expect(await explain(server, 'x')).toMatchObject({
			explanation: { status: 'unavailable', reason: expect.stringContaining('another model') },
			contributions: [],
		})
	})
})
