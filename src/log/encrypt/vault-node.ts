import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { toBase64Url } from '../../core/bytes.ts'
import { type CipherKeys, cipherKeyId, decryptBytes, encryptBytes } from '../../core/cipher.ts'
import { AppError } from '../../core/errors.ts'
import { groupBy } from '../../core/maps.ts'
import { FileSql } from '../../db/file-sql-node.ts'
import {
	decodeKeys,
	encodeKeys,
	type KeyNode,
	keyBytes,
	keysFromSeed,
	puncture,
	rowKeys,
} from '../../ledger/row-keys.ts'
import { RowsLockedError, type RowVault } from '../codec/row-vault.ts'

const [nonceBytes, tagBytes] = [12, 16]
const maxTries = 10
const rewrappedAtOnce = 500
const pseudonymId = 'pseudonym'
// No write-ahead log: it would keep the keys that were destroyed.
const pragmas = ['journal_mode = DELETE', 'synchronous = EXTRA', 'secure_delete = ON']
const random = (count: number) => new Uint8Array(randomBytes(count))

type Stored = { id: string; wrapped: string }

/** The file of the keys of a database file. It is no part of a backup: whoever destroys a key makes all copies unreadable. */
export const vaultPath = (url: string): string =>
	`${decodeURIComponent(url.replace(/^file:(\/\/(localhost)?(?=\/))?/, ''))}-keys.db`

/** Opens the keys of a database file, which the data keys decrypt. The result has a `fault` when they do not. */
export async function openVault(url: string, dataKeys: CipherKeys): Promise<FileVault> {
	const path = vaultPath(url)
	if (dataKeys.length === 0)
		return new FileVault(
			undefined,
			[],
			'PLUMBLINE_DATA_KEY is not set, so the rows of encrypted models can neither be stored nor read. Set it to the key that they were encrypted with.',
		)
	// Readable by nobody else from the first byte on.
	if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
	const sql = new FileSql(`file:${path}`, 5000, pragmas)
	await sql.batch([
		{
			sql: 'CREATE TABLE IF NOT EXISTS row_key (id TEXT PRIMARY KEY, data_key TEXT NOT NULL, wrapped TEXT NOT NULL) WITHOUT ROWID',
		},
		{ sql: 'CREATE INDEX IF NOT EXISTS row_key_data_key ON row_key (data_key)' },
	])
	const known = await Promise.all(dataKeys.map(cipherKeyId))
	const used = await sql.all<{ id: string }>({ sql: 'SELECT DISTINCT data_key AS id FROM row_key' })
	const isMissing = used.some(({ id }) => !known.includes(id))
	const fault = isMissing
		? `PLUMBLINE_DATA_KEY does not have the key that ${path} was encrypted with. Add that key after the newest one.`
		: undefined
	const vault = new FileVault(sql, dataKeys, fault)
	if (fault === undefined) await vault.prepare()
	return vault
}

/** Keys in a SQLite file: one record for the rows that were stored together, encrypted with the newest data key. */
export class FileVault implements RowVault {
	readonly fault: string | undefined
	private readonly sql: FileSql | undefined
	private readonly dataKeys: CipherKeys
	private pseudonymKey: Uint8Array = new Uint8Array()

	constructor(sql: FileSql | undefined, dataKeys: CipherKeys, fault: string | undefined) {
		this.sql = sql
		this.dataKeys = dataKeys
		this.fault = fault
	}

	private get db(): FileSql {
		if (this.sql && this.fault === undefined) return this.sql
		throw new RowsLockedError(this.fault ?? '')
	}

	/** Makes the key of pseudonyms, and encrypts what an older data key encrypted with the newest one. */
	async prepare(): Promise<void> {
		const newest = await cipherKeyId(this.dataKeys[0] as Uint8Array)
		const { wrapped } = await this.wrap(pseudonymId, random(keyBytes))
		await this.db.batch([
			{
				sql: 'INSERT OR IGNORE INTO row_key (id, data_key, wrapped) VALUES (?, ?, ?)',
				params: [pseudonymId, newest, wrapped],
			},
		])
		for (;;) {
			const old = await this.db.all<Stored>({
				sql: 'SELECT id, wrapped FROM row_key WHERE data_key <> ? LIMIT ?',
				params: [newest, rewrappedAtOnce],
			})
			if (old.length === 0) break
			const statements = []
			for (const stored of old) {
				const again = await this.wrap(stored.id, await this.unwrap(stored))
				statements.push({
					sql: 'UPDATE row_key SET data_key = ?, wrapped = ? WHERE id = ? AND wrapped = ?',
					params: [newest, again.wrapped, stored.id, stored.wrapped],
				})
			}
			await this.db.batch(statements)
		}
		const [own] = await this.read([pseudonymId])
		this.pseudonymKey = await this.unwrap(own as Stored)
	}

