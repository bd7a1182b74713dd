/** A client like any other: HTTP with a key, rows as NDJSON. */
export class DemoClient {
	private readonly url: string
	private readonly key: string
	private readonly fetch: typeof fetch
	/** Rows accepted so far. */
	posted = 0

	constructor(url: string, key: string, fetcher: typeof fetch) {
		this.url = url
		this.key = key
		this.fetch = fetcher
	}

	/** The same service with another key. */
	as(key: string): DemoClient {
		return new DemoClient(this.url, key, this.fetch)
	}

	/** A text body is sent as it is: rows, or a file. */
	async call<T>(method: string, path: string, body?: unknown): Promise<T> {
		const { status, body: answered } = await this.answer(method, path, body)
		if (status >= 200 && status < 300) return answered as T
		throw new Error(`${method} ${path} returned ${status}: ${JSON.stringify(answered).slice(0, 500)}`)
	}

	/** The same, for answers that may be a refusal. */
	async answer(
		method: string,
		path: string,
		body?: unknown,
		more: Record<string, string> = {},
	): Promise<{ status: number; headers: Headers; body: unknown }> {
		const isRows = typeof body === 'string'
		const type = isRows ? 'application/x-ndjson' : 'application/json'
		const response = await this.fetch(this.url + path, {
			method,
			headers: {
				authorization: `Bearer ${this.key}`,
				...(body === undefined ? {} : { 'content-type': type }),
				...more,
			},
			...(body === undefined ? {} : { body: isRows ? body : JSON.stringify(body) }),
		})
		const text = await response.text()
		const isJson = /json/.test(response.headers.get('content-type') ?? '')
		return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
	}

	/** Posts rows. Throws if one is rejected. */
	async rows(path: string, rows: readonly unknown[]): Promise<number> {
		if (rows.length === 0) return 0
		const body = `${rows.map((r) => JSON.stringify(r)).join('\n')}\n`
		const { accepted, rejected } = await this.call<{ accepted: number; rejected: unknown[] }>(
			'POST',
			path,
			body,
		)
		if (rejected.length > 0) throw new Error(`rows were rejected: ${JSON.stringify(rejected[0])}`)
		this.posted += accepted
		return accepted
	}
}
