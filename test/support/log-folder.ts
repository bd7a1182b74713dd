import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Context } from '../../src/context.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { newestCheckpoint } from '../../src/evidence/ledger/checkpoint.ts'
import { readTile } from '../../src/evidence/ledger/stored-tiles.ts'
import { encodeEntries, tileLevels, tilePath, tileWidth } from '../../src/ledger/tiles.ts'

/** Writes the signed log as files of C2SP tlog-tiles. Returns its checkpoint. */
export async function writeLogFolder(context: Context, folder: string): Promise<string> {
	rmSync(folder, { recursive: true, force: true })
	const write = (path: string, content: string | Uint8Array) => {
		mkdirSync(dirname(join(folder, path)), { recursive: true })
		writeFileSync(join(folder, path), content)
	}
	const { note, size } = (await newestCheckpoint(context)) as { note: string; size: number }
	write('checkpoint', note)
	for (const [level, count] of tileLevels(size).entries())
		for (let n = 0; n * tileWidth < count; n++) {
			const width = Math.min(tileWidth, count - n * tileWidth)
			write(`tile/${level}/${tilePath(n, width)}`, await readTile(context, level, n))
			if (level > 0) continue
			const rows = await context.sql.all<{ entry: string }>({
				sql: 'SELECT entry FROM ledger_entry WHERE idx >= ?1 AND idx < ?1 + ?2 ORDER BY idx',
				params: [n * tileWidth, width],
			})
			write(`tile/entries/${tilePath(n, width)}`, encodeEntries(rows.map(({ entry }) => utf8(entry))))
		}
	return note
}
