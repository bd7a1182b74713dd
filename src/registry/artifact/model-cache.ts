import type { OpenedVersion } from './opened-version.ts'

/** `again`: when it is worth trying again, where the version cannot be opened now. */
export type Loaded = { opened: OpenedVersion; again?: number }

/** Opened versions by a key that names their content. */
export type ModelCache = {
	/** What is there, or what `load` answers; opens of one key at the same time share one load. */
	open(key: string, load: () => Promise<Loaded>): Promise<OpenedVersion>
	/** Forgets that a version could not be opened. */
	forget(key: string): void
	/** Bytes that the models in it take, about, and may take. */
	bytes(): number
	readonly limitBytes: number
}

const bytesOf = ({ opened }: Loaded): number =>
	('model' in opened ? opened.model.bytes : 0) + ('onnx' in opened ? (opened.onnx?.bytes ?? 0) : 0)
const isOpen = ({ opened }: Loaded): boolean => !('unavailable' in opened)
/** Reasons are small, but they must not pile up either. */
const maxUnavailable = 10_000

/**
 * Keeps the models that were used last, up to `limitBytes`; one that is larger than that is opened each time. What cannot
 * be opened is remembered until `again`. `shared`: false where what one request waits for must not hang on another.
 */
export function modelCache(limitBytes: number, now: () => number, shared = true): ModelCache {
	// A Map keeps the order of insertion: the first is the one that was used longest ago.
	const kept = new Map<string, Loaded>()
	const loading = new Map<string, Promise<Loaded>>()
	let total = 0
	const drop = (key: string) => {
		const known = kept.get(key)
		if (!known) return
		kept.delete(key)
		total -= bytesOf(known)
		// Whoever still has it can go on: a session that is asked again is loaded again.
		if ('onnx' in known.opened) void known.opened.onnx?.close()
	}
	const keep = (key: string, loaded: Loaded) => {
		drop(key)
		const isLasting = isOpen(loaded) || loaded.again !== undefined
		if (!isLasting || bytesOf(loaded) > limitBytes) return
		kept.set(key, loaded)
		total += bytesOf(loaded)
		for (const oldest of kept.keys()) {
			if (total <= limitBytes && kept.size <= maxUnavailable) break
			drop(oldest)
		}
	}
	const find = (key: string): Loaded | undefined => {
		const known = kept.get(key)
		if (!known) return undefined
		if (known.again !== undefined && known.again <= now()) {
			drop(key)
			return undefined
		}
		kept.delete(key)
		kept.set(key, known)
		return known
	}
	const load = async (key: string, from: () => Promise<Loaded>): Promise<Loaded> => {
		const loaded = await from()
		keep(key, loaded)
		return loaded
	}
	return {
		async open(key, from) {
			const known = find(key)
			if (known) return known.opened
			if (!shared) return (await load(key, from)).opened
			let pending = loading.get(key)
			if (!pending) {
				pending = load(key, from).finally(() => loading.delete(key))
				loading.set(key, pending)
			}
			return (await pending).opened
		},
		forget(key) {
			const known = kept.get(key)
			if (known && !isOpen(known)) drop(key)
		},
		bytes: () => total,
		limitBytes,
	}
}
