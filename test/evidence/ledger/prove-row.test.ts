import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect } from 'vitest'
import { toHex } from '../../../src/core/bytes.ts'
import { dayMs } from '../../../src/core/time.ts'
import { verifyRows } from '../../../src/evidence/ledger/verify-rows.ts'
import { isSignedBy } from '../../../src/ledger/checkpoint.ts'
import { parseProof } from '../../../src/ledger/proof-file.ts'
import { leafHash, rootFromInclusion } from '../../../src/ledger/tree.ts'
import { commandLine } from '../../support/command-line.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { testLedgerKey } from '../../support/ledger-key.ts'
import { predictionRows, registerModel } from '../../support/rows.ts'
import { adminKey, type Json, type TestServer } from '../../support/server.ts'

const it = withServer()
const old = startOfTest - 95 * dayMs
const at = new Date(old).toISOString()

it.beforeAll(async ({ server }) => {
	await registerModel(server, { task: 'binary', retention: '400d', sensitive: ['sex'] }, [
		'income',
		{ name: 'zip', type: 'categorical' },
	])
})

const proofOf = async (server: TestServer, id: string, query = '', key = adminKey) =>
	server.fetch(`/v1/models/m/predictions/${encodeURIComponent(id)}/proof${query}`, { key })
const fromHex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

/** Checks what an outsider checks: payload and key give the leaf, and the hashes lead from it to the root in the entry. */
function expectProven({ row, entry }: Json): void {
	const leaf = createHmac('sha256', Buffer.from(row.key, 'hex')).update(row.payload).digest('hex')
	expect(leaf).toBe(row.leaf)
	const root = rootFromInclusion(leafHash(fromHex(row.leaf)), row.index, row.size, row.hashes.map(fromHex))
	const { details } = JSON.parse(entry.text)
	expect([toHex(root as Uint8Array), row.size]).toEqual([details.root, details.rows])
}

// Raw JSON: what JSON.stringify would not write.
const rawRows: Record<string, string> = {
	zero: `"features":{"income":-0,"zip":"01234"},"score":-0,"latencyMs":-0`,
	digits: `"features":{"income":1,"zip":12345678901234567890,"nested":{"b":12345678901234567891,"a":[1,-0,1e2]}},"score":0.1`,
	overflow: `"features":{"income":1e400,"zip":-1e400},"score":1e-320`,
	surrogate: String.raw`"features":{"income":1,"zip":"a\ud800b","\udfff":"x"},"score":0.5`,
	proto: `"features":{"__proto__":1,"constructor":"x","income":null,"zip":{"__proto__":[2]}},"score":0.5,"attributions":{"__proto__":0.25,"b":1}`,
	texts: `"features":{"income":"NaN","zip":"Infinity","é\\u0000":"\\u2028\\"'","":""},"score":0.5,"label":"yes"`,
	kinds: `"features":{"income":true,"zip":3.10,"list":[],"none":null},"score":1,"segment":{"branch":null,"app":1.10},"subject":"s 1","probabilities":{"b":0.25,"a":0.75}`,
	bare: `"score":0.5,"segment":{},"subject":"s 1"`,
	empty: `"features":{},"label":false`,
}
const expected: Record<string, string> = {
	zero: `"features":{"income":0,"zip":"01234"},"latencyMs":0,"predictionId":"zero","score":0`,
	digits: `"features":{"income":1,"nested":{"a":[1,0,100],"b":12345678901234567000},"zip":"12345678901234567890"},"predictionId":"digits","score":0.1`,
	overflow: `"features":{"income":"Infinity","zip":"-Infinity"},"predictionId":"overflow","score":1e-320`,
	proto: `"attributions":{"__proto__":0.25,"b":1},"environment":"production","features":{"__proto__":1,"constructor":"x","income":null,"zip":{"__proto__":[2]}}`,
	bare: `{"environment":"production","predictionId":"bare","score":0.5,"subject":"s 1","timestamp":"${at}","version":"1"}`,
	empty: `{"environment":"production","features":{},"label":false,"predictionId":"empty","timestamp":"${at}","version":"1"}`,
}

