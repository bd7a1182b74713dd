import { describe, expect } from 'vitest'
import { formatVerifierKey, isSignedBy, parseCheckpoint } from '../../src/ledger/checkpoint.ts'
import { parseProof } from '../../src/ledger/proof-file.ts'
import { decodeEntries } from '../../src/ledger/tiles.ts'
import { leafHash, MemoryTree, rootFromInclusion } from '../../src/ledger/tree.ts'
import { withServer } from '../support/fixtures.ts'
import { testLedgerKey } from '../support/ledger-key.ts'
import type { TestServer } from '../support/server.ts'

const test = withServer()
const { verifier } = testLedgerKey()

const bytesOf = async (server: TestServer, path: string, key = server.adminKey) => {
	const response = await fetch(server.url + path, { headers: { authorization: `Bearer ${key}` } })
	return {
		status: response.status,
		headers: response.headers,
		bytes: new Uint8Array(await response.arrayBuffer()),
	}
}
const entryCount = async (server: TestServer) =>
	(await server.context.sql.all<{ count: number }>({ sql: 'SELECT count(*) AS count FROM ledger_entry' }))[0]
		?.count as number

describe('the ledger over HTTP', () => {
	test('a fresh server has a checkpoint at once, signed by the key that it names', async ({ server }) => {
		const { text, headers } = await server.fetch('/v1/audit/checkpoint')
		expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
		const note = parseCheckpoint(text)
		expect(note?.checkpoint).toMatchObject({ origin: 'plumbline', size: await entryCount(server) })
		expect(note && (await isSignedBy(note, verifier))).toBe(true)
		expect((await server.fetch('/v1/audit/key')).text).toBe(`${formatVerifierKey(verifier)}\n`)
		const json = await server.fetch('/v1/audit/key', { headers: { accept: 'application/json' } })
		expect(json.body).toEqual({ key: formatVerifierKey(verifier), origin: 'plumbline' })
	})

	test('a proof of an entry that is not signed yet signs it first', async ({ server }) => {
		await server.post('/v1/models', { model: 'credit', task: 'binary' })
		const { items } = (await server.fetch('/v1/audit/entries?limit=1000')).body
		const { index, entry } = items.at(-1)
		const proof = parseProof((await server.fetch(`/v1/audit/proofs/${index}`)).text)
		const root = rootFromInclusion(
			leafHash(entry),
			index,
			proof?.note.checkpoint.size ?? 0,
			proof?.hashes ?? [],
		)
		expect(root).toEqual(proof?.note.checkpoint.root)
	})

	test('tiles and bundles of entries give the tree, and reading entries is an entry', async ({ server }) => {
		const { size, root } = parseCheckpoint((await server.fetch('/v1/audit/checkpoint')).text)?.checkpoint ?? {
			size: 0,
		}
		const before = await entryCount(server)
		const tile = await bytesOf(server, `/v1/audit/tile/0/000.p/${size}`)
		expect(tile.headers.get('content-type')).toBe('application/octet-stream')
		expect(new Uint8Array(await new MemoryTree(tile.bytes).root())).toEqual(root)
		expect(await entryCount(server)).toBe(before)
		const { bytes } = await bytesOf(server, `/v1/audit/tile/entries/000.p/${size}`)
		const leaves = decodeEntries(bytes)?.map((entry) => leafHash(entry)) ?? []
		expect(new Uint8Array(Buffer.concat(leaves))).toEqual(tile.bytes)
		expect(await entryCount(server)).toBe(before + 1)
	})

	test('what the newest checkpoint does not have is not found', async ({ server }) => {
		const paths = [
			'tile/0/000',
			'tile/0/000.p/255',
			'tile/1/000.p/1',
			'tile/64/000',
			'tile/00/000',
			'tile/0/0',
		]
		const entries = [
			'tile/entries/000',
			'tile/entries/x000/000',
			'tile/entries/000.p/0',
			'proofs/99999',
			'proofs/-1',
			'proofs/01',
		]
		for (const path of [...paths, ...entries])
			expect((await server.fetch(`/v1/audit/${path}`)).status, path).toBe(404)
	})

	test('only auditors read it, and entries only with every model', async ({ server }) => {
		const [viewer, scoped] = [
			await server.keyOf('viewer'),
			await server.keyOf('auditor', { models: ['x-*'] }),
		]
		for (const path of ['key', 'checkpoint', 'tile/0/000.p/1', 'tile/entries/000.p/1', 'proofs/0'])
			expect((await server.fetch(`/v1/audit/${path}`, { key: viewer })).status, path).toBe(403)
		expect((await server.fetch('/v1/audit/tile/0/000.p/1', { key: scoped })).status).toBe(200)
		expect((await server.fetch('/v1/audit/tile/entries/000.p/1', { key: scoped })).status).toBe(403)
		expect((await server.fetch('/v1/audit/proofs/0', { key: scoped })).status).toBe(404)
	})
})
