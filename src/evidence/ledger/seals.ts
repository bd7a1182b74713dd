import { asc, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { erasedRows, sealedChunks, type seals } from '../../db/schema.ts'
import type { SealedRows } from '../../log/read/sealed-rows.ts'
import { kindOfNumber, type RowKind } from '../../log/row-kinds.ts'

export type SealRow = typeof seals.$inferSelect

/** Where the rows of a seal are, and what they are hashed with. */
export async function sealedRows({ db }: Pick<Context, 'db'>, seal: SealRow): Promise<SealedRows> {
	const chunks = await db
		.select({ chunk: sealedChunks.chunk, rows: sealedChunks.rows })
		.from(sealedChunks)
		.where(eq(sealedChunks.seal, seal.id))
		.orderBy(asc(sealedChunks.first))
	const erased = await db
		.select({ row: erasedRows.row, leaf: erasedRows.leaf })
		.from(erasedRows)
		.where(eq(erasedRows.seal, seal.id))
	const { model, kind, keys } = seal
	return { model, kind: kindOfNumber[kind] as RowKind, chunks, keys, erased }
}
