import { sameBytes, toHex } from '../core/bytes.ts'
import { decodeUtf8 } from '../core/utf8.ts'
import {
	formatVerifierKey,
	isSignedBy,
	type ParsedNote,
	parseCheckpoint,
	type VerifierKey,
} from './checkpoint.ts'
import type { LedgerEntry } from './entry.ts'
import { Frontier } from './frontier.ts'
import { nodesOfTiles, tileHash, tileLevels, tilePath, tileWidth } from './tiles.ts'
import { hashBytes, joinHashes, leafHash } from './tree.ts'
import { handOverAction, keyFor, trustedKeys } from './trusted-keys.ts'

// Recomputes a whole log from the texts of its entries: nothing that is stored beside them is believed.

/** Where a log is read from: a server, a folder, an archive, a database. Undefined: it does not have that. */
export type LogSource = {
	/** The newest checkpoint: a signed note. */
	checkpoint(): Promise<string | undefined>
	tile(level: number, n: number, width: number): Promise<Uint8Array | undefined>
	/** The texts of the entries of one tile, as UTF-8; undefined for one that is missing. */
	entries(n: number, width: number): Promise<readonly (Uint8Array | undefined)[] | undefined>
	/** Other checkpoints that it has, by size. */
	checkpoints?(): AsyncIterable<StoredCheckpoint>
}

/** `where`: what people call it. */
export type StoredCheckpoint = { where: string; size: number; note: string }

/** `unverifiable`: nobody can say; `mismatch`: something is not what was signed. */
export type Failure = { kind: 'mismatch' | 'unverifiable'; where: string; what: string }

export type VerifiedLog = {
	/** How many entries were checked. */
	entries: number
	size: number
	/** In hexadecimal. */
	root: string | null
	failures: Failure[]
}

type IndexedText = { index: number; text: string }

export type LogOptions = {
	/** The key that the caller trusts. */
	key: VerifierKey
	/** A checkpoint from elsewhere: the log must begin with the entries that it covers. */
	older?: StoredCheckpoint | undefined
	/** Entries before this one are not read again: their hashes are those of the tiles. `handOvers`: those of keys among them. */
	since?: number | undefined
	handOvers?: readonly IndexedText[]
	/** Only the signature of the newest checkpoint is checked. */
	hasNoEntries?: boolean
	/** Called with each entry whose text is right, in order. */
	onEntry?: (index: number, entry: LedgerEntry, text: string, hash: Uint8Array) => void | Promise<void>
	onProgress?: ((done: number, total: number) => void | Promise<void>) | undefined
}

/** What is listed at most: a log that is damaged throughout has a failure for each entry. */
export const maxFailures = 100

/** Failures, the first ones of many. */
export class Failures {
	readonly list: Failure[] = []
	count = 0

	add(kind: Failure['kind'], where: string, what: string): void {
		this.count++
		if (this.list.length < maxFailures) this.list.push({ kind, where, what })
		else if (this.list.length === maxFailures)
			this.list.push({
				kind,
				where: 'more',
				what: `More than ${maxFailures} failures: the rest is not listed.`,
			})
	}
}

/** Verifies the log of a source with the key that the caller trusts. */
export async function verifyLog(source: LogSource, options: LogOptions): Promise<VerifiedLog> {
	const failures = new Failures()
	const note = await readNewest(source, failures)
	const { size, root } = note?.checkpoint ?? { size: 0, root: undefined }
	let entries = 0
	if (note && root) {
		const { older } = options
		if (older && older.size > size)
			failures.add(
				'mismatch',
				older.where,
				`It covers ${older.size} entries, and the newest checkpoint of the log ${size}: the log was set back.`,
			)
		if (size === 0)
			failures.add('unverifiable', 'checkpoint', 'The log has no entries, so there is nothing to verify.')
		const reader = new LogReader(source, options, size, root, failures)
		reader.signed.push({ where: 'checkpoint', note })
		if (size > 0 && !options.hasNoEntries) entries = await reader.read()
		await reader.checkSignatures()
	}
	return { entries, size, root: root ? toHex(root) : null, failures: failures.list }
}

async function readNewest(source: LogSource, failures: Failures): Promise<ParsedNote | undefined> {
	const note = await source.checkpoint()
	if (note === undefined) {
		failures.add('unverifiable', 'checkpoint', 'There is no signed checkpoint.')
		return undefined
	}
	const parsed = parseCheckpoint(note)
	if (!parsed) failures.add('mismatch', 'checkpoint', 'It is not a signed checkpoint.')
	return parsed
}

const tileName = (level: number, n: number, width: number) => `tile/${level}/${tilePath(n, width)}`

/** Reads a log of one size from its first entry to its last. */
class LogReader {
	private readonly source: LogSource
	private readonly options: LogOptions
	private readonly size: number
	private readonly signedRoot: Uint8Array
	private readonly failures: Failures
	/** The tree over the entries; and the one over the hashes of the tiles, once they differ. */
	private tree = new Frontier()
	private tiles: Frontier | undefined
	/** Entries whose hash is not the one of the tile. */
	private readonly different: number[] = []
	/** Notes whose signatures are to be checked, once the keys that the pinned one leads to are known. */
	readonly signed: { where: string; note: ParsedNote }[] = []
	private readonly handOvers: IndexedText[]
	/** The hashes of the tile that is being filled, of each level. */
	private readonly edges: Uint8Array[][] = []

