import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { compute } from '../../src/jobs/compute.ts'
import { startOfTest } from '../support/context.ts'
import { type Json, testServer } from '../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
const time = new Date(startOfTest - 2 * dayMs).toISOString()
const count = 80

beforeEach(async () => {
	server = await testServer()
	await server.post('/v1/models', {
		model: 'm',
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
		sensitive: ['origin'],
	})
	await server.post('/v1/models/m/versions', { version: '1', features: [{ name: 'x', type: 'numeric' }] })
})
afterEach(() => server.close())

const predict = () =>
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
const upload = (from: number, to: number, by: 'predictionId' | 'subject', value: (i: number) => string) =>
	server.post(
		'/v1/models/m/groups',
		Array.from({ length: to - from }, (_, k) => from + k).map((i) => ({
			[by]: `${by === 'subject' ? 's' : 'p'}${i}`,
			timestamp: time,
			groups: { origin: value(i) },
		})),
	)
async function rates(): Promise<Record<string, number>> {
	await compute.run(server.context)
	const { body } = await server.fetch(
		'/v1/models/m/metrics?window=1d&metric=fairness.selection_rate&limit=1000',
	)
	return Object.fromEntries(body.items.map((a: Json) => [a.subject.group, a.value]))
}
const keyOf = async (role: string) =>
	(await server.post('/v1/keys', { name: role, role, models: ['*'] })).body.secret

describe('groups that the model does not see', () => {
	it('make a fairness metric, whether they come before or after the predictions, by id or by subject', async () => {
		await upload(0, 20, 'subject', () => 'a')
		await upload(20, 40, 'predictionId', () => 'b')
		await predict()
		expect(await rates()).toEqual({ 'origin=a': 1, 'origin=b': 1, 'origin=(missing)': 0 })
		await upload(40, 60, 'predictionId', () => 'a')
		await upload(60, 80, 'subject', () => 'b')
		expect(await rates()).toEqual({ 'origin=a': 0.5, 'origin=b': 0.5 })
	})

	it('are read back by an auditor alone, and stand in no prediction', async () => {
		await predict()
		await upload(0, 1, 'subject', () => 'a')
		const read = async (role: string) => server.fetch('/v1/models/m/groups/p0', { key: await keyOf(role) })
		expect((await read('auditor')).body.groups).toEqual([
			{ by: 'subject', timestamp: new Date(time).toISOString(), groups: { origin: 'a' } },
		])
		for (const role of ['viewer', 'analyst', 'approver', 'ingest'])
			expect((await read(role)).status).toBe(403)
		const { text } = await server.fetch('/v1/models/m/predictions/p0')
		expect(text).not.toContain('origin')
		const missing = await server.fetch('/v1/models/m/groups/p5', { key: await keyOf('auditor') })
		expect(missing.body.detail).toBe('No groups were sent for the prediction "p5" of m.')
	})

	it('are judged row by row', async () => {
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
