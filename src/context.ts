import type { Limits } from './core/limits.ts'
import type { Database } from './db/database.ts'
import type { Sql } from './db/sql.ts'
import type { PredictionLog } from './log/prediction-log.ts'
import type { ArtifactStore } from './ports/artifact-store.ts'

/** Is called as work goes on: so many windows, hours or days are done, of as many as are known to be due. */
export type Progress = (done: number, total: number) => void

/** Levels as in syslog's common subset; `fields` are structured. */
export type Logger = {
	info(message: string, fields?: Record<string, unknown>): void
	warn(message: string, fields?: Record<string, unknown>): void
	error(message: string, fields?: Record<string, unknown>): void
}

/** Everything that a use case may reach. Roots build it; tests build it with a fixed clock. */
export type Context = {
	db: Database
	sql: Sql
	log: PredictionLog
	/** The bytes of model files. */
	artifacts: ArtifactStore
	/** Reads model files from where versions say that they are. */
	artifactSource: import('./registry/artifact/artifact-source.ts').ArtifactSource
	/** Models that were opened, in bounded memory. */
	models: import('./registry/artifact/model-cache.ts').ModelCache
	/** Reads large files of trees away from requests. Absent where there are no threads. */
	readTrees?: import('./ports/tree-reader.ts').TreeReader
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
	threads?: import('./ports/explain-threads.ts').ExplainThreads
	/** Keeps work alive that goes on behind an answer. Absent where the process stays. */
	background?: (work: Promise<unknown>) => void
	/** Slack, when it is connected. */
	slack?: import('./ports/slack-client.ts').SlackClient
	/** Turns an SVG of ours into a PNG. Absent on workers. */
	renderPng?: (svg: string) => Promise<Uint8Array>
	/** The tracking server that training runs are read from, when one is connected. */
	runs?: import('./ports/training-run.ts').RunReader
	/** The lineage catalogue that is told of versions, baselines and deployments, when one is connected. */
	lineageSink?: import('./ports/lineage-fact.ts').LineageSink
	/** The parsed rule set that is in force; replaced as a whole on reload. */
	rules: { current(): import('./rules/rule-set.ts').RuleSet }
}