	constructor(source: LogSource, options: LogOptions, size: number, root: Uint8Array, failures: Failures) {
		this.source = source
		this.options = options
		this.size = size
		this.signedRoot = root
		this.failures = failures
		this.handOvers = [...(options.handOvers ?? [])]
	}

	/** Returns how many entries were read. */
	async read(): Promise<number> {
		const { since = 0, onProgress } = this.options
		const first = Math.floor(Math.min(since, this.size - 1) / tileWidth)
		if (first > 0) await this.skip(first)
		const checkpoints = await this.olderCheckpoints(first * tileWidth)
		let entries = 0
		for (let n = first; n * tileWidth < this.size; n++) {
			entries += await this.readTile(n, checkpoints)
			await onProgress?.(Math.min((n + 1) * tileWidth, this.size), this.size)
		}
		await this.checkPartialTiles()
		this.checkRoot()
		return entries
	}

	/** Begins after the first tiles: their hashes are believed, up to the root that is signed. */
	private async skip(tiles: number): Promise<void> {
		const read = nodesOfTiles(async (level, n) => {
			const count = tileLevels(this.size)[level] ?? 0
			const width = Math.min(tileWidth, count - n * tileWidth)
			return (await this.source.tile(level, n, width)) ?? new Uint8Array()
		})
		this.tree = await Frontier.open(read, tiles * tileWidth)
		for (let level = 1, n = tiles; n > 0; level++, n = Math.floor(n / tileWidth)) {
			const edge: Uint8Array[] = []
			for (let i = Math.floor(n / tileWidth) * tileWidth; i < n; i++)
				edge.push(Uint8Array.from(await read(level * 8, i)))
			this.edges[level] = edge
		}
	}

	/** Checkpoints of sizes from `from` on, by size. */
	private async olderCheckpoints(from: number): Promise<Map<number, StoredCheckpoint[]>> {
		const all = new Map<number, StoredCheckpoint[]>()
		const add = async (stored: StoredCheckpoint) => {
			const note = parseCheckpoint(stored.note)
			if (!note || note.checkpoint.size !== stored.size) {
				this.failures.add('mismatch', stored.where, 'It is not a signed checkpoint of its size.')
				return
			}
			this.signed.push({ where: stored.where, note })
			if (stored.size > this.size && stored !== this.options.older)
				this.failures.add(
					'mismatch',
					stored.where,
					`It covers ${stored.size} entries, and the newest checkpoint ${this.size}: the log was set back.`,
				)
			if (stored.size >= from && stored.size <= this.size)
				all.set(stored.size, [...(all.get(stored.size) ?? []), stored])
		}
		if (this.options.older) await add(this.options.older)
		for await (const stored of this.source.checkpoints?.() ?? []) await add(stored)
		return all
	}

	/** The entries of one tile. */
	private async readTile(n: number, checkpoints: Map<number, StoredCheckpoint[]>): Promise<number> {
		const start = n * tileWidth
		const width = Math.min(tileWidth, this.size - start)
		const stored = await this.source.tile(0, n, width)
		const texts = await this.source.entries(n, width)
		if (texts?.length !== width)
			this.failures.add(
				'mismatch',
				`tile/entries/${tilePath(n, width)}`,
				texts ? `It has ${texts.length} entries and must have ${width}.` : 'It is missing.',
			)
		const hasTile = stored?.length === width * hashBytes
		const hashes: Uint8Array[] = []
		for (let i = 0; i < width; i++) {
			const text = texts?.[i]
			const signed = hasTile ? stored.subarray(i * hashBytes, (i + 1) * hashBytes) : undefined
			const hash = text ? leafHash(text) : (signed ?? new Uint8Array(hashBytes))
			this.add(start + i, hash, signed)
			hashes.push(hash)
			if (text) await this.readEntry(start + i, text, hash)
			else if (texts && i < texts.length)
				this.failures.add('mismatch', `entry ${start + i}`, 'It is missing.')
			const at = checkpoints.get(start + i + 1)
			if (at) this.checkOlder(at)
		}
		if (!hasTile) this.reportTile(0, n, width, stored)
		this.edges[0] = hashes
		if (width === tileWidth) await this.fillUpper(tileHash(joinHashes(hashes)))
		return (texts ?? []).slice(0, width).filter((text) => text).length
	}

	private add(index: number, hash: Uint8Array, signed: Uint8Array | undefined): void {
		if (signed && !sameBytes(signed, hash)) {
			this.different.push(index)
			this.tiles ??= this.tree.clone()
		}
		this.tree.add(hash)
		this.tiles?.add(signed ?? hash)
	}

	private async readEntry(index: number, bytes: Uint8Array, hash: Uint8Array): Promise<void> {
		const text = decodeUtf8(bytes)
		const entry = text === undefined ? undefined : parseEntry(text)
		if (text === undefined || !entry)
			this.failures.add('mismatch', `entry ${index}`, 'It is not the text of an entry.')
		else {
			if (entry.action === handOverAction) this.handOvers.push({ index, text })
			await this.options.onEntry?.(index, entry, text, hash)
		}
	}

