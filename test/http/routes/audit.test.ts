import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { withServer } from '../../support/fixtures.ts'
import type { TestServer } from '../../support/server.ts'

const test = withServer()
test.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
	server.clock.advance(3_600_000)
	await server.post('/v1/models', { model: 'fraud', task: 'binary' })
	await server.fetch('/v1/models/credit', { method: 'PATCH', json: { owner: 'x' } })
	await server.post('/v1/models/credit/versions', { version: '1', features: [] })
	await server.fetch('/v1/models/credit/deployments/production', { method: 'PUT', json: { champion: '1' } })
})

type Entry = {
	index: number
	action: string
	object: string
	model: string | null
	entry: string
	leafHash: string
}
const entries = async (server: TestServer, query = '', key?: string): Promise<Entry[]> =>
	(await server.fetch(`/v1/audit/entries?limit=1000${query}`, key ? { key } : {})).body.items

test('has an entry for every change, in order and without gaps', async ({ server }) => {
	const items = await entries(server)
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

test('gives the exact text of an entry, so that anyone can compute its leaf hash', async ({ server }) => {
	for (const { entry, leafHash } of await entries(server)) {
		const hash = createHash('sha256')
			.update(Buffer.concat([Buffer.from([0]), Buffer.from(entry)]))
			.digest('hex')
		expect(leafHash).toBe(hash)
		expect(JSON.parse(entry).actor.id).toBeTruthy()
	}
})

test('finds entries by object, action, model and time', async ({ server }) => {
	expect((await entries(server, '&object=model:fraud')).map((e) => e.action)).toEqual(['register-model'])
	expect((await entries(server, '&action=register-model')).map((e) => e.object)).toEqual([
		'model:credit',
		'model:fraud',
	])
	expect((await entries(server, '&model=credit')).map((e) => e.action)).toEqual([
		'register-model',
		'change-model',
		'register-version',
		'set-deployment',
	])
	const isRead = ({ action }: Entry) => action === 'read-entries'
	const later = await entries(server, '&from=2026-03-02T00:30:00Z')
	expect(later.filter((e) => !isRead(e)).map((e) => e.index)).toEqual([2, 3, 4, 5])
	expect((await entries(server, '&to=2026-03-02T01:00:00Z')).map((e) => e.index)).toEqual([0, 1])
})

test('shows a key with a narrow scope the entries of its models only', async ({ server }) => {
	const key = await server.keyOf('auditor', { models: ['fr*'] })
	expect((await entries(server, '', key)).map((e) => e.object)).toEqual(['model:fraud'])
	expect((await server.fetch('/v1/audit/entries?model=credit', { key })).status).toBe(403)
	// A cursor after the last of them would say that there are others.
	expect((await server.fetch('/v1/audit/entries?limit=1', { key })).body).toEqual({
		items: [expect.objectContaining({ object: 'model:fraud' })],
		next: null,
	})
})

test('pages through the ledger', async ({ server }) => {
	const first = (await server.fetch('/v1/audit/entries?limit=4')).body
	const second = (await server.fetch(`/v1/audit/entries?limit=4&cursor=${first.next}`)).body
	expect([...first.items, ...second.items].map((e: Entry) => e.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('records who reads the ledger, once for all pages', async ({ server }) => {
	let [pages, cursor] = [0, '']
	for (; pages < 50 && cursor !== null; pages++)
		cursor = (
			await server.fetch(`/v1/audit/entries?limit=1${cursor && `&cursor=${cursor}`}`, {
				headers: { 'x-request-id': 'page' },
			})
		).body.next
	const reads = await entries(server, '&action=read-entries')
	expect(reads.map((e) => JSON.parse(e.entry)).filter((e) => e.request === 'page')).toEqual([
		{
			action: 'read-entries',
			actor: { how: 'key', id: 'key:key_admin' },
			at: expect.any(String),
			details: {},
			object: 'ledger',
			request: 'page',
		},
	])
})

test('is for auditors', async ({ server }) => {
	for (const role of ['ingest', 'viewer', 'analyst', 'approver'])
		expect((await server.fetch('/v1/audit/entries', { key: await server.keyOf(role) })).status, role).toBe(
			403,
		)
})
