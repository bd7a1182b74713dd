import { ByteReader, ByteWriter } from '../../summaries/inputs/bytes.ts'
import { type Column, cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import { concatBatches, selectRows } from '../../summaries/inputs/select-rows.ts'
import { decodeChunk, encodeBody, encodeIds } from './chunk.ts'
import type { Codec } from './codec.ts'
import { RowsLockedError, type RowVault } from './row-vault.ts'

// The rows of an encrypted model have a key each (`keys` of a batch). In storage they have no values but time, version and
// environment; everything else is in `sealed`, encrypted row by row. A row whose key is destroyed is as an erased one: blank.

/** A chunk's ids and body as they are stored, encrypted if its rows have keys. */
export async function encodeRows(
	codec: Codec,
	batch: RowBatch,
): Promise<{ ids: Uint8Array; body: Uint8Array }> {
	const stored = batch.keys && !batch.sealed ? await sealed(requireVault(codec.vault), batch) : batch
	return { ids: encodeIds(stored.ids), body: await codec.compress(encodeBody(stored)) }
}

/** Throws `unavailable` when there are no keys. */
export function requireVault(vault: RowVault | undefined): RowVault {
	if (vault && vault.fault === undefined) return vault
	throw new RowsLockedError(
		vault?.fault ?? 'This process has no keys of encrypted rows, and cannot read them.',
	)
}

/** Decrypts the rows of a batch that are encrypted. Throws `unavailable` without the keys. */
export async function openRows(vault: RowVault | undefined, batch: RowBatch): Promise<RowBatch> {
	const { keys, sealed } = batch
	if (!keys || !sealed) return batch
	const own = requireVault(vault)
	const known = await own.keysOf(keys.filter((reference, row) => reference !== '' && isSealed(sealed[row])))
	const parts = keys.map((reference, row) => {
		const key = known.get(reference)
		const bytes = sealed[row]
		return key && isSealed(bytes)
			? fromBytes(own.decrypt(key, bytes))
			: withoutKeys(selectRows(batch, Int32Array.of(row)))
	})
	return { ...concatBatches(parts), keys }
}

const isSealed = (bytes: Uint8Array | undefined): bytes is Uint8Array =>
	bytes !== undefined && bytes.length > 0

async function sealed(vault: RowVault, batch: RowBatch): Promise<RowBatch> {
	const references = batch.keys as string[]
	const keys = await vault.keysOf(references)
	const list = references.map((reference, row) => {
		const key = keys.get(reference)
		return key && batch.ids[row] !== '' ? vault.encrypt(key, toBytes(batch, row)) : new Uint8Array()
	})
	return { ...withoutValues(batch), keys: references, sealed: list }
}

/** The hashes of the ids of encrypted rows, from the references to their keys. */
export const hashesOf = (keys: readonly string[]): { high: Uint32Array; low: Uint16Array } => ({
	high: Uint32Array.from(keys, (key) => Number(key.split(':')[2] ?? 0)),
	low: Uint16Array.from(keys, (key) => Number(key.split(':')[3] ?? 0)),
})

/** Time, version and environment alone. */
function withoutValues({ rows, timestamps, versions, environments, strings }: RowBatch): RowBatch {
	const none = () => new Int32Array(rows).fill(-1)
	const absent = (): Column => ({ kinds: new Uint8Array(rows), nums: new Float64Array(rows) })
	return {
		...{ rows, timestamps, versions, environments, strings },
		ids: new Array(rows).fill(''),
		subjects: none(),
		extras: none(),
		scores: new Float64Array(rows).fill(Number.NaN),
		latencies: new Float64Array(rows).fill(Number.NaN),
		hasFeatures: new Uint8Array(rows),
		labels: absent(),
		features: new Map(),
		segments: new Map(),
	}
}

function withoutKeys({ keys: _, sealed: __, ...batch }: RowBatch): RowBatch {
	return batch
}

const present = (columns: Map<string, Column>) =>
	new Map([...columns].filter(([, { kinds }]) => kinds[0] !== cellKind.absent))

/** One row with its id, in the format of chunks. */
function toBytes(batch: RowBatch, row: number): Uint8Array {
	const one = withoutKeys(selectRows(batch, Int32Array.of(row)))
	const out = new ByteWriter()
	out.text(one.ids[0] as string)
	out.raw(encodeBody({ ...one, features: present(one.features), segments: present(one.segments) }))
	return out.bytes()
}

function fromBytes(bytes: Uint8Array): RowBatch {
	const input = new ByteReader(bytes)
	const id = input.text()
	return decodeChunk(encodeIds([id]), input.rest())
}
