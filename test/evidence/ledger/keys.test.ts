import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { serviceStates } from '../../../src/db/schema.ts'
import { checkpoint } from '../../../src/evidence/ledger/checkpoint.ts'
import { copyMark, type KeySource, openLedgerKey } from '../../../src/evidence/ledger/open-key.ts'
import { rotateLedgerKey } from '../../../src/evidence/ledger/rotate-key.ts'
import { formatVerifierKey, isSignedBy, parseCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { keyFor, trustedKeys } from '../../../src/ledger/trusted-keys.ts'
import { createKeyFile, keyFile, ledgerKeySource } from '../../../src/platform/node/ledger-key.ts'
import { ensureAdminKey } from '../../../src/registry/key/ensure-admin-key.ts'
import { admin } from '../../support/actors.ts'
import { withContext, withContextPerTest } from '../../support/fixtures.ts'
import { testLedgerKey, testLedgerPem } from '../../support/ledger-key.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const folder = temporaryFolder()
const test = withContextPerTest()
const shared = withContext()

const sourceOf = (word: string): KeySource => ({
	where: `The key ${word}`,
	read: async () => testLedgerPem(word),
})
const nowhere: KeySource = { where: 'The key file "gone"', read: async () => undefined }

function fileOf(name: string, content: string, mode = 0o600): string {
	const path = join(folder, name)
	writeFileSync(path, content, { mode })
	chmodSync(path, mode)
	return path
}

describe('a key file', () => {
	const rsa = () => execFileSync('openssl', ['genrsa', '2048'], { stdio: 'pipe' }).toString()
	const encrypted = () =>
		execFileSync('openssl', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-passout', 'pass:x'], {
			input: testLedgerPem(),
			stdio: 'pipe',
		}).toString()
	const faults: [what: string, path: () => string, message: RegExp][] = [
		[
			'others may read',
			() => fileOf('open.pem', testLedgerPem(), 0o644),
			/can be used by others: its mode is 0644. Run `chmod 600`/,
		],
		['a group may read', () => fileOf('group.pem', testLedgerPem(), 0o640), /its mode is 0640/],
		['does not exist', () => join(folder, 'none.pem'), /does not exist/],
		['is empty', () => fileOf('empty.pem', ''), /is empty/],
		['is another text', () => fileOf('text.pem', 'hello'), /is not a key in PEM/],
		[
			'is damaged',
			() => fileOf('damaged.pem', testLedgerPem().replace(/MC4/, 'MC5')),
			/is not an Ed25519 key/,
		],
		[
			'is a public key',
			() =>
				fileOf(
					'public.pem',
					execFileSync('openssl', ['pkey', '-pubout'], { input: testLedgerPem() }).toString(),
				),
			/is not a PKCS#8 private key: it begins with "BEGIN PUBLIC KEY"/,
		],
		['is encrypted', () => fileOf('encrypted.pem', encrypted()), /is an encrypted key. Decrypt it/],
		['is for RSA', () => fileOf('rsa.pem', rsa()), /is not an Ed25519 key/],
		[
			'is a folder',
			() => mkdirSync(join(folder, 'dir'), { recursive: true }) ?? join(folder, 'dir'),
			/is a folder/,
		],
	]
	for (const [what, path, message] of faults)
		shared(`that ${what} is refused, with one line`, async ({ context }) => {
			const source = ledgerKeySource(path(), 'file:x.db')
			const refusal = openLedgerKey(context, source, undefined)
			await expect(refusal).rejects.toThrow(message)
			await expect(refusal).rejects.toThrow(/^The key file ".+" \(PLUMBLINE_LEDGER_KEY\) [^\n]+$/)
		})

	test('of openssl is taken, with mode 0400 too', async ({ context }) => {
		const pem = execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519']).toString()
		await openLedgerKey(
			context,
			ledgerKeySource(fileOf('openssl.pem', pem, 0o400), 'file:x.db'),
			'log.example/one',
		)
		expect(context.ledgerKey?.verifier.name).toBe('log.example/one')
		expect(parseCheckpoint((await checkpointOf(context))?.note ?? '')?.checkpoint.origin).toBe(
			'log.example/one',
		)
	})

	test('is made once beside the database, with a warning, also by processes that start together', async ({
		context,
	}) => {
		const warnings: string[] = []
		context.logger.warn = (message) => void warnings.push(message)
		const url = `file:${join(folder, 'some.db')}`
		await openLedgerKey(context, ledgerKeySource(undefined, url), undefined)
		const path = join(folder, 'some.db-ledger.key')
		expect(warnings).toEqual([
			`The key file "${path}" was made: it signs the ledger. Back it up, apart from the database.`,
		])
		const made = readFileSync(path, 'utf8')
		expect(statSync(path).mode & 0o777).toBe(0o600)
		await openLedgerKey({ ...context }, ledgerKeySource(undefined, url), undefined)
		expect(warnings).toHaveLength(1)
		await Promise.all(Array.from({ length: 8 }, () => createKeyFile(path)))
		expect(readFileSync(path, 'utf8')).toBe(made)
		const other = join(folder, 'other.key')
		const seen = await Promise.all(
			Array.from({ length: 8 }, async () => {
				await createKeyFile(other)
				return readFileSync(other, 'utf8')
			}),
		)
		expect(new Set(seen).size).toBe(1)
		expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
	})
})

