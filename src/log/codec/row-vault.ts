import { AppError } from '../../core/errors.ts'

/**
 * Keys of the rows of encrypted models, one for each row, outside of the database and its backups. A row names its key by a
 * reference, which goes wherever the row goes: into larger chunks, and into archive files.
 */
export type RowVault = {
	/** Why there are no keys, if there are none: every other member then throws `unavailable` with it. */
	readonly fault: string | undefined
	/** Makes keys for so many rows. Their references are `<id>:<row>`; they are durable when it resolves. */
	create(rows: number): Promise<string>
	/** The keys by reference. A destroyed one is left out. Throws `unavailable` for keys that are not in the vault. */
	keysOf(references: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>
	/** Destroys keys for good: rows that were encrypted with them can be read nowhere, not in old backups either. */
	destroy(references: readonly string[]): Promise<void>
	encrypt(key: Uint8Array, bytes: Uint8Array): Uint8Array
	/** Throws for bytes that were changed. */
	decrypt(key: Uint8Array, bytes: Uint8Array): Uint8Array
	/** A keyed digest that stands for a text, such as a subject in a table that rows wait in. */
	pseudonym(text: string): string
}

/** This process lacks the keys of encrypted rows; another may have them. */
export class RowsLockedError extends AppError {
	constructor(message: string) {
		super('unavailable', message, { retryAfterMs: 60_000 })
	}
}
