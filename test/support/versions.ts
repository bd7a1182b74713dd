import { expect } from 'vitest'
import { hourMs } from '../../src/core/time.ts'
import { startOfTest } from './context.ts'
import { type Json, testServer } from './server.ts'

type Sent = {
	version: '1' | '2'
	/** Of the request; rows of one request in both versions are a pair. */
	request: number
	/** Milliseconds after the deployment; by default a tenth of a second a request. */
	after?: number
	actual?: number
	[member: string]: unknown
}

/** A server with the model `m`, whose versions 1 and 2 serve in production as champion and challenger or canary. */
export async function versionServer(model: object, deployment: object = { challenger: '2' }) {
	const server = await testServer()
	await server.post('/v1/models', { model: 'm', ...model })
	for (const version of ['1', '2'])
		await server.post('/v1/models/m/versions', { version, features: [{ name: 'x', type: 'numeric' }] })
	const deploy = (more: object) =>
		server.fetch('/v1/models/m/deployments/production', { method: 'PUT', json: { champion: '1', ...more } })
	await deploy(deployment)
	const since = startOfTest
	const post = async (path: string, rows: object[]) => {
		for (let i = 0; i < rows.length; i += 4000)
			expect((await server.post(`/v1/models/m/${path}`, rows.slice(i, i + 4000))).body.rejected).toEqual([])
	}
	return {
		...server,
		deploy,
		post,
		/** Predictions, and the outcomes of those that have an `actual`. */
		async send(rows: readonly Sent[]) {
			const at = ({ request, after = 100 * request }: Sent) => new Date(since + after).toISOString()
			const last = Math.max(...rows.map((row) => Date.parse(at(row))))
			if (last + hourMs > server.clock.now) server.clock.now = last + hourMs
			const idOf = ({ version, request }: Sent) => `${version}-${request}`
			const predictions = rows.map((row) => {
				const { request, after, actual, ...rest } = row
				return { predictionId: idOf(row), timestamp: at(row), features: { x: request }, ...rest }
			})
			await post('predictions', predictions)
			const known = rows.filter(({ actual }) => actual !== undefined)
			const outcomes = known.map((row) => ({
				predictionId: idOf(row),
				actual: row.actual,
				timestamp: at(row),
			}))
			await post('outcomes', outcomes)
		},
		compare: async (query = ''): Promise<Json> =>
			(await server.fetch(`/v1/models/m/deployments/production/comparison${query}`)).body,
		promote: () =>
			server.post('/v1/requests', {
				kind: 'promotion',
				model: 'm',
				environment: 'production',
				to: '2',
				reason: 'better',
			}),
	}
}
