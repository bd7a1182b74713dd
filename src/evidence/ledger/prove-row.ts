import { eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor, Role } from '../../core/actor.ts'
import { toHex } from '../../core/bytes.ts'
import { digestOf } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { ledgerEntries, seals } from '../../db/schema.ts'
import { noPrediction } from '../../ingest/read-prediction.ts'
import { decodeKeys, rowKey } from '../../ledger/row-keys.ts'
import { nodesOfBlocks, rowLeaf } from '../../ledger/row-leaves.ts'
import { inclusionProof } from '../../ledger/tree.ts'
import { kindNumber, predictionKey, type RowKind } from '../../log/row-kinds.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { proofFile } from './checkpoint.ts'
import { idDigest } from './id-digest.ts'
import type { RowProof } from './row-proof.schema.ts'
import { sealChunk } from './seal-rows.ts'
import { type SealRow, sealedRows } from './seals.ts'

const readersOf: Record<RowKind, readonly Role[]> = {
	prediction: ['analyst', 'auditor'],
	feature: ['analyst', 'auditor'],
	outcome: ['analyst', 'auditor'],
	group: ['auditor'],
}

/**
 * The proof that the ledger holds a row: from its payload to the root in an entry, and from there to a signed checkpoint. Rows
 * that no entry covers yet are sealed first. Of several outcomes or feature logs, the newest. It is recorded in the ledger.
 */
export async function proveRow(
	context: Context,
	actor: Actor,
	modelName: string,
	predictionId: string,
	kind: RowKind = 'prediction',
): Promise<RowProof> {
	authorise(actor, readersOf[kind], modelName)
	const model = await findModel(context, modelName)
	const at = await findRow(context, model.name, kind, predictionId)
	const row = await proveInSeal(context, at.seal, at.row)
	const [entry] = await context.db.select().from(ledgerEntries).where(eq(ledgerEntries.idx, at.seal.entry))
	if (!entry) throw damaged(at.seal)
	const proof: RowProof = {
		row,
		entry: { index: entry.idx, text: entry.entry },
		proof: context.ledgerKey ? await proofFile(context, entry.idx) : null,
	}
	const read = {
		action: 'read-row-proof',
		object: `prediction:${model.name}/${predictionId}`,
		model: model.name,
		details: { kind, entry: entry.idx, row: at.row, answer: await digestOf(proof) },
	}
	await commit(context, actor, read, [])
	return proof
}

type SealedRow = { seal: SealRow; row: number }

/** Feature logs and groups that name the prediction, not those of its subject. */
const storedId = (kind: RowKind, id: string) =>
	kind === 'feature' || kind === 'group' ? predictionKey(id) : id

async function findRow(
	context: Context,
	model: string,
	kind: RowKind,
	predictionId: string,
): Promise<SealedRow> {
	const id = storedId(kind, predictionId)
	const place = (await context.log.placesOf(model, kind, id)).at(-1)
	const found = place ? await sealedRow(context, place) : await erasedRow(context, model, kind, id)
	if (found) return found
	if (kind === 'prediction') throw await noPrediction(context, model, predictionId)
	throw new AppError('not-found', `No ${kind} row was sent for the prediction "${predictionId}" of ${model}.`)
}

async function sealedRow(
	context: Context,
	{ chunk, row }: { chunk: number; row: number },
): Promise<SealedRow | undefined> {
	const read = () =>
		context.sql.all<{ seal: number; first: number }>({
			sql: 'SELECT seal, first FROM log_sealed WHERE chunk = ?',
			params: [chunk],
		})
	let [at] = await read()
	if (!at) {
		await sealChunk(context, chunk)
		at = (await read())[0]
	}
	if (!at) throw new AppError('unavailable', 'The row cannot be sealed now. Try again in a minute.')
	return { seal: await sealOf(context, at.seal), row: at.first + row }
}

async function erasedRow(
	context: Context,
	model: string,
	kind: RowKind,
	id: string,
): Promise<SealedRow | undefined> {
	const [found] = await context.sql.all<{ seal: number; row: number }>({
		sql: `SELECT e.seal AS seal, e.row AS row FROM log_erased e JOIN log_seal s ON s.id = e.seal
			WHERE e.model = ? AND e.id_digest = ? AND s.kind = ? ORDER BY e.seal DESC, e.row DESC LIMIT 1`,
		params: [model, idDigest(context, model, kindNumber[kind], id), kindNumber[kind]],
	})
	return found && { seal: await sealOf(context, found.seal), row: found.row }
}

async function sealOf(context: Context, id: number): Promise<SealRow> {
	const [seal] = await context.db.select().from(seals).where(eq(seals.id, id))
	if (!seal) throw damaged({ id })
	return seal
}

async function proveInSeal(context: Context, seal: SealRow, row: number): Promise<RowProof['row']> {
	const sealed = await sealedRows(context, seal)
	let payload: string | undefined
	const nodes = nodesOfBlocks(seal.blocks, seal.rows, async (from, to) => {
		const read = await context.log.rowLeaves(sealed, from, to, row)
		payload ??= read.payload
		return read.leaves
	})
	const hashes = (await inclusionProof(nodes, row, seal.rows)).map(toHex)
	const erased = sealed.erased.find((e) => e.row === row)
	const place = { index: row, size: seal.rows, hashes }
	if (erased) return { ...place, leaf: toHex(erased.leaf), key: null, payload: null }
	await nodes(0, row)
	const key = rowKey(decodeKeys(seal.keys), row)
	if (!key || payload === undefined) throw damaged(seal)
	return { ...place, leaf: toHex(rowLeaf(key, payload)), key: toHex(key), payload }
}

const damaged = ({ id }: { id: number }) =>
	new AppError(
		'unavailable',
		`The rows that seal ${id} committed to are not stored as they were. Run \`plumbline audit verify\`, and restore them from a backup.`,
	)
