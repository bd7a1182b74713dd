import { LibsqlError } from '@libsql/client'
import Database from 'libsql'
import { BoundedCache } from '../core/bounded-cache.ts'
import { type Sql, type SqlRow, type SqlValue, type Statement, toObjects } from './sql.ts'

// `secure_delete`: what is deleted is overwritten in pages that are written anyway.
// A checkpoint of 100 pages delays commits by a few milliseconds; SQLite's default of 1,000 pages by 50 ms and more.
const defaultPragmas = [
	'page_size = 8192',
	'journal_mode = WAL',
	'synchronous = FULL',
	'wal_autocheckpoint = 100',
	'secure_delete = FAST',
]
/** The driver waits for locks in the calling thread: a thread that serves requests passes a shorter time. */
const defaultBusyMs = 5000
const maxPrepared = 256

/** The path of a database file from its URL. */
export const databasePath = (url: string): string =>
	decodeURIComponent(url.replace(/^file:(\/\/(localhost)?(?=\/))?/, ''))

type Prepared = {
	statement: ReturnType<InstanceType<typeof Database>['prepare']>
	isReader: boolean
	columns?: readonly string[]
}

/**
 * `Sql` on a libSQL file, with the driver that `@libsql/client` uses. The client prepares every statement again, which takes
 * longer than running it; here the most recently used statements stay prepared.
 */
export class FileSql implements Sql {
	private readonly path: string
	private readonly busyMs: number
	private readonly pragmas: readonly string[]
	/** Undefined after a lock timeout, until the next call. */
	private db: InstanceType<typeof Database> | undefined
	private isClosed = false
	private readonly prepared = new BoundedCache<string, Prepared>({ max: maxPrepared })

	/** Throws if the file cannot be opened or is not a database. */
	constructor(url: string, busyMs = defaultBusyMs, pragmas: readonly string[] = defaultPragmas) {
		this.pragmas = pragmas
		this.busyMs = busyMs
		this.path = databasePath(url)
		this.db = this.connect()
	}

	async all<Row>(statement: Statement): Promise<Row[]> {
		return this.orRenew(() => {
			const rows = this.run(statement)
			return rows.length === 0 ? [] : toObjects<Row>(this.columnsOf(statement.sql), rows)
		})
	}

	async values(statement: Statement): Promise<SqlRow[]> {
		return this.orRenew(() => this.run(statement))
	}

	async batch(statements: readonly Statement[]): Promise<SqlRow[][]> {
		return this.orRenew(() => {
			this.run({ sql: 'BEGIN IMMEDIATE' })
			try {
				const results = statements.map((s) => this.run(s))
				this.run({ sql: 'COMMIT' })
				return results
			} catch (error) {
				if (this.db?.inTransaction) this.run({ sql: 'ROLLBACK' })
				throw error
			}
		})
	}

	/** Moves the write-ahead log into the file first, as far as nobody reads it: a stopped service leaves one whole file. */
	async close(): Promise<void> {
		try {
			if (this.db) this.run({ sql: 'PRAGMA wal_checkpoint(PASSIVE)' })
		} catch {
			// A damaged file, or a folder that is gone, must not keep the connection open.
		}
		this.isClosed = true
		this.disconnect()
	}

	private connect() {
		try {
			const db = new Database(this.path, { timeout: this.busyMs })
			for (const pragma of this.pragmas) db.prepare(`PRAGMA ${pragma}`).all()
			return db
		} catch (error) {
			throw toLibsqlError(error)
		}
	}

	/**
	 * Closes the connection after a lock timeout: the driver leaves the failed statement open, and every later commit of the
	 * connection would fail with "SQL statements in progress".
	 */
	private orRenew<T>(work: () => T): T {
		try {
			return work()
		} catch (error) {
			if (/SQLITE_(BUSY|LOCKED)/.test(String(error))) this.disconnect()
			throw error
		}
	}

	private disconnect(): void {
		this.prepared.clear()
		this.db?.close()
		this.db = undefined
	}

	private run({ sql, params = [] }: Statement): SqlRow[] {
		if (this.isClosed) throw new LibsqlError('The database is closed', 'CLIENT_CLOSED')
		try {
			const { statement, isReader } = this.prepare(sql)
			const values = params.map(checked)
			if (isReader) return (statement.all(values) as unknown[][]).map(toRow)
			statement.run(values)
			return []
		} catch (error) {
			this.prepared.delete(sql)
			throw toLibsqlError(error)
		}
	}

	private columnsOf(sql: string): readonly string[] {
		const prepared = this.prepare(sql)
		prepared.columns ??= prepared.statement.columns().map(({ name }) => name)
		return prepared.columns
	}

	private prepare(sql: string): Prepared {
		const known = this.prepared.get(sql)
		if (known) return known
		this.db ??= this.connect()
		const statement = this.db.prepare(sql)
		const prepared = { statement, isReader: statement.reader }
		if (prepared.isReader) statement.raw(true)
		this.prepared.set(sql, prepared)
		return prepared
	}
}

/** Without this, the driver would store NULL for NaN and undefined. */
function checked(value: SqlValue): SqlValue {
	if (value === undefined || (typeof value === 'number' && !Number.isFinite(value)))
		throw new RangeError(`${value} cannot be stored in the database`)
	return value
}

function toRow(row: unknown[]): SqlRow {
	for (let i = 0; i < row.length; i++) {
		const value = row[i]
		// Not a Buffer: its slice() shares memory.
		if (Buffer.isBuffer(value)) row[i] = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
	}
	return row
}

/** Errors as `@libsql/client` reports them, with the base code first: `SQLITE_BUSY: database is locked`. */
function toLibsqlError(error: unknown): unknown {
	if (!(error instanceof Database.SqliteError)) return error
	const { message, code, rawCode } = error
	const [base] = /^SQLITE_[A-Z]+/.exec(code) ?? ['SQLITE_UNKNOWN']
	return new LibsqlError(message, base, code, rawCode, error)
}
