import { describe, expect } from 'vitest'
import { withServer } from '../../support/fixtures.ts'
import {
	decisionAt,
	declined,
	log,
	prediction,
	registerLending,
	served,
} from '../../support/lending-model.ts'
import { type Json, type TestServer, testServer } from '../../support/server.ts'

const it = withServer()
const path = '/v1/models/lending/predictions/declined/what-if'
const ask = (server: TestServer, changes: unknown, key?: string) =>
	server.post(path, { changes }, key ? { key } : {})

it.beforeAll(({ server }) => registerLending(server))

describe('what if', () => {
	it('answers what the model says of the changed applicant', async ({ server }) => {
		const { body } = await ask(server, { late: 0, income: 60000 })
		const score = served({ ...declined, late: 0, income: 60000 })
		expect(body).toMatchObject({ score, decision: '0', changes: { late: 0, income: 60000 } })
		expect(body.difference.score).toBeCloseTo(score - served(declined), 15)
		const moved = body.difference.contributions.map((c: Json) => c.feature).sort()
		expect(moved).toEqual(['income', 'late'])
		const sum = body.contributions.reduce((s: number, c: Json) => s + c.contribution, body.base)
		expect(sum).toBeCloseTo(body.margin, 12)
	})

	it('removes a value with null', async ({ server }) => {
		const { body } = await ask(server, { late: null })
		expect(body.score).toBe(served({ ...declined, late: null }))
		expect(body.contributions.find((c: Json) => c.feature === 'late').value).toBeNull()
	})

	it('is never logged as a prediction, and its values are not in the ledger', async ({ server }) => {
		const before = (await server.fetch('/v1/models/lending/predictions/declined')).body
		const { body } = await ask(server, { income: 31313 })
		expect((await server.fetch('/v1/models/lending/predictions/declined')).body).toEqual(before)
		const { items } = (await server.fetch('/v1/audit/entries?action=ask-what-if&limit=1000')).body
		expect(items.at(-1).index).toBe(body.proof.lookup.index)
		expect(items.at(-1).entry).not.toContain('31313')
		expect(JSON.parse(items.at(-1).entry).details.features).toEqual(['income'])
	})

	it('names the nearest feature where there is no such one, and the path of a value that cannot be taken', async ({
		server,
	}) => {
		const unknown = await ask(server, { incme: 1 })
		expect(unknown.status).toBe(422)
		expect(unknown.body.errors[0]).toMatchObject({
			path: 'changes.incme',
			message: expect.stringContaining('"income"'),
		})
		const wrong = await ask(server, { income: 'much' })
		expect([wrong.status, wrong.body.errors[0].path]).toEqual([422, 'changes.income'])
		const lost = await ask(server, { education: 2 ** 60 })
		expect([lost.status, lost.body.errors[0].message]).toEqual([
			422,
			expect.stringContaining('send it as text'),
		])
		for (const changes of [[], null, 'x', 7, { __proto__: { late: 1 }, constructor: 1 }])
			expect((await ask(server, changes)).status).toBe(422)
		expect((await server.post(path, '{"changes":{"__proto__":1}}')).status).toBe(422)
	})

	it('is for analysts and auditors', async ({ server }) => {
		expect((await ask(server, { late: 0 }, await server.keyOf('viewer'))).status).toBe(403)
		expect(
			(await ask(server, { late: 0 }, await server.keyOf('analyst', { models: ['other*'] }))).status,
		).toBe(403)
		expect((await ask(server, { late: 0 }, await server.keyOf('analyst'))).status).toBe(200)
	})

	it('says what is missing where no model can answer', async ({ server }) => {
		await server.post('/v1/models/lending/versions', { version: '2', features: [] })
		await log(server, [{ ...prediction('bare', { late: 4 }, decisionAt, 0.8), version: '2' }])
		const answer = await server.post('/v1/models/lending/predictions/bare/what-if', { changes: {} })
		expect([answer.status, answer.body.code]).toEqual([409, 'conflict'])
		expect(answer.body.detail).toContain('without an artefact')
	})

	it('names decisions as the service does', async () => {
		const own = await testServer()
		await registerLending(own, 100)
		await log(own, [
			{ ...prediction('a', { ...declined, late: 0, income: 70000 }, decisionAt - 86400_000), label: 'no' },
		])
		const { body } = await own.post(path, { changes: { late: 0, income: 60000 } })
		expect(body.decision).toBe('no')
		await own.close()
	})
})
