/** Requests by operation and status, since the process started. Kept in memory: Prometheus adds up restarts. */
export class Traffic {
	private readonly counts = new Map<
		string,
		{ operation: string; status: number; requests: number; seconds: number }
	>()

	add(operation: string, status: number, ms: number): void {
		const key = `${operation} ${status}`
		const found = this.counts.get(key)
		if (found) {
			found.requests++
			found.seconds += ms / 1000
		} else this.counts.set(key, { operation, status, requests: 1, seconds: ms / 1000 })
	}

	list() {
		return [...this.counts.values()]
	}
}
