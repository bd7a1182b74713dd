import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testServer } from '../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
beforeAll(async () => {
	server = await testServer()
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
	server.clock.advance(3_600_000)
	await server.post('/v1/models', { model: 'fraud', task: 'binary' })
	await server.fetch('/v1/models/credit', { method: 'PATCH', json: { owner: 'x' } })
	await server.post('/v1/models/credit/versions', { version: '1', features: [] })
	await server.fetch('/v1/models/credit/deployments/production', { method: 'PUT', json: { champion: '1' } })
})
afterAll(() => server.close())

type Entry = {
	index: number
	action: string
	object: string
	model: string | null
	entry: string
	leafHash: string
}
const entries = async (query = '', key?: string): Promise<Entry[]> =>
	(await server.fetch(`/v1/audit/entries?limit=1000${query}`, key ? { key } : {})).body.items

test('has an entry for every change, in order and without gaps', async () => {
	const items = await entries()
	expect(items.map((e) => e.index)).toEqual(items.map((_, i) => i))
	expect(items.map((e) => e.action)).toEqual([
		'create-key',
		'register-model',
		'register-model',
		'change-model',
		'register-version',
		'set-deployment',
	])
})

test('gives the exact text of an entry, so that anyone can compute its leaf hash', async () => {
	for (const { entry, leafHash } of await entries()) {
		const hash = createHash('sha256')
			.update(Buffer.concat([Buffer.from([0]), Buffer.from(entry)]))
			.digest('hex')
		expect(leafHash).toBe(hash)
		expect(JSON.parse(entry).actor.id).toBeTruthy()
	}
})

test('finds entries by object, action, model and time', async () => {
	expect((await entries('&object=model:fraud')).map((e) => e.action)).toEqual(['register-model'])
	expect((await entries('&action=register-model')).map((e) => e.object)).toEqual([
		'model:credit',
		'model:fraud',
	])
	expect((await entries('&model=credit')).map((e) => e.action)).toEqual([
		'register-model',
		'change-model',
		'register-version',
		'set-deployment',
	])
	expect((await entries('&from=2026-03-02T00:30:00Z')).map((e) => e.index)).toEqual([2, 3, 4, 5])
	expect((await entries('&to=2026-03-02T01:00:00Z')).map((e) => e.index)).toEqual([0, 1])
})

test('shows a key with a narrow scope the entries of its models only', async () => {
	const key = await server.keyOf('auditor', { models: ['fr*'] })
	expect((await entries('', key)).map((e) => e.object)).toEqual(['model:fraud'])
	expect((await server.fetch('/v1/audit/entries?model=credit', { key })).status).toBe(403)
	// A cursor after the last of them would say that there are others.
	expect((await server.fetch('/v1/audit/entries?limit=1', { key })).body).toEqual({
		items: [expect.objectContaining({ object: 'model:fraud' })],
		next: null,
	})
})

test('pages through the ledger', async () => {
	const first = (await server.fetch('/v1/audit/entries?limit=4')).body
	const second = (await server.fetch(`/v1/audit/entries?limit=4&cursor=${first.next}`)).body
	expect([...first.items, ...second.items].map((e: Entry) => e.index)).toEqual(
		(await entries()).map((e) => e.index),
	)
})

test('is for auditors', async () => {
	for (const role of ['ingest', 'viewer', 'analyst', 'approver'])
		expect((await server.fetch('/v1/audit/entries', { key: await server.keyOf(role) })).status, role).toBe(
			403,
		)
})
