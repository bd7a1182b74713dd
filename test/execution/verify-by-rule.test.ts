import { describe, expect } from 'vitest'
import { dayMs, formatTime, hourMs } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { runAll } from '../../src/jobs/index.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { startOfTest } from '../support/context.ts'
import { type ServerOf, withServerPerTest } from '../support/fixtures.ts'
import { type Json, testServer } from '../support/server.ts'

const firstDay = startOfTest + dayMs

async function loans() {
	const logger = { info() {}, warn() {}, error() {} }
	const server = await testServer({}, { rules: await openRules(builtInRules(), { logger }) })
	const chance = new Chance(7)
	let days = 0
	const rowOf = (factor = 1) => ({
		features: { income: factor * Math.exp(8 + 0.5 * chance.normal()), age: 20 + 50 * chance.uniform() },
		score: chance.uniform(),
	})
	await server.post('/v1/models', { model: 'loans', task: 'binary', positiveLabel: '1', riskTier: 'low' })
	const features = ['income', 'age'].map((name) => ({ name, type: 'numeric' }))
	for (const version of ['1', '2', '3']) {
		await server.post('/v1/models/loans/versions', { version, features })
		const rows = Array.from({ length: 2000 }, () => rowOf())
		await server.fetch(`/v1/models/loans/versions/${version}/baseline`, { method: 'PUT', json: rows })
	}
	const deploy = (champion: string) =>
		server.fetch('/v1/models/loans/deployments/production', { method: 'PUT', json: { champion } })
	await deploy('1')
	await deploy('2')
	const [asker, voter] = [await server.keyOf('approver'), await server.keyOf('approver')]
	return {
		...server,
		deploy,
		/** A day of rows of a version, whose income is multiplied by a factor, and everything that follows from them. */
		async day(version: string, factor = 1, perDay = 300) {
			const start = firstDay + days++ * dayMs
			const rows = Array.from({ length: perDay }, (_, i) => ({
				predictionId: `${days}-${i}`,
				version,
				timestamp: formatTime(start + Math.floor((i / perDay) * dayMs)),
				...rowOf(factor),
			}))
			server.clock.now = start + dayMs + hourMs
			expect((await server.post('/v1/models/loans/predictions', rows)).body.accepted).toBe(perDay)
			const runs = await runAll(server.context, 'test')
			expect(runs.filter((run) => run.status !== 'ok')).toEqual([])
		},
		incident: async (): Promise<Json> => (await server.fetch('/v1/incidents?model=loans')).body.items.at(-1),
		request: async (id: string): Promise<Json> => (await server.fetch(`/v1/requests/${id}`)).body,
		/** A rollback for the incident, approved by another person. */
		async rollBack(incident: string): Promise<string> {
			const { body } = await server.post(
				'/v1/requests',
				{ kind: 'rollback', model: 'loans', incident, reason: 'income is in another unit' },
				{ key: asker },
			)
			const vote = { vote: 'approve', actionDigest: body.actionDigest, reason: 'seen' }
			expect((await server.post(`/v1/requests/${body.id}/votes`, vote, { key: voter })).status).toBe(201)
			return body.id
		},
	}
}

const test = withServerPerTest(loans)
type Server = ServerOf<typeof loans>

/** Two good days of version 2, then one with another unit: an incident, and a rollback that was carried out for it. */
async function rolledBack(server: Server): Promise<{ id: string; incident: string }> {
	await server.day('2')
	await server.day('2')
	await server.day('2', 1000)
	const { id: incident } = await server.incident()
	const id = await server.rollBack(incident)
	await expect.poll(async () => (await server.request(id)).status).toBe('verifying')
	return { id, incident }
}

describe('a rollback for an incident', () => {
	test('moves the pointer at once and is verified when the rule is clear for the version that serves', async ({
		server,
	}) => {
		const { id, incident } = await rolledBack(server)
		const { body: deployment } = await server.fetch('/v1/models/loans/deployments/production')
		expect((deployment.items ?? [deployment])[0].champion).toBe('1')
		expect((await server.request(id)).execution.steps.at(-1)).toMatchObject({
			step: 'verify',
			ok: true,
			detail: 'the champion is 1; waits until feature-drift is clear in a window of version 1',
		})
		// Rows of the version that was left say nothing of the one that serves.
		await server.day('2')
		expect((await server.request(id)).status).toBe('verifying')
		await server.day('1')
		const request = await server.request(id)
		expect(request.status).toBe('verified')
		expect(request.execution.steps.at(-1).detail).toBe(
			'the champion is 1; feature-drift clear in a window of version 1',
		)
		const { body } = await server.fetch(`/v1/incidents/${incident}`)
		const timeline = body.timeline.map((e: Json) => `${e.who}: ${e.what}`)
		expect(timeline).toContain(
			`job:execute: request ${id} is verified: the champion is 1; feature-drift clear in a window of version 1`,
		)
	})

	test('stays unverified while the rule holds for that version too, and ends inconclusive', async ({
		server,
	}) => {
		const { id } = await rolledBack(server)
		for (let i = 0; i < 8; i++) {
			await server.day('1', 1000)
			expect((await server.request(id)).status).toBe('verifying')
		}
		await server.day('1', 1000)
		await server.day('1', 1000)
		const request = await server.request(id)
		expect(request.status).toBe('inconclusive')
		expect(request.execution.error).toMatch(/^It was done, but the alerts did not clear in time: /)
		const { body } = await server.fetch('/v1/incidents?model=loans')
		expect(body.items.map((i: Json) => i.title)).toContain(
			'loans in production: unknown whether the rollback took effect',
		)
	})

	test('that is overtaken by another deployment is inconclusive', async ({ server }) => {
		const { id } = await rolledBack(server)
		await server.deploy('3')
		await server.day('3')
		expect(await server.request(id)).toMatchObject({
			status: 'inconclusive',
			execution: { error: 'It was done, but the target is not there: the champion is 3.' },
		})
	})
})
