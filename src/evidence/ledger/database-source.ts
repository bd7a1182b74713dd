import { sameBytes } from '../../core/bytes.ts'
import { parseTime } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { parseCheckpoint } from '../../ledger/checkpoint.ts'
import type { LedgerEntry } from '../../ledger/entry.ts'
import { tileWidth } from '../../ledger/tiles.ts'
import { handOverAction } from '../../ledger/trusted-keys.ts'
import type { LogSource, StoredCheckpoint } from '../../ledger/verify-log.ts'
import type { CheckpointFile } from '../../ports/ledger-key.ts'

type EntryRow = {
	idx: number
	at: number
	actor: string
	action: string
	object: string
	model: string | null
	text: Uint8Array
	leaf: Uint8Array
	mac: Uint8Array | null
}

/** The log of a database. */
export class DatabaseLog implements LogSource {
	private readonly sql: Sql
	/** The rows of the entries that were read last, by index. */
	private rows = new Map<number, EntryRow>()

	private readonly file: CheckpointFile | undefined
	private fileNote: string | undefined

	/** `file`: the newest checkpoint outside of the database. */
	constructor(sql: Sql, file?: CheckpointFile) {
		this.sql = sql
		this.file = file
	}

	async checkpoint(): Promise<string | undefined> {
		// The file is written last: read before the database, it is never ahead of it.
		this.fileNote = await this.file?.read()
		const [row] = await this.sql.all<{ note: string }>({
			sql: 'SELECT note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1',
		})
		return row?.note
	}

	async tile(level: number, n: number, width: number): Promise<Uint8Array | undefined> {
		const [row] = await this.sql.all<{ hashes: Uint8Array }>({
			sql: 'SELECT hashes FROM ledger_tile WHERE level = ? AND n = ?',
			params: [level, n],
		})
		return row?.hashes.subarray(0, width * 32)
	}

	async entries(n: number, width: number): Promise<(Uint8Array | undefined)[]> {
		const from = n * tileWidth
		const rows = await this.sql.all<EntryRow>({
			sql: `SELECT idx, at, actor, action, object, model, CAST(entry AS BLOB) AS text, leaf_hash AS leaf, mac
				FROM ledger_entry WHERE idx >= ? AND idx < ?`,
			params: [from, from + width],
		})
		this.rows = new Map(rows.map((row) => [row.idx, row]))
		return Array.from({ length: width }, (_, i) => this.rows.get(from + i)?.text)
	}

	async *checkpoints(): AsyncGenerator<StoredCheckpoint> {
		const rows = await this.sql.all<{ size: number; note: string }>({
			sql: 'SELECT size, note FROM ledger_checkpoint ORDER BY size',
		})
		for (const { size, note } of rows) yield { where: `stored checkpoint ${size}`, size, note }
		if (this.file === undefined || this.fileNote === undefined) return
		const kept = parseCheckpoint(this.fileNote)?.checkpoint
		const newest = rows.at(-1)
		// The file of a log that this one has replaced says nothing about it.
		const isOther = kept && newest && kept.origin !== parseCheckpoint(newest.note)?.checkpoint.origin
		if (!isOther) yield { where: this.file.path, size: kept?.size ?? 0, note: this.fileNote }
	}

	/** The columns of an entry that do not say what its text says. */
	wrongColumns(index: number, entry: LedgerEntry): string[] {
		const row = this.rows.get(index)
		if (!row) return []
		const wrong = {
			at: row.at !== parseTime(entry.at),
			actor: row.actor !== entry.actor?.id,
			action: row.action !== entry.action,
			object: row.object !== entry.object,
			model: row.model !== (entry.model ?? null),
		}
		return Object.entries(wrong).flatMap(([column, isWrong]) => (isWrong ? [column] : []))
	}

	/** Whether the stored leaf hash of an entry is the one of its text. */
	hasLeaf(index: number, hash: Uint8Array): boolean {
		const { leaf } = this.rows.get(index) ?? {}
		return leaf instanceof Uint8Array && sameBytes(leaf, hash)
	}

	/** The MAC of an entry that was read last. */
	macOf(index: number): Uint8Array | null {
		return this.rows.get(index)?.mac ?? null
	}
}

/** The entries before an index in which a key hands over to the next one. */
export const handOversBefore = (sql: Sql, index: number): Promise<{ index: number; text: string }[]> =>
	sql.all({
		sql: 'SELECT idx AS "index", entry AS text FROM ledger_entry WHERE action = ? AND idx < ? ORDER BY idx',
		params: [handOverAction, index],
	})
