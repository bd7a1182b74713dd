import { BoundedCache } from '../../core/bounded-cache.ts'
import { getOrInsert } from '../../core/maps.ts'
import type { Loaded, ModelCache } from '../../ports/model-cache.ts'

const bytesOf = ({ opened }: Loaded): number =>
	('model' in opened ? opened.model.bytes : 0) + ('onnx' in opened ? (opened.onnx?.bytes ?? 0) : 0)
const isOpen = ({ opened }: Loaded): boolean => !('unavailable' in opened)
/** Why a version cannot be opened takes no bytes by `bytesOf`, but must not pile up either. */
const maxEntries = 10_000

/**
 * Keeps the most recently used models, up to `limitBytes`; a larger one is opened each time. Failures are kept until `again`.
 * `shared` is false where a request must not wait for work of another, as on workers.
 */
export function modelCache(limitBytes: number, now: () => number, shared = true): ModelCache {
	const cache = new BoundedCache<string, Loaded>({
		max: maxEntries,
		maxSize: limitBytes,
		sizeOf: bytesOf,
		// Requests that still use the model can go on: a closed session is loaded again when it is called.
		onRemove: ({ opened }) => {
			if ('onnx' in opened) void opened.onnx?.close()
		},
	})
	const loading = new Map<string, Promise<Loaded>>()
	const find = (key: string): Loaded | undefined => {
		const known = cache.get(key)
		if (known?.again === undefined || known.again > now()) return known
		cache.delete(key)
		return undefined
	}
	const load = async (key: string, from: () => Promise<Loaded>): Promise<Loaded> => {
		const loaded = await from()
		if (isOpen(loaded) || loaded.again !== undefined) cache.set(key, loaded)
		else cache.delete(key)
		return loaded
	}
	return {
		async open(key, from) {
			const known = find(key)
			if (known) return known.opened
			if (!shared) return (await load(key, from)).opened
			const pending = () => load(key, from).finally(() => loading.delete(key))
			return (await getOrInsert(loading, key, pending)).opened
		},
		forget(key) {
			const known = cache.get(key)
			if (known && !isOpen(known)) cache.delete(key)
		},
		bytes: () => cache.size,
		limitBytes,
	}
}
