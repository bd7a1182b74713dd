/** The value of a key, made and stored first where the map has none: Map.prototype.getOrInsertComputed, not yet in Node. */
export function getOrInsert<K, V>(map: Map<K, V>, key: K, make: (key: K) => V): V {
	let value = map.get(key)
	if (value === undefined) {
		value = make(key)
		map.set(key, value)
	}
	return value
}

/** As Map.groupBy, which Node 20 does not have. */
export function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
	const groups = new Map<K, T[]>()
	for (const item of items) getOrInsert(groups, keyOf(item), () => []).push(item)
	return groups
}