	async create(rows: number): Promise<string> {
		const id = toBase64Url(random(nonceBytes))
		const { wrapped, dataKey } = await this.wrap(id, encodeKeys(keysFromSeed(random(keyBytes), rows)))
		await this.db.batch([
			{ sql: 'INSERT INTO row_key (id, data_key, wrapped) VALUES (?, ?, ?)', params: [id, dataKey, wrapped] },
		])
		return id
	}

	async keysOf(references: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
		const found = new Map<string, Uint8Array>()
		const byId = groupBy(references, idOf)
		const stored = new Map((await this.read([...byId.keys()])).map((one) => [one.id, one]))
		for (const [id, list] of byId) {
			const one = stored.get(id)
			if (!one)
				throw new RowsLockedError(
					'The file of keys does not have the keys of these rows. Put back the file `<database>-keys.db` that belongs to this database.',
				)
			const rows = new Map(list.map((reference) => [rowOf(reference), reference]))
			const [from, to] = [Math.min(...rows.keys()), Math.max(...rows.keys()) + 1]
			for (const { row, key } of rowKeys(await this.nodes(one), to, from)) {
				const reference = rows.get(row)
				if (reference !== undefined) found.set(reference, key)
			}
		}
		return found
	}

	async destroy(references: readonly string[]): Promise<void> {
		for (const [id, list] of groupBy(references, idOf)) await this.destroyIn(id, list.map(rowOf))
	}

	private async destroyIn(id: string, rows: readonly number[]): Promise<void> {
		for (let attempt = 1; attempt <= maxTries; attempt++) {
			const [stored] = await this.read([id])
			if (!stored) return
			const nodes = rows.reduce(puncture, await this.nodes(stored))
			const { wrapped, dataKey } = await this.wrap(id, encodeKeys(nodes))
			const [changed] = await this.db.batch([
				{
					sql: 'UPDATE row_key SET wrapped = ?, data_key = ? WHERE id = ? AND wrapped = ? RETURNING id',
					params: [wrapped, dataKey, id, stored.wrapped],
				},
			])
			// Otherwise another process has destroyed keys of the same rows in the meantime.
			if ((changed?.length ?? 0) > 0) return
		}
		throw new AppError('conflict', 'Another process changes the keys of the same rows. Try again.')
	}

	encrypt(key: Uint8Array, bytes: Uint8Array): Uint8Array {
		const nonce = randomBytes(nonceBytes)
		const cipher = createCipheriv('aes-256-gcm', key, nonce)
		const parts = [nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]
		return new Uint8Array(Buffer.concat(parts))
	}

	decrypt(key: Uint8Array, bytes: Uint8Array): Uint8Array {
		const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes))
		decipher.setAuthTag(bytes.subarray(-tagBytes))
		const opened = decipher.update(bytes.subarray(nonceBytes, -tagBytes))
		return new Uint8Array(Buffer.concat([opened, decipher.final()]))
	}

	pseudonym(text: string): string {
		return createHmac('sha256', this.pseudonymKey).update(text).digest('base64url')
	}

	async close(): Promise<void> {
		await this.sql?.close()
	}

	private read(ids: readonly string[]): Promise<Stored[]> {
		return this.db.all<Stored>({
			sql: 'SELECT id, wrapped FROM row_key WHERE id IN (SELECT value FROM json_each(?))',
			params: [JSON.stringify(ids)],
		})
	}

	private async nodes(stored: Stored): Promise<KeyNode[]> {
		return decodeKeys(await this.unwrap(stored))
	}

	private async wrap(id: string, bytes: Uint8Array): Promise<{ wrapped: string; dataKey: string }> {
		const [key] = this.dataKeys
		const wrapped = await encryptBytes(key as Uint8Array, id, Uint8Array.from(bytes), random)
		return { wrapped, dataKey: await cipherKeyId(key as Uint8Array) }
	}

	private async unwrap({ id, wrapped }: Stored): Promise<Uint8Array> {
		const opened = await decryptBytes(this.dataKeys, id, wrapped)
		if (typeof opened === 'object') return opened.bytes
		throw new AppError(
			'unavailable',
			opened === 'changed'
				? 'The file of keys of encrypted rows was changed. Restore it.'
				: 'PLUMBLINE_DATA_KEY does not have the key that the keys of these rows were encrypted with. Add that key.',
		)
	}
}

const idOf = (reference: string): string => reference.slice(0, reference.indexOf(':'))
const rowOf = (reference: string): number => Number(reference.split(':')[1])
