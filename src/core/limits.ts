/** Limits that a client can run into; each is named in its error. */
export type Limits = {
	/** A JSON body: an array of rows. */
	jsonBytes: number
	/** A JSON body that is one object. */
	objectBytes: number
	/** Values in it, those in nested ones included. */
	objectValues: number
	/** Any other body as it is sent: NDJSON, CSV, gzip. */
	bodyBytes: number
	/** A body of a request without a key. */
	openBytes: number
	parquetBytes: number
	/** What bodies may hold in memory together. */
	bytesInFlight: number
	bodyLines: number
	/** CPU time for a body, beside 1 ms a kilobyte. */
	bodyCpuMs: number
	/** Waiting for the bytes of one body. */
	bodyMs: number
	/** The least average rate of a body while it is waited for. */
	bodyBytesPerSecond: number
	/** Values in a row, those in nested ones included. */
	valuesPerRow: number
	lineBytes: number
	gunzippedBytes: number
	gunzipRatio: number
	featuresPerRow: number
	stringBytes: number
	idCharacters: number
	futureMs: number
	/** A model file, unpacked. */
	artifactBytes: number
	/** What opened models may take together before those that were used longest ago are dropped. */
	modelCacheBytes: number
	/** Open connections. */
	connections: number
	/** Headers of a request: their bytes, how many there are, and how long they may take. */
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
	headerBytes: 16 * 1024,
	headers: 200,
	headersMs: 20_000,
}