describe('the proof of a row', () => {
	it('holds whatever has happened to its chunk: stored, folded with others, moved to an archive', async ({
		server,
	}) => {
		const line = (id: string, members: string) =>
			`{"predictionId":"${id}","version":"1","timestamp":"${at}",${members}}`
		const send = (body: string, type: string) =>
			server.fetch('/v1/models/m/predictions', { method: 'POST', body, headers: { 'content-type': type } })
		for (const [id, members] of Object.entries(rawRows)) {
			const answer = (await send(line(id, members), 'application/x-ndjson')).body
			expect([id, answer.accepted, answer.rejected]).toEqual([id, 1, []])
			await send(`[${line(`${id}-json`, members)}]`, 'application/json')
		}
		const ids = Object.keys(rawRows).flatMap((id) => [id, `${id}-json`])
		const proofs = async () => {
			const all: Record<string, Json> = {}
			for (const id of ids) {
				const { row, entry } = (await proofOf(server, id)).body
				all[id] = { row, entry }
			}
			return all
		}
		const fresh = await proofs()
		for (const id of ids) expectProven(fresh[id])
		for (const [id, text] of Object.entries(expected)) expect(fresh[id].row.payload).toContain(text)
		for (const id of Object.keys(rawRows))
			expect(fresh[`${id}-json`].row.payload.replace(`${id}-json`, id)).toBe(fresh[id].row.payload)
		expect(await server.context.log.compact()).toBeGreaterThan(0)
		expect(await proofs()).toEqual(fresh)
		expect(await server.context.log.archive('m', startOfTest - 90 * dayMs)).toBe(ids.length)
		expect(await proofs()).toEqual(fresh)
	})

	it('holds for rows that were sent from CSV and Parquet files', async ({ server }) => {
		const csv = join(server.folder, 'rows.csv')
		const parquet = join(server.folder, 'rows.parquet')
		await writeFile(csv, `predictionId,timestamp,income,zip,score\nfile-1,${at},0.1,01234,0.5\n`)
		await writeFile(
			parquet,
			new Uint8Array(
				parquetWriteBuffer({
					columnData: [
						{ name: 'predictionId', data: ['file-2'], type: 'STRING' },
						{ name: 'timestamp', data: [at], type: 'STRING' },
						{ name: 'income', data: [0.1], type: 'DOUBLE' },
						{ name: 'zip', data: ['01234'], type: 'STRING' },
						{ name: 'score', data: [0.5], type: 'DOUBLE' },
					],
				}),
			),
		)
		const env = { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: adminKey }
		for (const from of [csv, parquet])
			expect((await commandLine(['send', 'm', '--from', from, '--version', '1', '--restart'], env)).err).toBe(
				'',
			)
		const [one, two] = [(await proofOf(server, 'file-1')).body, (await proofOf(server, 'file-2')).body]
		expectProven(one)
		expectProven(two)
		expect(two.row.payload).toBe(one.row.payload.replace('file-1', 'file-2'))
	})

	it('is short for a row among thousands, and for those at the end', async ({ server }) => {
		const rows = Array.from({ length: 3000 }, (_, i) => ({ features: { income: i }, score: 0.5 }))
		await server.post('/v1/models/m/predictions', predictionRows(rows, { start: old + 3_600_000 }))
		for (const id of ['p0', 'p255', 'p256', 'p2815', 'p2816', 'p2999']) {
			const { body } = await proofOf(server, id)
			expectProven(body)
			expect(body.row.hashes.length).toBeLessThanOrEqual(12)
			expect(JSON.parse(body.row.payload).features).toEqual({ income: Number(id.slice(1)) })
		}
	})

	it('can be of the newest outcome, feature log or sensitive attributes of a prediction', async ({
		server,
	}) => {
		const later = new Date(startOfTest).toISOString()
		for (const actual of [0, 1])
			await server.post('/v1/models/m/outcomes', [{ predictionId: 'bare', actual, timestamp: later }])
		await server.post('/v1/models/m/features', [
			{ predictionId: 'bare', timestamp: at, features: { income: 7 } },
		])
		await server.post('/v1/models/m/groups', [{ predictionId: 'bare', timestamp: at, groups: { sex: 'f' } }])
		const payloads: Record<string, string> = {
			outcome: `{"actual":1,"observed":true,"predictionId":"bare","timestamp":"${later}"}`,
			feature: `{"features":{"income":7},"predictionId":"bare","timestamp":"${at}"}`,
			group: `{"groups":{"sex":"f"},"predictionId":"bare","timestamp":"${at}"}`,
		}
		for (const [kind, payload] of Object.entries(payloads)) {
			const { body } = await proofOf(server, 'bare', `?kind=${kind}`)
			expectProven(body)
			expect(body.row.payload).toBe(payload)
			expect(JSON.parse(body.entry.text).details.kind).toBe(kind)
		}
	})

	it('leads from the entry to a signed checkpoint', async ({ server }) => {
		const { body } = await proofOf(server, 'bare')
		const proof = parseProof(body.proof)
		if (!proof) throw new Error('no proof')
		expect(proof.index).toBe(body.entry.index)
		const { size, root } = proof.note.checkpoint
		expect(rootFromInclusion(leafHash(body.entry.text), proof.index, size, proof.hashes)).toEqual(root)
		expect(await isSignedBy(proof.note, testLedgerKey().verifier)).toBe(true)
	})

	it('stays when the row is erased, without its key and payload', async ({ server }) => {
		const before = (await proofOf(server, 'kinds')).body
		const other = (await proofOf(server, 'zero')).body
		expect(before.row.payload).toContain('"subject":"s 1"')
		expect((await server.post('/v1/subjects/s%201/erase', { reason: 'asked for' })).status).toBe(200)
		const after = await proofOf(server, 'kinds')
		expect(after.body.row).toEqual({ ...before.row, key: null, payload: null })
		expect(after.body.entry).toEqual(before.entry)
		expect((await proofOf(server, 'zero')).body.row).toEqual(other.row)
		expect((await verifyRows(server.context)).failures).toEqual([])
	})

	it('is for analysts and auditors, of sensitive attributes for auditors alone, and leaves an entry', async ({
		server,
	}) => {
		const [viewer, analyst, auditor] = await Promise.all(
			['viewer', 'analyst', 'auditor'].map((role) => server.keyOf(role)),
		)
		expect((await proofOf(server, 'zero', '', viewer)).status).toBe(403)
		expect((await proofOf(server, 'zero', '', analyst)).status).toBe(200)
		expect((await proofOf(server, 'zero', '?kind=group', analyst)).status).toBe(403)
		await server.post('/v1/models/m/groups', [{ predictionId: 'zero', timestamp: at, groups: { sex: 'f' } }])
		expect((await proofOf(server, 'zero', '?kind=group', auditor)).status).toBe(200)
		const missing = await proofOf(server, 'nobody')
		expect([missing.status, missing.body.detail]).toEqual([404, expect.stringContaining('"nobody"')])
		const [entry] = await server.context.sql.all<{ entry: string }>({
			sql: "SELECT entry FROM ledger_entry WHERE action = 'read-row-proof' ORDER BY idx DESC LIMIT 1",
		})
		const { object, details } = JSON.parse(entry?.entry ?? '')
		expect([object, details.kind]).toEqual(['prediction:m/zero', 'group'])
		expect(entry?.entry).not.toContain('"sex"')
	})
})
