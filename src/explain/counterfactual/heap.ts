/** A queue whose first item has the smallest key; equal keys leave in the order in which they came. */
export class Heap<T> {
	private readonly items: { key: number; order: number; item: T }[] = []
	private count = 0

	get size(): number {
		return this.items.length
	}

	push(key: number, item: T): void {
		const { items } = this
		const entry = { key, order: this.count++, item }
		let at = items.length
		while (at > 0) {
			const parent = (at - 1) >> 1
			if (isBefore(items[parent] as typeof entry, entry)) break
			items[at] = items[parent] as typeof entry
			at = parent
		}
		items[at] = entry
	}

	pop(): { key: number; item: T } | undefined {
		const { items } = this
		const first = items[0]
		const last = items.pop()
		if (first === undefined || last === undefined || items.length === 0) return first
		let at = 0
		for (;;) {
			let child = 2 * at + 1
			if (child >= items.length) break
			if (child + 1 < items.length && isBefore(items[child + 1] as typeof last, items[child] as typeof last))
				child++
			if (isBefore(last, items[child] as typeof last)) break
			items[at] = items[child] as typeof last
			at = child
		}
		items[at] = last
		return first
	}
}

const isBefore = (a: { key: number; order: number }, b: { key: number; order: number }): boolean =>
	a.key < b.key || (a.key === b.key && a.order < b.order)
