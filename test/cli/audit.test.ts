import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { parquetReadObjects } from 'hyparquet'
import { describe, expect } from 'vitest'
import { checkpoint } from '../../src/evidence/ledger/checkpoint.ts'
import { formatVerifierKey } from '../../src/ledger/checkpoint.ts'
import { commandLine } from '../support/command-line.ts'
import { withServer } from '../support/fixtures.ts'
import { governedServer } from '../support/governed-server.ts'
import { testLedgerKey } from '../support/ledger-key.ts'
import { plumbline } from '../support/process.ts'

async function auditServer() {
	const server = await governedServer()
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-audit-'))
	const environment = {
		PLUMBLINE_URL: server.url,
		PLUMBLINE_KEY: await server.keyOf('auditor', { owner: 'olga@bank.example' }),
	}
	await checkpoint(server.context)
	return {
		...server,
		folder,
		/** Runs `plumbline audit …` as an auditor. */
		audit: (...args: string[]) => commandLine(['audit', ...args], environment),
		async json(...args: string[]) {
			const { code, out, err } = await commandLine(['audit', ...args, '--json'], environment)
			return { code, err, body: JSON.parse(out) }
		},
		async close() {
			await server.close()
			await rm(folder, { recursive: true })
		},
	}
}

const test = withServer(auditServer)
const key = formatVerifierKey(testLedgerKey().verifier)

describe('audit verify', () => {
	test('verifies a running service, its log by itself and its rows by the service', async ({ server }) => {
		const { code, body } = await server.json('verify', server.url, '--key', key)
		expect(body).toMatchObject({ status: 'verified', failures: [] })
		expect(body.entries).toBe(body.size)
		expect(body.records).toBeGreaterThan(50)
		expect(code).toBe(0)
	})

	test('verifies the database of a running service, as another process, and names what was changed', async ({
		server,
	}) => {
		await checkpoint(server.context)
		const keyFile = join(server.folder, 'verifier.key')
		await writeFile(keyFile, `${key}\n`)
		const found = await plumbline(['audit', 'verify', server.databaseUrl, '--key', keyFile, '--json'])
		expect([found.code, JSON.parse(found.out)]).toMatchObject([0, { status: 'verified', failures: [] }])

		const copy = join(server.folder, 'copy.db')
		const client = createClient({ url: server.databaseUrl })
		await client.execute({ sql: 'VACUUM INTO ?', args: [copy] })
		client.close()
		const behind = createClient({ url: `file:${copy}` })
		await behind.execute("UPDATE access_key SET role = 'admin' WHERE role = 'auditor'")
		behind.close()
		const { code, out } = await server.audit('verify', `file:${copy}`, '--key', key)
		expect(code).toBe(1)
		expect(out).toMatch(/^MISMATCH: /)
		expect(out).toMatch(/access_key key_\S+: the row was changed, but/)
	})

	test('says of what cannot be verified why, with exit code 2', async ({ server }) => {
		const { folder } = server
		const empty = join(folder, 'text.txt')
		await writeFile(empty, 'no archive')
		const cases: [string[], RegExp][] = [
			[['verify', 'file:/nowhere/x.db', '--key', key], /There is no database/],
			[['verify', '/nowhere/x.zip', '--key', key], /There is no file or folder/],
			[['verify', empty, '--key', key], /is not a complete ZIP archive/],
			[['verify', `file:${empty}`, '--key', key], /text\.txt/],
			[['verify', folder, '--key', key], /There is no signed checkpoint/],
			[['verify', 'http://127.0.0.1:9', '--key', key], /127\.0\.0\.1:9/],
			[['verify', server.url], /--key is required/],
			[['verify', server.url, '--key', 'nonsense'], /is neither a verifier key nor a file with one/],
			[['verify', server.url, '--key', key, '--checkpoint', '/nowhere'], /there is no file/],
			[['verify', server.url, '--key', key, '--checkpoint', empty], /is not a signed checkpoint/],
		]
		for (const [args, words] of cases) {
			const { code, out, err } = await server.audit(...args)
			expect([args, code]).toEqual([args, 2])
			expect(out + err).toMatch(words)
		}
	})

	test('finds that an old backup was put back, by the checkpoint that the auditor kept', async ({
		server,
	}) => {
		const { folder, context } = server
		const old = join(folder, 'old.db')
		const client = createClient({ url: server.databaseUrl })
		await client.execute({ sql: 'VACUUM INTO ?', args: [old] })
		client.close()
		await server.post('/v1/models', { model: 'newer', task: 'binary' })
		const kept = join(folder, 'kept')
		await writeFile(kept, (await checkpoint(context))?.note ?? '')
		const { code, out } = await server.audit('verify', `file:${old}`, '--key', key, '--checkpoint', kept)
		expect(code).toBe(1)
		expect(out).toMatch(
			/kept: It covers \d+ entries, and the newest checkpoint of the log \d+: the log was set back/,
		)
		// The service keeps one beside its database too.
		await copyFile(kept, `${old}-ledger.checkpoint`)
		expect((await server.audit('verify', `file:${old}`, '--key', key)).code).toBe(1)
		// Forwards it is a prefix.
		expect((await server.audit('verify', server.url, '--key', key, '--checkpoint', kept)).code).toBe(0)
	})

	test('finds a fork that was signed with the same key', async ({ server }) => {
		const other = await governedServer()
		await checkpoint(other.context)
		const kept = join(server.folder, 'other')
		await writeFile(kept, other.checkpoint)
		await other.close()
		const { code, out } = await server.audit('verify', server.url, '--key', key, '--checkpoint', kept)
		expect(code).toBe(1)
		expect(out).toMatch(/other: The log has another root for its first \d+ entries/)
	})
})

