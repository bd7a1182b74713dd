import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
	type EndpointQuery,
	estimateByEndpoint,
} from '../../../src/decisions/endpoint/estimate-by-endpoint.ts'
import type { Endpoint } from '../../../src/explain/manifest.ts'

type Row = Record<string, unknown>
const features = ['income', 'debt', 'region']
const sigmoid = (m: number) => 1 / (1 + Math.exp(-m))
const score = ({ income, debt, region }: Row) =>
	sigmoid(Number(income ?? 0) - Number(debt) * (region === 'north' ? 2 : 1))
const logged: Row = { income: 0.7, debt: 1.3, region: 'north' }
const background: Row[] = [
	{ income: 0.2, debt: 0.5, region: 'south' },
	{ income: null, debt: 1.3, region: 'north' },
	{ income: 2, debt: 0, region: 'west' },
]

let server: Server | undefined
afterEach(() => void server?.close())

const readBody = async (request: IncomingMessage): Promise<string> => {
	let text = ''
	for await (const part of request) text += part
	return text
}

/** A small scoring service; answers with whatever `handle` makes of the request's body. */
async function serve(
	handle: (body: Record<string, never>, response: ServerResponse, request: IncomingMessage) => unknown,
) {
	let calls = 0
	server = createServer(async (request, response) => {
		calls++
		const answer = handle(JSON.parse(await readBody(request)), response, request)
		response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? null))
	})
	await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done))
	const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
	return { host, url: `http://${host}/score`, calls: () => calls }
}

const rowsOf = (body: { inputs?: { name: string; data: unknown[] }[]; instances?: Row[] }): Row[] =>
	body.instances ??
	(body.inputs?.[0]?.data ?? []).map((_, r) =>
		Object.fromEntries((body.inputs ?? []).map(({ name, data }) => [name, data[r]])),
	)

const queryOf = (endpoint: Endpoint, more: Partial<EndpointQuery> = {}): EndpointQuery => ({
	endpoint,
	manifest: {},
	registered: { task: 'binary', positiveLabel: '1' },
	features,
	prediction: { features: logged, score: score(logged) },
	background,
	...more,
})

const contextOf = (host: string, token?: string) => ({ fetch, endpoints: { hosts: [host], token } })

/** By hand, over the orders in which three features can come in. */
function shapley(feature: string): number {
	const others = features.filter((f) => f !== feature)
	const worth = (set: readonly string[]) =>
		background.reduce((sum, row) => {
			const mixed = { ...row }
			for (const f of set) mixed[f] = logged[f]
			return sum + score(mixed) / background.length
		}, 0)
	const gain = (set: readonly string[]) => worth([...set, feature]) - worth(set)
	return gain([]) / 3 + others.reduce((sum, f) => sum + gain([f]) / 6, 0) + gain(others) / 3
}

