import type { ArtifactStore } from './core/artifact-store.ts'
import type { Database } from './db/database.ts'
import type { Sql } from './db/sql.ts'
import type { PredictionLog } from './log/prediction-log.ts'

/** Is called as work goes on: so many windows, hours or days are done, of as many as are known to be due. */
export type Progress = (done: number, total: number) => void

/** Levels as in syslog's common subset; `fields` are structured. */
export type Logger = {
	info(message: string, fields?: Record<string, unknown>): void
	warn(message: string, fields?: Record<string, unknown>): void
	error(message: string, fields?: Record<string, unknown>): void
}

export const roles = ['ingest', 'viewer', 'analyst', 'approver', 'auditor', 'admin'] as const
export type Role = (typeof roles)[number]

/** Who acts, as the ledger records it. `how` is the way they were authenticated. */
export type Actor = {
	id: string // "key:<id>", "slack:<team>/<user>", "job:<name>", "cli"
	how: 'key' | 'slack' | 'job' | 'cli'
	role: Role
	models: readonly string[] // globs
}

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

/** Everything that a use case may reach. Roots build it; tests build it with a fixed clock. */
export type Context = {
	db: Database
	sql: Sql
	log: PredictionLog
	/** The bytes of model files. */
	artifacts: ArtifactStore
	/** Reads model files from where versions say that they are. */
	artifactSource: import('./services/artifact/artifact-source.ts').ArtifactSource
	/** Models that were opened, in bounded memory. */
	models: import('./services/artifact/model-cache.ts').ModelCache
	/** Reads large files of trees away from requests. Absent where there are no threads. */
	readTrees?: import('./services/artifact/tree-reader.ts').TreeReader
	/** Reads Parquet files away from requests, in bounded time. Absent where there are no threads. */
	openParquet?: import('./tables/parquet.ts').OpenParquet
	/** Model endpoints that may be asked for estimates. Absent: none. */
	endpoints?: { hosts: readonly string[]; token?: string | undefined } | undefined
	/** What runs ONNX models, loaded when it is first asked for; nothing where it is not installed. */
	onnx?: () => import('./explain/onnx/runtime.ts').OnnxRuntime | undefined
	/** Milliseconds since the epoch. */
	now: () => number
	/** Milliseconds since some moment: it only grows, whatever is done to the clock. */
	monotonic: () => number
	random: (bytes: number) => Uint8Array
	fetch: typeof fetch
	logger: Logger
	limits: Limits
	/** Where links point to, such as `http://127.0.0.1:8787`; no trailing slash. */
	publicUrl: string
	/** Explains rows of large models away from requests. Absent where there are no threads. */
	threads?: import('./services/importance/explain-threads.ts').ExplainThreads
	/** Keeps work alive that goes on behind an answer. Absent where the process stays. */
	background?: (work: Promise<unknown>) => void
	/** Slack, when it is connected. */
	slack?: import('./services/slack/slack-client.ts').SlackClient
	/** Turns an SVG of ours into a PNG. Absent on workers. */
	renderPng?: (svg: string) => Promise<Uint8Array>
	/** The tracking server that training runs are read from, when one is connected. */
	runs?: import('./core/training-run.ts').RunReader
	/** The lineage catalogue that is told of versions, baselines and deployments, when one is connected. */
	lineageSink?: import('./core/lineage-fact.ts').LineageSink
	/** The parsed rule set that is in force; replaced as a whole on reload. */
	rules: { current(): import('./rules/rule-set.ts').RuleSet }
}