	private checkOlder(checkpoints: readonly StoredCheckpoint[]): void {
		for (const { where, note, size } of checkpoints) {
			const root = parseCheckpoint(note)?.checkpoint.root
			if (root && !sameBytes(root, this.tree.root()) && !(this.tiles && sameBytes(root, this.tiles.root())))
				this.failures.add(
					'mismatch',
					where,
					`The log has another root for its first ${size} entries than this checkpoint: its history was changed.`,
				)
		}
	}

	/** The hash of a full tile goes into the tile above. */
	private async fillUpper(hash: Uint8Array): Promise<void> {
		let full: Uint8Array | undefined = hash
		for (let level = 1; full; level++) {
			const edge = this.edges[level] ?? []
			this.edges[level] = edge
			edge.push(full)
			full = undefined
			if (edge.length < tileWidth) continue
			await this.compareTile(level, this.tree.size / tileWidth ** (level + 1) - 1, edge)
			full = tileHash(joinHashes(edge))
			this.edges[level] = []
		}
	}

	private async checkPartialTiles(): Promise<void> {
		for (const [level, count] of tileLevels(this.size).entries()) {
			const width = count % tileWidth
			if (level > 0 && width > 0)
				await this.compareTile(level, Math.floor(count / tileWidth), this.edges[level] ?? [])
		}
	}

	private async compareTile(level: number, n: number, hashes: readonly Uint8Array[]): Promise<void> {
		// Where entries differ from the tiles, the tiles above differ too.
		if (this.different.length > 0) return
		const stored = await this.source.tile(level, n, hashes.length)
		const at = hashes.findIndex((hash, i) => {
			const there = stored?.subarray(i * hashBytes, (i + 1) * hashBytes)
			return !there || !sameBytes(there, hash)
		})
		if (at >= 0) this.reportTile(level, n, hashes.length, stored, at)
	}

	private reportTile(level: number, n: number, width: number, stored: Uint8Array | undefined, at = 0): void {
		const count = tileWidth ** level
		const from = (n * tileWidth + at) * count
		const what =
			stored === undefined
				? 'It is missing.'
				: stored.length === width * hashBytes
					? `Its hash ${at} is not that of the entries ${from} to ${from + count - 1}.`
					: `It has ${stored.length} bytes and must have ${width * hashBytes}.`
		this.failures.add('mismatch', tileName(level, n, width), what)
	}

	/** Each checkpoint is signed with the pinned key, or with one that it handed over to or took over from. */
	async checkSignatures(): Promise<void> {
		const { key } = this.options
		const keys = await trustedKeys(this.handOvers, key)
		for (const { where, note } of this.signed) {
			const { size, origin } = note.checkpoint
			const wanted = keyFor(keys, size)
			if (wanted && (await isSignedBy(note, wanted))) {
				if (origin !== wanted.name)
					this.failures.add('mismatch', where, `It is of the log ${origin}, and its key of ${wanted.name}.`)
				continue
			}
			const isOwn = note.signatures.some(
				({ name, keyId }) => wanted && name === wanted.name && sameBytes(keyId, wanted.id),
			)
			if (wanted && isOwn)
				this.failures.add(
					'mismatch',
					where,
					`The signature of the key ${formatVerifierKey(wanted)} is wrong.`,
				)
			else {
				const names = note.signatures.map(({ name, keyId }) => `${name}+${toHex(keyId)}`).join(', ')
				this.failures.add(
					'unverifiable',
					where,
					`It is not signed with the key ${formatVerifierKey(wanted ?? key)}, but with ${names}. Check where the key and the log come from.`,
				)
			}
		}
	}

	private checkRoot(): void {
		const isRight = sameBytes(this.tree.root(), this.signedRoot)
		const tilesAreRight = this.tiles !== undefined && sameBytes(this.tiles.root(), this.signedRoot)
		for (const index of this.different) {
			if (isRight) {
				const n = Math.floor(index / tileWidth)
				const width = Math.min(tileWidth, this.size - n * tileWidth)
				this.failures.add(
					'mismatch',
					tileName(0, n, width),
					`Its hash of entry ${index} is not that of the text.`,
				)
			} else
				this.failures.add(
					'mismatch',
					`entry ${index}`,
					tilesAreRight
						? 'Its text is not the one that was signed.'
						: 'Its text is not that of the hash in its tile.',
				)
		}
		if (!isRight && !tilesAreRight)
			this.failures.add(
				'mismatch',
				'checkpoint',
				`The root of the ${this.size} entries is ${toHex(this.tree.root())}, and the signed one ${toHex(this.signedRoot)}.`,
			)
	}
}

/** Undefined for a text that is no entry. */
export function parseEntry(text: string): LedgerEntry | undefined {
	try {
		const entry = JSON.parse(text) as LedgerEntry
		return typeof entry === 'object' && typeof entry?.action === 'string' ? entry : undefined
	} catch {
		return undefined
	}
}
