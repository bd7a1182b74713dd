import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { sleep } from '../../core/retry.ts'
import { decodeUtf8 } from '../../core/utf8.ts'
import type { VerifierKey } from '../../ledger/checkpoint.ts'
import type { LedgerEntry } from '../../ledger/entry.ts'
import { isEntryMac } from '../../ledger/entry-mac.ts'
import { tileWidth } from '../../ledger/tiles.ts'
import { leafHash } from '../../ledger/tree.ts'
import {
	Failures,
	parseEntry,
	type StoredCheckpoint,
	type VerifiedLog,
	verifyLog,
} from '../../ledger/verify-log.ts'
import { authoriseGlobs } from '../../registry/key/authorise.ts'
import { DatabaseLog, handOversBefore } from './database-source.ts'
import { macsSince, requireKey, signingKeys } from './keys.ts'
import { toVerification, type Verification } from './verification.schema.ts'
import { verifyReports } from './verify-reports.ts'
import { verifyRows } from './verify-rows.ts'
import { verifyCommitState, verifyState } from './verify-state.ts'

export type VerifyOptions = {
	/** The key to trust; left out: this process's own. */
	key?: VerifierKey
	/** A checkpoint from elsewhere, which the log must begin with. */
	older?: StoredCheckpoint | undefined
	/** Entries before this one, and what they commit to, are left out: their hashes are taken from the tiles. */
	since?: number
	onProgress?: ((done: number, total: number) => void) | undefined
}

type Reached = Pick<Context, 'sql' | 'db' | 'log' | 'artifacts' | 'ledgerKey' | 'checkpointFile'>

/**
 * Verifies the log of a database, and everything that its entries commit to. What a process without the ledger's key cannot
 * check, entries after the newest checkpoint, makes the result `unverifiable`.
 */
export async function verifyDatabase(context: Reached, options: VerifyOptions = {}): Promise<Verification> {
	const key = options.key ?? context.ledgerKey?.verifier
	if (!key) return toVerification(nothing('unverifiable', 'ledger', 'There is no key to verify with.'), 0)
	const { since, older, onProgress } = options
	const work = new DatabaseVerification(context, macsSince(await signingKeys(context)))
	const log = await verifyLog(work.log, {
		key,
		older,
		since,
		// Those before are read with the others, in their order.
		handOvers: since === undefined ? [] : await handOversBefore(context.sql, firstRead(since)),
		onEntry: (index, entry, _, hash) => work.readEntry(index, entry, hash),
		onProgress: async (done, total) => {
			onProgress?.(done, total)
			await sleep(0)
		},
	})
	await work.readUnsigned(log.size)
	const records = await work.readRecords(since === undefined)
	return toVerification({ ...log, failures: [...log.failures, ...work.failures.list] }, records)
}

/** Runs that are under way, by their database: who asks meanwhile gets the same answer. */
const running = new WeakMap<Context['sql'], Promise<Verification>>()

/** The service's own ledger, for an auditor of all models. */
export function verifyLedger(context: Context, actor: Actor): Promise<Verification> {
	authoriseGlobs(actor, 'auditor', ['*'])
	requireKey(context)
	const known = running.get(context.sql)
	if (known) return known
	const run = verifyDatabase(context).finally(() => running.delete(context.sql))
	running.set(context.sql, run)
	return run
}

/** Entries are read by the tile. */
const firstRead = (since: number) => Math.floor(since / tileWidth) * tileWidth

const nothing = (kind: 'unverifiable', where: string, what: string): VerifiedLog => ({
	...{ entries: 0, size: 0, root: null },
	failures: [{ kind, where, what }],
})

/** For those who verify the database of a service from outside. */
const signFirst = 'Sign them with `plumbline run checkpoint` on the server, then verify again.'

class DatabaseVerification {
	readonly failures = new Failures()
	readonly log: DatabaseLog
	private readonly context: Reached
	/** Earlier entries belong to a log that this one has replaced, whose key nobody may have. */
	private readonly macsFrom: number
	/** The first entry with a MAC: from then on each has one. */
	private macsSince: number | undefined
	private records = 0

	constructor(context: Reached, macsFrom: number) {
		this.context = context
		this.macsFrom = macsFrom
		this.log = new DatabaseLog(context.sql, context.checkpointFile)
	}

	async readEntry(index: number, entry: LedgerEntry, hash: Uint8Array): Promise<void> {
		const { failures, context } = this
		this.checkColumns(index, entry, hash)
		this.checkMac(index, hash)
		if (entry.action === 'commit-state') {
			await verifyCommitState(context.sql, index, entry, failures)
			this.records += Number(entry.details?.rows ?? 0)
		}
	}

