import { describe, expect } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { compute } from '../../src/jobs/compute.ts'
import { startOfTest } from '../support/context.ts'
import { withServerPerTest } from '../support/fixtures.ts'
import type { Json, TestServer } from '../support/server.ts'

const it = withServerPerTest()
const time = new Date(startOfTest - 2 * dayMs).toISOString()
const count = 80

it.beforeEach(async ({ server }) => {
	await server.post('/v1/models', {
		model: 'm',
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
		sensitive: ['origin'],
	})
	await server.post('/v1/models/m/versions', { version: '1', features: [{ name: 'x', type: 'numeric' }] })
})

const predict = (server: TestServer) =>
	server.post(
		'/v1/models/m/predictions',
		Array.from({ length: count }, (_, i) => ({
			predictionId: `p${i}`,
			version: '1',
			timestamp: time,
			subject: `s${i}`,
			features: { x: i },
			score: i < count / 2 ? 0.9 : 0.1,
		})),
	)
const upload = (
	server: TestServer,
	from: number,
	to: number,
	by: 'predictionId' | 'subject',
	value: (i: number) => string,
) =>
	server.post(
		'/v1/models/m/groups',
		Array.from({ length: to - from }, (_, k) => from + k).map((i) => ({
			[by]: `${by === 'subject' ? 's' : 'p'}${i}`,
			timestamp: time,
			groups: { origin: value(i) },
		})),
	)
async function rates(server: TestServer): Promise<Record<string, number>> {
	await compute.run(server.context)
	const { body } = await server.fetch(
		'/v1/models/m/metrics?window=1d&metric=fairness.selection_rate&limit=1000',
	)
	return Object.fromEntries(body.items.map((a: Json) => [a.subject.group, a.value]))
}
const keyOf = async (server: TestServer, role: string) =>
	(await server.post('/v1/keys', { name: role, role, models: ['*'] })).body.secret

describe('groups that the model does not see', () => {
	it('make a fairness metric, whether they come before or after the predictions, by id or by subject', async ({
		server,
	}) => {
		await upload(server, 0, 20, 'subject', () => 'a')
		await upload(server, 20, 40, 'predictionId', () => 'b')
		await predict(server)
		expect(await rates(server)).toEqual({ 'origin=a': 1, 'origin=b': 1, 'origin=(missing)': 0 })
		await upload(server, 40, 60, 'predictionId', () => 'a')
		await upload(server, 60, 80, 'subject', () => 'b')
		expect(await rates(server)).toEqual({ 'origin=a': 0.5, 'origin=b': 0.5 })
	})

	it('are read back by an auditor alone, and stand in no prediction', async ({ server }) => {
		await predict(server)
		await upload(server, 0, 1, 'subject', () => 'a')
		const read = async (role: string) =>
			server.fetch('/v1/models/m/groups/p0', { key: await keyOf(server, role) })
		expect((await read('auditor')).body.groups).toEqual([
			{ by: 'subject', timestamp: new Date(time).toISOString(), groups: { origin: 'a' } },
		])
		for (const role of ['viewer', 'analyst', 'approver', 'ingest'])
			expect((await read(role)).status).toBe(403)
		const { text } = await server.fetch('/v1/models/m/predictions/p0')
		expect(text).not.toContain('origin')
		const missing = await server.fetch('/v1/models/m/groups/p5', { key: await keyOf(server, 'auditor') })
		expect(missing.body.detail).toBe('No groups were sent for the prediction "p5" of m.')
	})

	it('are validated row by row', async ({ server }) => {
		const { body } = await server.post('/v1/models/m/groups', [
			{ predictionId: 'p1', timestamp: time, groups: { origin: 'a' } },
			{ predictionId: 'p1', timestamp: time, groups: { origin: 'a' } },
			{ predictionId: 'p1', timestamp: time, groups: { origin: 'b' } },
			{ timestamp: time, groups: {} },
			{ subject: 's', timestamp: time, groups: [1] },
			{ subject: 's', timestamp: time, groups: { origin: { a: 1 } } },
		])
		expect([body.accepted, body.duplicates]).toEqual([1, 1])
		expect(body.rejected.map((r: Json) => [r.index, r.code, r.path])).toEqual([
			[2, 'conflict', 'predictionId'],
			[3, 'invalid', 'predictionId'],
			[4, 'invalid', 'groups'],
			[5, 'invalid', 'groups.origin'],
		])
	})
})
