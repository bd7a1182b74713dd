import type { Context } from '../../src/context.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { commitState } from '../../src/evidence/ledger/commit-state.ts'
import { checkpointText, signatureLine, signedNote } from '../../src/ledger/checkpoint.ts'
import { tileHash, tileWidth } from '../../src/ledger/tiles.ts'
import { MemoryTree } from '../../src/ledger/tree.ts'

/** Signs what is in the ledger. */
export async function signLog(context: Context): Promise<string> {
	const { mismatches } = await commitState(context)
	if (mismatches.length > 0) throw new Error(JSON.stringify(mismatches))
	const rows = await context.sql.all<{ leaf: Uint8Array }>({
		sql: 'SELECT leaf_hash AS leaf FROM ledger_entry ORDER BY idx',
	})
	const leaves = new Uint8Array(rows.length * 32)
	rows.forEach(({ leaf }, i) => {
		leaves.set(leaf, i * 32)
	})
	const root = await new MemoryTree(leaves).root()
	const key = context.ledgerKey as NonNullable<Context['ledgerKey']>
	const text = checkpointText({ origin: key.verifier.name, size: rows.length, root })
	const note = signedNote(text, [signatureLine(key.verifier, await key.sign(utf8(text)))])
	const statements = []
	for (let level = 0, hashes = leaves; hashes.length > 0; level++) {
		const above = []
		for (let n = 0; n * tileWidth * 32 < hashes.length; n++) {
			const tile = hashes.slice(n * tileWidth * 32, (n + 1) * tileWidth * 32)
			statements.push({
				sql: 'INSERT OR REPLACE INTO ledger_tile VALUES (?, ?, ?)',
				params: [level, n, tile],
			})
			if (tile.length === tileWidth * 32) above.push(...tileHash(tile))
		}
		hashes = new Uint8Array(above)
	}
	statements.push({
		sql: 'INSERT OR REPLACE INTO ledger_checkpoint (size, root, at, note) VALUES (?, ?, ?, ?)',
		params: [rows.length, root, context.now(), note],
	})
	await context.sql.batch(statements)
	return note
}