const checkpointOf = async (context: Parameters<typeof checkpoint>[0]) => {
	await ensureAdminKey(context, 'an-admin-key-of-tests')
	return checkpoint(context)
}

describe('the keys of a database', () => {
	test('stop a process with another key, which says what to set', async ({ context }) => {
		await openLedgerKey(context, sourceOf('a'), undefined)
		const other = { ...context }
		await expect(openLedgerKey(other, sourceOf('b'), undefined)).rejects.toThrow(
			/is signed with the key plumbline\+\w+\+\S+, and this process has plumbline\+.* Set PLUMBLINE_LEDGER_KEY/,
		)
		await expect(openLedgerKey(other, nowhere, undefined)).rejects.toThrow(
			/"gone" is missing, and this ledger is signed with/,
		)
		await expect(openLedgerKey(other, undefined, undefined)).rejects.toThrow(
			/The key of the ledger is missing/,
		)
	})

	test('without one and without a file, the log is not signed, with a warning', async ({ context }) => {
		const warnings: string[] = []
		context.logger.warn = (message) => void warnings.push(message)
		context.ledgerKey = undefined as never
		await openLedgerKey(context, undefined, undefined)
		expect(context.ledgerKey).toBeUndefined()
		expect(warnings).toEqual([
			'the ledger is not signed: set PLUMBLINE_LEDGER_KEY to the file of an Ed25519 key',
		])
		await expect(checkpoint(context)).rejects.toThrow('The ledger is not signed here')
	})

	test('let a restored copy go on without the key: with a new key, as a new log', async ({ context }) => {
		await openLedgerKey(context, sourceOf('a'), undefined)
		await checkpointOf(context)
		const made = { ...nowhere, create: async () => testLedgerPem('b') }
		await expect(openLedgerKey({ ...context }, made, undefined)).rejects.toThrow('"gone" is missing')
		await context.db.insert(serviceStates).values({ name: copyMark, value: '', at: 0 })
		const copy = { ...context }
		await openLedgerKey(copy, made, undefined)
		expect(copy.ledgerKey?.verifier).toEqual(testLedgerKey('b').verifier)
		expect((await checkpoint(copy))?.size).toBeGreaterThan(1)
		await expect(openLedgerKey({ ...context }, made, undefined)).rejects.toThrow('"gone" is missing')
	})

	test('keep the name of the log for a process that sets none', async ({ context }) => {
		await openLedgerKey(context, sourceOf('a'), 'bank')
		const other = { ...context }
		await openLedgerKey(other, sourceOf('a'), undefined)
		expect(other.ledgerKey?.verifier.name).toBe('bank')
	})

	test('start a new log under a new name over what the database holds, whoever has signed before', async ({
		context,
	}) => {
		await openLedgerKey(context, sourceOf('a'), undefined)
		await checkpointOf(context)
		await context.sql.batch([{ sql: 'DELETE FROM ledger_entry' }])
		await expect(checkpoint(context)).rejects.toThrow('The ledger does not match')
		await context.sql.batch([{ sql: "UPDATE incident SET status = 'resolved'" }])
		const other = { ...context }
		await openLedgerKey(other, sourceOf('b'), 'second')
		const made = await checkpoint(other)
		expect(parseCheckpoint(made?.note ?? '')?.checkpoint.origin).toBe('second')
		const [entry] = await context.sql.all<{ entry: string }>({
			sql: "SELECT entry FROM ledger_entry WHERE action = 'start-ledger'",
		})
		expect(JSON.parse(entry?.entry ?? '').details).toMatchObject({
			from: formatVerifierKey(testLedgerKey('a').verifier),
			to: formatVerifierKey(testLedgerKey('b', 'second').verifier),
		})
		await expect(openLedgerKey({ ...context }, sourceOf('a'), 'plumbline')).rejects.toThrow(
			'goes on under the name second, not plumbline. Set PLUMBLINE_LEDGER_ORIGIN=second',
		)
	})
})