describe('audit search and tail', () => {
	test('find entries by person, action, model and time, the newest first or last', async ({ server }) => {
		const { body } = await server.json('search', '--person', 'ana@bank.example', '--action', '*-request')
		expect(body.items.map((item: { action: string }) => item.action)).toEqual([
			'approve-request',
			'vote-request',
		])
		expect((await server.audit('search', '--model', 'loans', '--action', 'put-baseline')).out).toContain(
			'version:loans@1',
		)
		expect((await server.audit('search', '--action', 'nothing')).code).toBe(1)
		expect((await server.audit('search', '--since', 'yesterdays')).code).toBe(2)
		const tail = await server.json('tail', '--limit', '1', '--action', 'note').catch(() => undefined)
		expect(tail?.body).toMatchObject({ object: 'thing:299' })
	})
})

describe('audit prove', () => {
	test('prints and checks the proof of an entry, and of a prediction through its batch', async ({
		server,
	}) => {
		const entry = await server.audit('prove', 'entry', '3', '--key', key)
		expect(entry).toMatchObject({
			code: 0,
			out: expect.stringMatching(/^c2sp\.org\/tlog-proof@v1\nindex 3\n/),
		})
		const id = 'p-2026-03-01-7'
		const { code, body } = await server.json('prove', 'prediction', 'loans', id)
		expect([code, body.holds]).toEqual([0, true])
		expect(JSON.parse(body.row.row.payload)).toMatchObject({ predictionId: id })
		const wrong = formatVerifierKey(testLedgerKey('other').verifier)
		expect((await server.audit('prove', 'entry', '3', '--key', wrong)).code).toBe(1)
		expect((await server.audit('prove', 'entry', '99999')).code).toBe(2)
		expect((await server.audit('prove', 'report', 'rep_none')).err).toContain('no entry of a report rep_none')
	})
})

describe('audit export', () => {
	test('writes the same entries in each format', async ({ server }) => {
		const path = (format: string) => join(server.folder, `entries.${format}`)
		for (const format of ['json', 'csv', 'ndjson', 'parquet'])
			expect(
				(await server.audit('export', '--format', format, '--out', path(format), '--action', 'note')).code,
			).toBe(0)
		const json = JSON.parse(await readFile(path('json'), 'utf8'))
		expect(json).toHaveLength(300)
		const lines = (await readFile(path('ndjson'), 'utf8')).trim().split('\n')
		expect(lines.map((line) => JSON.parse(line))).toEqual(json)
		const csv = (await readFile(path('csv'), 'utf8')).trim().split('\r\n')
		expect(csv).toHaveLength(301)
		expect(csv[0]).toBe('index,at,actor,action,object,model,leafHash,entry')
		const bytes = new Uint8Array(await readFile(path('parquet')))
		const rows = await parquetReadObjects({ file: bytes.buffer })
		expect(rows.map((row) => [Number(row.index), row.entry])).toEqual(
			json.map((item: { index: number; entry: string }) => [item.index, item.entry]),
		)
	})

	test('overwrites nothing, and leaves nothing behind when the disk is full', async ({ server }) => {
		const out = join(server.folder, 'there.json')
		await writeFile(out, 'mine')
		expect((await server.audit('export', '--format', 'json', '--out', out)).err).toContain(
			'is not overwritten',
		)
		expect(await readFile(out, 'utf8')).toBe('mine')
		for (const format of ['json', 'parquet']) {
			const full = join(server.folder, `full.${format}`)
			await symlink('/dev/full', `${full}.part`)
			const { code, err } = await server.audit('export', '--format', format, '--out', full)
			expect([code, err]).toEqual([2, expect.stringContaining('the disk is full')])
			expect([existsSync(full), existsSync(`${full}.part`)]).toEqual([false, false])
		}
		const nowhere = join(server.folder, 'none', 'x.csv')
		expect((await server.audit('export', '--format', 'csv', '--out', nowhere)).code).toBe(2)
		expect((await server.audit('export', '--format', 'xml', '--out', nowhere)).err).toContain('is not one of')
	})
})