describe('an estimate by the endpoint of a model', () => {
	it.each(['v2', 'plumbline'] as const)(
		'asks it in the format %s, texts and missing values included',
		async (format) => {
			const seen: unknown[] = []
			const { host, url, calls } = await serve((body, _, request) => {
				seen.push(request.headers.authorization, body)
				const scores = rowsOf(body).map(score)
				const outputs = [
					{
						name: 'predict_proba',
						shape: [scores.length, 2],
						datatype: 'FP64',
						data: scores.flatMap((p) => [1 - p, p]),
					},
				]
				return format === 'v2' ? { outputs } : { predictions: scores }
			})
			const answer = await estimateByEndpoint(contextOf(host, 'secret'), queryOf({ url, format }))
			if (answer.status !== 'estimated') throw new Error(answer.reason)
			const { attribution } = answer
			expect(attribution.method).toBe('exact/kernel-shap')
			features.forEach((feature, i) => {
				expect(attribution.contributions[0]?.[i]).toBeCloseTo(shapley(feature), 12)
			})
			expect(answer.shape).toMatchObject({ features, outputs: 1, space: 'probability' })
			expect(calls()).toBe(3)
			expect(seen[0]).toBe('Bearer secret')
		},
	)

	it('sends one table of numbers where the manifest says so, and names the tensors of the protocol', async () => {
		const bodies: { inputs: { name: string; shape: number[]; datatype: string; data: number[] }[] }[] = []
		const { host, url } = await serve((body) => {
			bodies.push(body as never)
			const data = (body as never as (typeof bodies)[0]).inputs[0]?.data ?? []
			const rows = data.length / 2
			const scores = Array.from({ length: rows }, (_, r) =>
				sigmoid((data[2 * r] as number) - (data[2 * r + 1] as number)),
			)
			return {
				outputs: [
					{ name: 'label', data: scores.map(Math.round) },
					{ name: 'p', data: scores },
				],
			}
		})
		const endpoint: Endpoint = { url, format: 'v2', input: 'input-0', output: 'p' }
		const numbers = { income: 0.7, debt: 1.3 }
		const query = queryOf(endpoint, {
			features: ['income', 'debt'],
			prediction: { features: numbers, score: sigmoid(-0.6) },
			background: [{ income: 0, debt: true }],
		})
		expect((await estimateByEndpoint(contextOf(host), query)).status).toBe('estimated')
		expect(bodies[0]?.inputs[0]).toEqual({
			name: 'input-0',
			shape: [1, 2],
			datatype: 'FP64',
			data: [0.7, 1.3],
		})
		const text = await estimateByEndpoint(contextOf(host), queryOf(endpoint))
		expect(text).toMatchObject({
			status: 'unavailable',
			reason: expect.stringContaining('region is not a number'),
		})
		const { output: _, ...unnamed } = endpoint
		expect(await estimateByEndpoint(contextOf(host), { ...query, endpoint: unnamed })).toMatchObject({
			reason: expect.stringContaining('("label", "p"); name it in the manifest'),
		})
	})

	it('does not go on when the endpoint answers another score than the logged one', async () => {
		const { host, url, calls } = await serve((body) => ({
			predictions: rowsOf(body).map((r) => score(r) * 0.9),
		}))
		const answer = await estimateByEndpoint(contextOf(host), queryOf({ url, format: 'plumbline' }))
		expect(answer).toMatchObject({
			status: 'mismatched',
			logged: score(logged),
			answered: score(logged) * 0.9,
		})
		expect(calls()).toBe(1)
	})

	it('asks only hosts that the administrator has named, and follows no redirect', async () => {
		const { host, url, calls } = await serve((_, response) => {
			response.writeHead(302, { location: 'http://169.254.169.254/' })
		})
		const query = queryOf({ url, format: 'plumbline' })
		for (const hosts of [undefined, { hosts: [] }, { hosts: ['127.0.0.2:*', 'localhost'] }])
			expect(await estimateByEndpoint({ fetch, endpoints: hosts }, query)).toMatchObject({
				status: 'unavailable',
				reason: expect.stringContaining(`PLUMBLINE_ENDPOINT_HOSTS=${host}`),
			})
		expect(calls()).toBe(0)
		expect(await estimateByEndpoint(contextOf(host), query)).toMatchObject({
			status: 'unavailable',
			reason: expect.stringContaining('302, a redirect, which is not followed'),
		})
		const secret = queryOf({ url: url.replace('//', '//a:b@'), format: 'plumbline' })
		expect(await estimateByEndpoint(contextOf(host), secret)).toMatchObject({
			reason: expect.stringContaining('password'),
		})
	})

	it('is unavailable, with what is wrong, where the endpoint does not answer scores', async () => {
		const bodies = [
			'no JSON',
			'{}',
			'{"predictions":[]}',
			'{"predictions":["x"]}',
			'{"predictions":[null]}',
			'[1]',
		]
		for (const body of bodies) {
			const { host, url } = await serve(() => body)
			const answer = await estimateByEndpoint(contextOf(host), queryOf({ url, format: 'plumbline' }))
			expect(answer, body).toMatchObject({
				status: 'unavailable',
				reason: expect.stringMatching(/its answer|it answered/),
			})
			server?.close()
		}
		const { host, url } = await serve((_, response) => void response.writeHead(500))
		expect(await estimateByEndpoint(contextOf(host), queryOf({ url, format: 'plumbline' }))).toMatchObject({
			reason: `the endpoint ${host} answered 500`,
		})
		const gone = await estimateByEndpoint(
			contextOf('127.0.0.1:1'),
			queryOf({ url: 'http://127.0.0.1:1/', format: 'v2' }),
		)
		expect(gone).toMatchObject({ status: 'unavailable', reason: expect.stringContaining('cannot be used') })
	})

	it('costs the endpoint no more than it may: a bounded background and a bounded number of rows', async () => {
		let rows = 0
		const { host, url } = await serve((body) => {
			const asked = rowsOf(body)
			rows += asked.length
			return { predictions: asked.map(many) }
		})
		const names = Array.from({ length: 20 }, (_, i) => `f${i}`)
		const many = (row: Row) =>
			sigmoid(names.reduce((sum, f, i) => sum + Number(row[f]) * Math.sin(i) * 0.3, 0))
		const others = Array.from({ length: 120 }, (_, r) =>
			Object.fromEntries(names.map((f, i) => [f, Math.cos(r * 7 + i)])),
		)
		const row = Object.fromEntries(names.map((f, i) => [f, i / 10]))
		const answer = await estimateByEndpoint(
			contextOf(host),
			queryOf(
				{ url, format: 'plumbline' },
				{
					features: names,
					background: others,
					prediction: { features: row, score: many(row) },
				},
			),
		)
		if (answer.status !== 'estimated') throw new Error(answer.reason)
		expect(answer.attribution.method).toBe('estimate/kernel-shap')
		expect(answer.attribution.standardErrors?.[0]).toHaveLength(20)
		expect(answer.reason).toBe('compared with 50 of 120 rows, spread evenly')
		expect(rows).toBeLessThanOrEqual(20_101)
	})

	it('needs features, a score and others to compare with', async () => {
		const endpoint: Endpoint = { url: 'http://127.0.0.1:1/', format: 'v2' }
		const ask = (more: Partial<EndpointQuery>) => estimateByEndpoint(contextOf('*'), queryOf(endpoint, more))
		expect(await ask({ prediction: { features: null, score: 0.5 } })).toMatchObject({
			reason: 'no features are logged',
		})
		expect(await ask({ prediction: { features: { income: 1 }, score: 0.5 } })).toMatchObject({
			reason: expect.stringContaining('debt, which is not among the logged features'),
		})
		expect(await ask({ background: [] })).toMatchObject({
			reason: expect.stringContaining('no other applicants'),
		})
	})
})
