export type CacheLimits<K, V> = {
	/** How many entries it keeps. */
	max?: number
	/** How large all entries together may be, in the unit of `sizeOf`. An entry that is larger alone is not kept. */
	maxSize?: number
	sizeOf?: (value: V) => number
	/** Called for every entry that leaves the cache, also when it is replaced. */
	onRemove?: (value: V, key: K) => void
}

/**
 * A least-recently-used cache, bounded by entries, by size, or by both. A Map keeps its insertion order, so its first key
 * is the one that was used longest ago. (lru-cache adds expiry and fetching, at some twenty times the code.)
 */
export class BoundedCache<K, V extends NonNullable<unknown>> {
	private readonly entries = new Map<K, V>()
	private readonly limits: CacheLimits<K, V>
	private total = 0

	constructor(limits: CacheLimits<K, V>) {
		this.limits = limits
	}

	get count(): number {
		return this.entries.size
	}

	/** The sizes of all entries together; 0 without `sizeOf`. */
	get size(): number {
		return this.total
	}

	/** The value of a key, which from now on is the one that was used last. */
	get(key: K): V | undefined {
		const value = this.entries.get(key)
		if (value === undefined) return undefined
		this.entries.delete(key)
		this.entries.set(key, value)
		return value
	}

	/** Without marking it as used. */
	has(key: K): boolean {
		return this.entries.has(key)
	}

	set(key: K, value: V): void {
		const { max = Number.POSITIVE_INFINITY, maxSize = Number.POSITIVE_INFINITY } = this.limits
		this.delete(key)
		const size = this.sizeOf(value)
		if (size > maxSize) return
		this.entries.set(key, value)
		this.total += size
		for (const oldest of this.entries.keys()) {
			if (this.entries.size <= max && this.total <= maxSize) break
			this.delete(oldest)
		}
	}

	/** The value of a key, made and kept first where the cache has none. */
	getOrInsert(key: K, make: (key: K) => V): V {
		const known = this.get(key)
		if (known !== undefined) return known
		const value = make(key)
		this.set(key, value)
		return value
	}

	delete(key: K): void {
		const value = this.entries.get(key)
		if (value === undefined) return
		this.entries.delete(key)
		this.total -= this.sizeOf(value)
		this.limits.onRemove?.(value, key)
	}

	clear(): void {
		for (const key of this.entries.keys()) this.delete(key)
	}

	private sizeOf(value: V): number {
		return this.limits.sizeOf?.(value) ?? 0
	}
}
