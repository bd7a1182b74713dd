import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { BoundedCache } from '../../core/bounded-cache.ts'
import type { Change } from '../../db/commit.ts'
import { ledgerTiles } from '../../db/schema.ts'
import { nodesOfTiles, tileHash, tileLevels, tileWidth } from '../../ledger/tiles.ts'
import { hashBytes, type ReadNode } from '../../ledger/tree.ts'

const noHashes = new Uint8Array()

/** The hashes of a stored tile: as many as the newest checkpoint has. Empty if there is none. */
export async function readTile({ db }: Context, level: number, n: number): Promise<Uint8Array> {
	const [row] = await db
		.select({ hashes: ledgerTiles.hashes })
		.from(ledgerTiles)
		.where(and(eq(ledgerTiles.level, level), eq(ledgerTiles.n, n)))
	return row?.hashes ?? noHashes
}

/** Tiles that one caller keeps: a proof reads the same ones again. */
const keptTiles = 64

/** Reads nodes of the tree of a signed size from the stored tiles. */
export function readNodes(context: Context, size: number): ReadNode {
	const kept = new BoundedCache<string, Promise<Uint8Array>>({ max: keptTiles })
	return nodesOfTiles(async (level, n) => {
		const hashes = await kept.getOrInsert(`${level}/${n}`, () => readTile(context, level, n))
		return hashes.subarray(0, (Math.floor(size / tileWidth ** level) - n * tileWidth) * hashBytes)
	})
}

type Growing = { n: number; used: number; hashes: Uint8Array<ArrayBuffer> }

/** Adds leaves to the stored tiles of a tree: what that costs depends on the number of new leaves alone. */
export class GrowingTiles {
	private readonly context: Context
	private readonly levels: Growing[] = []
	private readonly full = new Map<string, { level: number; n: number; hashes: Uint8Array<ArrayBuffer> }>()
	private readonly changed = new Set<number>()
	/** Nodes of the tree with the new leaves. */
	readonly read: ReadNode

	private constructor(context: Context) {
		this.context = context
		this.read = nodesOfTiles(async (level, n) => {
			const growing = this.levels[level]
			if (growing?.n === n) return growing.hashes.subarray(0, growing.used * hashBytes)
			return this.full.get(`${level}/${n}`)?.hashes ?? readTile(context, level, n)
		})
	}

	/** Reads the tiles at the right edge of the tree of `size`. A tile that is too short is read as it is. */
	static async open(context: Context, size: number): Promise<GrowingTiles> {
		const tiles = new GrowingTiles(context)
		for (const [level, count] of tileLevels(size).entries()) {
			const growing = tiles.level(level)
			growing.n = Math.floor(count / tileWidth)
			growing.used = count % tileWidth
			if (growing.used === 0) continue
			const stored = await readTile(tiles.context, level, growing.n)
			growing.hashes.set(stored.subarray(0, growing.used * hashBytes))
		}
		return tiles
	}

	add(hash: Uint8Array, level = 0): void {
		const growing = this.level(level)
		growing.hashes.set(hash, growing.used * hashBytes)
		growing.used++
		this.changed.add(level)
		if (growing.used < tileWidth) return
		const { n, hashes } = growing
		this.full.set(`${level}/${n}`, { level, n, hashes })
		this.levels[level] = { n: n + 1, used: 0, hashes: new Uint8Array(tileWidth * hashBytes) }
		this.add(tileHash(hashes), level + 1)
	}

	/** Stores the tiles that have new hashes. */
	changes(): Change[] {
		const partial = [...this.changed].flatMap((level) => {
			const { n, used, hashes } = this.level(level)
			return used === 0 ? [] : [{ level, n, hashes: hashes.slice(0, used * hashBytes) }]
		})
		return [...this.full.values(), ...partial].map(({ level, n, hashes }) => ({
			query: {
				sql: `INSERT INTO ledger_tile (level, n, hashes) VALUES (?1, ?2, ?3)
					ON CONFLICT (level, n) DO UPDATE SET hashes = ?3`,
				params: [level, n, hashes],
			},
		}))
	}

	private level(level: number): Growing {
		this.levels[level] ??= { n: 0, used: 0, hashes: new Uint8Array(tileWidth * hashBytes) }
		return this.levels[level]
	}
}