describe('a rotation', () => {
	test('is an entry and a checkpoint that both keys sign; then only the next key signs', async ({
		context,
	}) => {
		await openLedgerKey(context, sourceOf('a'), undefined)
		await checkpointOf(context)
		const { entry, from, to } = await rotateLedgerKey(context, admin, sourceOf('b'))
		const [a, b] = [testLedgerKey('a').verifier, testLedgerKey('b').verifier]
		expect([from, to]).toEqual([a, b].map(formatVerifierKey))
		const rows = await context.sql.all<{ note: string; size: number }>({
			sql: 'SELECT note, size FROM ledger_checkpoint ORDER BY size DESC',
		})
		const covering = parseCheckpoint(rows[0]?.note ?? '')
		expect(rows[0]?.size).toBe(entry + 1)
		for (const verifier of [a, b]) expect(covering && (await isSignedBy(covering, verifier))).toBe(true)
		await expect(checkpointOf(context)).rejects.toThrow('Set PLUMBLINE_LEDGER_KEY to the file of the former')
		await expect(openLedgerKey({ ...context }, sourceOf('a'), undefined)).rejects.toThrow(
			'is signed with the key',
		)
		// Entries of a process with the former key are still taken.
		await ensureAdminKey(context, 'another-admin-key-of-tests')
		const next = { ...context }
		await openLedgerKey(next, sourceOf('b'), undefined)
		const made = parseCheckpoint((await checkpoint(next))?.note ?? '')
		expect(made?.checkpoint.size).toBeGreaterThan(entry + 1)
		expect(made && (await isSignedBy(made, b))).toBe(true)
		const texts = await context.sql.all<{ index: number; text: string }>({
			sql: 'SELECT idx AS "index", entry AS text FROM ledger_entry ORDER BY idx',
		})
		expect(keyFor(await trustedKeys(texts, a), made?.checkpoint.size ?? 0)).toEqual(b)
	})

	test('to the key that signs already is refused', async ({ context }) => {
		await openLedgerKey(context, sourceOf('a'), undefined)
		await expect(rotateLedgerKey(context, admin, sourceOf('a'))).rejects.toThrow(
			'is the key that signs already',
		)
		await expect(
			rotateLedgerKey(context, admin, keyFile(join(folder, 'no'), 'The key file "no"')),
		).rejects.toThrow('"no" does not exist')
	})
})