	private checkColumns(index: number, entry: LedgerEntry, hash: Uint8Array): void {
		if (!this.log.hasLeaf(index, hash))
			this.failures.add('mismatch', `entry ${index}`, 'Its text does not have its leaf hash.')
		const wrong = this.log.wrongColumns(index, entry)
		if (wrong.length > 0)
			this.failures.add(
				'mismatch',
				`entry ${index}`,
				`Its columns ${wrong.join(', ')} do not say what its text says.`,
			)
	}

	private checkMac(index: number, hash: Uint8Array): void {
		if (index < this.macsFrom) return
		const mac = this.log.macOf(index)
		if (mac) this.macsSince ??= index
		else if (this.macsSince !== undefined)
			this.failures.add(
				'mismatch',
				`entry ${index}`,
				'It was not written by a process that has the key of the ledger.',
			)
		const { ledgerKey } = this.context
		if (mac && ledgerKey && !isEntryMac(ledgerKey.macKey, hash, mac))
			this.failures.add(
				'mismatch',
				`entry ${index}`,
				'It was not written by a process that has the key of the ledger.',
			)
	}

	/** Entries that no checkpoint covers yet: with the ledger's key, their MACs show who wrote them. */
	async readUnsigned(size: number): Promise<void> {
		const { sql, ledgerKey } = this.context
		const [row] = await sql.all<{ unsigned: number; gap: number; before: number; twice: number }>({
			sql: `SELECT (SELECT count(*) FROM ledger_entry WHERE idx >= ?1) AS unsigned,
				(SELECT max(idx) + 1 - ?1 - count(*) FROM ledger_entry WHERE idx >= ?1) AS gap,
				(SELECT count(*) FROM ledger_entry WHERE idx < 0) AS before,
				(SELECT count(mac) - count(DISTINCT mac) FROM ledger_entry) AS twice`,
			params: [size],
		})
		const { unsigned = 0, gap = 0, before = 0, twice = 0 } = row ?? {}
		if (before > 0) this.failures.add('mismatch', 'ledger_entry', `${before} entries have a negative index.`)
		if (twice > 0)
			this.failures.add('mismatch', 'ledger_entry', `${twice} entries have the MAC of another entry.`)
		if (gap > 0) this.failures.add('mismatch', 'ledger_entry', `${gap} entries from ${size} on are missing.`)
		if (unsigned === 0) return
		if (!ledgerKey) {
			const many = unsigned === 1 ? 'entry is' : 'entries are'
			this.failures.add(
				'unverifiable',
				`entries from ${size}`,
				`${unsigned} ${many} not covered by a signed checkpoint. ${signFirst}`,
			)
		} else await this.checkUnsigned(size)
	}

	private async checkUnsigned(size: number): Promise<void> {
		for (let n = Math.floor(size / tileWidth); ; n++) {
			const texts = await this.log.entries(n, tileWidth)
			const last = texts.findLastIndex((text) => text)
			for (let i = Math.max(0, size - n * tileWidth); i <= last; i++) {
				const [index, text] = [n * tileWidth + i, texts[i]]
				if (text) this.checkUnsignedEntry(index, text)
				else this.failures.add('mismatch', `entry ${index}`, 'It is missing.')
			}
			if (last < tileWidth - 1) return
		}
	}

	private checkUnsignedEntry(index: number, bytes: Uint8Array): void {
		const entry = parseEntry(decodeUtf8(bytes) ?? '')
		if (!entry) {
			this.failures.add('mismatch', `entry ${index}`, 'It is not the text of an entry.')
			return
		}
		const hash = leafHash(bytes)
		this.checkColumns(index, entry, hash)
		this.checkMac(index, hash)
	}

	/** Returns how many were compared. Rows that services sent, and model files, only if `isWhole`. */
	async readRecords(isWhole: boolean): Promise<number> {
		const { context, failures } = this
		this.records = await verifyState(context.sql, failures)
		if (!isWhole) return this.records
		await this.checkArtifacts()
		this.records += await verifyReports(context.sql, failures)
		const rows = await verifyRows(context)
		for (const { kind, where, what } of rows.failures) failures.add(kind, where, what)
		if (rows.unsealed > 0 && !context.ledgerKey)
			failures.add(
				'unverifiable',
				'rows',
				`No entry commits to the ${rows.unsealed} newest rows yet. ${signFirst}`,
			)
		return this.records + rows.rows
	}

	private async checkArtifacts(): Promise<void> {
		const rows = await this.context.sql.all<{ model: string; version: string; sha256: string }>({
			sql: 'SELECT model, version, sha256 FROM version_artifact ORDER BY model, version',
		})
		for (const { model, version, sha256 } of rows) {
			const where = `artefact of ${model}@${version}`
			const bytes = await this.context.artifacts.get(sha256)
			if (!bytes) this.failures.add('mismatch', where, `The file ${sha256} is missing.`)
			else if ((await sha256Hex(bytes)) !== sha256)
				this.failures.add('mismatch', where, `The file does not have its digest ${sha256}.`)
			else this.records++
		}
	}
}
