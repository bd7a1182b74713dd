import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
	decisionAt,
	declined,
	log,
	prediction,
	registerLending,
	served,
} from '../../support/lending-model.ts'
import { type Json, testServer } from '../../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
const path = '/v1/models/lending/predictions/declined/what-if'
const ask = (changes: unknown, key?: string) => server.post(path, { changes }, key ? { key } : {})

beforeAll(async () => {
	server = await testServer()
	await registerLending(server)
})
afterAll(() => server.close())

describe('what if', () => {
	it('answers what the model says of the changed applicant', async () => {
		const { body } = await ask({ late: 0, income: 60000 })
		const score = served({ ...declined, late: 0, income: 60000 })
		expect(body).toMatchObject({ score, decision: '0', changes: { late: 0, income: 60000 } })
		expect(body.difference.score).toBeCloseTo(score - served(declined), 15)
		const moved = body.difference.contributions.map((c: Json) => c.feature).sort()
		expect(moved).toEqual(['income', 'late'])
		const sum = body.contributions.reduce((s: number, c: Json) => s + c.contribution, body.base)
		expect(sum).toBeCloseTo(body.margin, 12)
	})

	it('takes a value away with null', async () => {
		const { body } = await ask({ late: null })
		expect(body.score).toBe(served({ ...declined, late: null }))
		expect(body.contributions.find((c: Json) => c.feature === 'late').value).toBeNull()
	})

	it('is never logged as a prediction, and its values are not in the ledger', async () => {
		const before = (await server.fetch('/v1/models/lending/predictions/declined')).body
		const { body } = await ask({ income: 31313 })
		expect((await server.fetch('/v1/models/lending/predictions/declined')).body).toEqual(before)
		const { items } = (await server.fetch('/v1/audit/entries?action=ask-what-if&limit=1000')).body
		expect(items.at(-1).index).toBe(body.proof.lookup.index)
		expect(items.at(-1).entry).not.toContain('31313')
		expect(JSON.parse(items.at(-1).entry).details.features).toEqual(['income'])
	})

	it('names the nearest feature where there is no such one, and the path of a value that cannot be taken', async () => {
		const unknown = await ask({ incme: 1 })
		expect(unknown.status).toBe(422)
		expect(unknown.body.errors[0]).toMatchObject({
			path: 'changes.incme',
			message: expect.stringContaining('"income"'),
		})
		const wrong = await ask({ income: 'much' })
		expect([wrong.status, wrong.body.errors[0].path]).toEqual([422, 'changes.income'])
		const lost = await ask({ education: 2 ** 60 })
		expect([lost.status, lost.body.errors[0].message]).toEqual([
			422,
			expect.stringContaining('send it as text'),
		])
		for (const changes of [[], null, 'x', 7, { __proto__: { late: 1 }, constructor: 1 }])
			expect((await ask(changes)).status).toBe(422)
		expect((await server.post(path, '{"changes":{"__proto__":1}}')).status).toBe(422)
	})

	it('is for analysts and auditors', async () => {
		expect((await ask({ late: 0 }, await server.keyOf('viewer'))).status).toBe(403)
		expect((await ask({ late: 0 }, await server.keyOf('analyst', { models: ['other*'] }))).status).toBe(403)
		expect((await ask({ late: 0 }, await server.keyOf('analyst'))).status).toBe(200)
	})

	it('says what is missing where no model can answer', async () => {
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
