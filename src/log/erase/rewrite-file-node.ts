import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Sql } from '../../db/sql.ts'
import { parquetOf, removeUnused, writeDurably } from '../maintain/archive-node.ts'
import type { ReadArchive } from '../read/chunk-store.ts'
import { blankRows } from './blank-rows.ts'
import type { RewriteFile } from './erase-everywhere.ts'

/** Rewrites Parquet files in `folder`: under another name, since readers may have the old one open. */
export const fileRewriter = (sql: Sql, folder: string, read: ReadArchive): RewriteFile => ({
	async write({ file: old, sha256: digest, chunks, rows, erasures }) {
		const batches = []
		for (const { first, count, day } of chunks) {
			const batch = await read(old, digest, first, count)
			const own = rows.filter((row) => row >= first && row < first + count).map((row) => row - first)
			batches.push(own.length === 0 ? batch : blankRows(batch, own, day))
		}
		const content = parquetOf(batches)
		const file = `${old.replace(/(-e\d+)?\.parquet$/, '')}-e${erasures + 1}.parquet`
		await writeDurably(join(folder, file), content)
		return { old, file, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
	},
	removeUnused: (files) => removeUnused(sql, folder, files),
})
