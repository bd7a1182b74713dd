import { blob, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const ledgerEntries = sqliteTable('ledger_entry', {
	idx: integer().primaryKey(),
	at: integer().notNull(),
	actor: text().notNull(),
	action: text().notNull(),
	object: text().notNull(),
	model: text(),
	/** The exact text: its UTF-8 bytes are the data of the leaf. */
	entry: text().notNull(),
	leafHash: blob('leaf_hash').$type<Uint8Array>().notNull(),
	/** A nonce and an HMAC over it and the leaf hash. Null in entries of processes without the ledger's key. */
	mac: blob().$type<Uint8Array>(),
})

/** Tiles of the tree over the entries: at most 256 hashes of 32 bytes. */
export const ledgerTiles = sqliteTable(
	'ledger_tile',
	{ level: integer().notNull(), n: integer().notNull(), hashes: blob().$type<Uint8Array>().notNull() },
	(t) => [primaryKey({ columns: [t.level, t.n] })],
)

export const ledgerCheckpoints = sqliteTable('ledger_checkpoint', {
	size: integer().primaryKey(),
	root: blob().$type<Uint8Array>().notNull(),
	at: integer().notNull(),
	note: text().notNull(),
})

/** The keys that have signed this log, oldest first: the last one signs. */
export const ledgerKeys = sqliteTable('ledger_key', {
	id: integer().primaryKey(),
	verifier: text().notNull(),
	/** How many entries there were when it took over. */
	size: integer().notNull(),
	/** After a hand-over: the secret of the MACs, encrypted for this key. */
	macKey: blob('mac_key').$type<Uint8Array>(),
	at: integer().notNull(),
})

/** What others have said of a checkpoint. */
export const ledgerAnchors = sqliteTable(
	'ledger_anchor',
	{
		kind: text().$type<'slack' | 'witness' | 'timestamp'>().notNull(),
		size: integer().notNull(),
		at: integer().notNull(),
		/** The lines of cosignatures, or the DER of an RFC 3161 response. */
		proof: blob().$type<Uint8Array>().notNull(),
	},
	(t) => [primaryKey({ columns: [t.kind, t.size] })],
)

/** Rows of governed tables that changed since the last entry `commit-state`; triggers write it. */
export const ledgerTouched = sqliteTable(
	'ledger_touched',
	{
		table: text('tbl').notNull(),
		/** A JSON array of the key's values. */
		key: text().notNull(),
		/** Counts the changes. */
		mark: integer().notNull().default(1),
		/** 1: the row was there before its table was governed. */
		found: integer().notNull().default(0),
	},
	(t) => [primaryKey({ columns: [t.table, t.key] })],
)

/** What each entry `commit-state` commits to: digests of rows of governed tables, null once a row is deleted. */
export const ledgerStates = sqliteTable(
	'ledger_state',
	{
		entry: integer().notNull(),
		position: integer().notNull(),
		table: text('tbl').notNull(),
		key: text().notNull(),
		digest: blob().$type<Uint8Array>(),
	},
	(t) => [primaryKey({ columns: [t.entry, t.position] })],
)

/** Chunks of the log, as ingest stored them, whose rows no entry commits to yet. */
export const unsealedChunks = sqliteTable('log_unsealed', { chunk: integer().primaryKey() })

/** Rows that an entry `commit-rows` commits to. `keys`: see `ledger/row-keys.ts`. */
export const seals = sqliteTable('log_seal', {
	id: integer().primaryKey(),
	model: text().notNull(),
	kind: integer().notNull(),
	rows: integer().notNull(),
	keys: blob().$type<Uint8Array>().notNull(),
	root: blob().$type<Uint8Array>().notNull(),
	entry: integer().notNull(),
	/** The hashes of the perfect subtrees of 256 rows. */
	/** The entry that says that its rows were deleted because of their age. */
	deleted: integer(),
	blocks: blob().$type<Uint8Array>().notNull(),
})

/** The rows of a chunk, as ingest stored it, are the rows of a seal from `first` on. */
export const sealedChunks = sqliteTable('log_sealed', {
	chunk: integer().primaryKey(),
	seal: integer().notNull(),
	first: integer().notNull(),
	rows: integer().notNull(),
})

/** Erased rows. Their leaves keep the proofs valid. */
export const erasedRows = sqliteTable(
	'log_erased',
	{
		seal: integer().notNull(),
		row: integer().notNull(),
		model: text().notNull(),
		/** A keyed digest of the model and the row's id. */
		idDigest: blob('id_digest').$type<Uint8Array>().notNull(),
		leaf: blob().$type<Uint8Array>().notNull(),
		entry: integer().notNull(),
	},
	(t) => [primaryKey({ columns: [t.seal, t.row] })],
)
