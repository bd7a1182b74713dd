/** Limits that a client can run into; each is named in its error. */
export type Limits = {
	/** Size of a JSON body that is an array of rows. */
	jsonBytes: number
	/** Size of a JSON body that is one object. */
	objectBytes: number
	/** Values in such a body, nested ones included. */
	objectValues: number
	/** Size of any other body as sent: NDJSON, CSV, gzip. */
	bodyBytes: number
	/** Size of a body without a key. */
	openBytes: number
	parquetBytes: number
	/** Memory of all request bodies together. */
	bytesInFlight: number
	bodyLines: number
	/** CPU time of a body, in addition to 1 ms per kilobyte. */
	bodyCpuMs: number
	/** How long to wait for the bytes of one body. */
	bodyMs: number
	/** The minimum average rate of a body while the server waits for it. */
	bodyBytesPerSecond: number
	/** Values in a row, nested ones included. */
	valuesPerRow: number
	lineBytes: number
	gunzippedBytes: number
	gunzipRatio: number
	featuresPerRow: number
	stringBytes: number
	idCharacters: number
	futureMs: number
	/** Size of a model file, unpacked. */
	artifactBytes: number
	/** Memory of all opened models together; the least recently used ones are dropped. */
	modelCacheBytes: number
	/** Open connections. */
	connections: number
	/** Requests that follow deployments. Their connections are not counted in `connections`. */
	followers: number
	/** Headers of a request: size, number, and how long to wait for them. */
	headerBytes: number
	headers: number
	headersMs: number
}

export const defaultLimits: Limits = {
	jsonBytes: 32 * 2 ** 20,
	objectBytes: 4 * 2 ** 20,
	objectValues: 50_000,
	bodyBytes: 2 ** 30,
	openBytes: 256 * 1024,
	parquetBytes: 256 * 2 ** 20,
	bytesInFlight: 256 * 2 ** 20,
	bodyLines: 10_000_000,
	bodyCpuMs: 5000,
	bodyMs: 30 * 60 * 1000,
	bodyBytesPerSecond: 1000,
	valuesPerRow: 100_000,
	lineBytes: 4 * 2 ** 20,
	gunzippedBytes: 2 ** 30,
	gunzipRatio: 200,
	featuresPerRow: 2000,
	stringBytes: 8192,
	idCharacters: 256,
	futureMs: 5 * 60 * 1000,
	artifactBytes: 512 * 2 ** 20,
	modelCacheBytes: 2 ** 30,
	connections: 1000,
	followers: 10_000,
	headerBytes: 16 * 1024,
	headers: 200,
	headersMs: 20_000,
}
