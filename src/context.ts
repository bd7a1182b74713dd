import type { Limits } from './core/limits.ts'
import type { ChangeSet } from './db/changes.ts'
import type { Database } from './db/database.ts'
import type { Sql } from './db/sql.ts'
import type { OnnxRuntime } from './explain/onnx/runtime.ts'
import type { PredictionLog } from './log/prediction-log.ts'
import type { ArtifactSource, ArtifactStore } from './ports/artifacts.ts'
import type { ExecutorKinds } from './ports/executors.ts'
import type { Hooks } from './ports/hooks.ts'
import type { CheckpointFile, LedgerAnchors, LedgerKey } from './ports/ledger-key.ts'
import type { LineageSink, RunReader } from './ports/lineage.ts'
import type { ModelCache } from './ports/model-cache.ts'
import type { PeopleFile } from './ports/people.ts'
import type { SlackApp, SlackClient } from './ports/slack-client.ts'
import type { ExplainThreads, TreeReader } from './ports/threads.ts'
import type { PolicySet } from './rules/approval-policies.ts'
import type { RuleText } from './rules/read-file.ts'
import type { RuleSet } from './rules/rule-set.ts'
import type { OpenParquet } from './tables/parquet.ts'

/** Called as work proceeds: how many windows, hours or days are done, of how many that are due. */
export type Progress = (done: number, total: number) => void

/** Levels as in syslog's common subset; `fields` are structured. */
export type Logger = {
	info(message: string, fields?: Record<string, unknown>): void
	warn(message: string, fields?: Record<string, unknown>): void
	error(message: string, fields?: Record<string, unknown>): void
}

/** What a use case may reach. Entry points build it; tests build it with a fixed clock. */
export type Context = {
	db: Database
	sql: Sql
	log: PredictionLog
	/** Milliseconds since the epoch. */
	now: () => number
	/** Milliseconds since an arbitrary moment. Never goes back, even when the clock is set. */
	monotonic: () => number
	random: (bytes: number) => Uint8Array
	fetch: typeof fetch
	logger: Logger
	limits: Limits
	/** The base of links, such as `http://127.0.0.1:8787`, without a trailing slash. */
	publicUrl: string
	/** The parsed rule set in force. It is replaced as a whole on reload. */
	rules: { current(): RuleSet }
	/** Who approves what, and what carries it out: `approvals.yaml`, replaced as a whole on reload. */
	policies: { current(): PolicySet }
	/** The law tables that reports rest on: YAML, see `evidence/reports/law.ts`. */
	law: readonly RuleText[]
	/** The kinds of executors that `approvals.yaml` can name. */
	executors: ExecutorKinds<ChangeSet>
	/** The mapping file of Slack users, replaced as a whole on reload. */
	people: { current(): PeopleFile }
	/** Reads the secret that `env:NAME` or `file:PATH` names, as it is now. Throws `invalid`, without the secret. */
	readSecret: (reference: string) => Promise<string>
	/** The key of the ledger. Absent where none is configured: then nothing is signed. */
	ledgerKey?: LedgerKey
	/** The newest checkpoint, outside of the database. Absent where there are no files. */
	checkpointFile?: CheckpointFile
	/** Who is shown checkpoints each day. */
	anchors?: LedgerAnchors
	/** Stores the bytes of model files. */
	artifacts: ArtifactStore
	/** Reads model files from the URIs that versions name. */
	artifactSource: ArtifactSource
	/** Opened models, in bounded memory. */
	models: ModelCache
	/** Loads the runtime of ONNX models with the first call; undefined where it is not installed. */
	onnx?: () => OnnxRuntime | undefined
	/** Model endpoints that may be called for estimates. Absent: none. */
	endpoints?: { hosts: readonly string[]; token?: string | undefined } | undefined
	/** A language model that chooses an intent for words that are not understood. Absent: none. */
	intentEndpoint?: { url: string; model: string; key?: string | undefined } | undefined
	/** Explains rows of large models in another thread. Absent where there are no threads. */
	threads?: ExplainThreads
	/** Reads large files of trees in another thread. Absent where there are no threads. */
	readTrees?: TreeReader
	/** Reads Parquet files in another thread, in bounded time. Absent where there are no threads. */
	openParquet?: OpenParquet
	/** Renders an SVG of Plumbline's as a PNG. Absent on workers. */
	renderPng?: (svg: string) => Promise<Uint8Array>
	/** Renders a report, its document as JSON, as PDF. Absent on workers. */
	renderPdf?: (document: string) => Promise<Uint8Array>
	/** Called with the entries of each commit of this process, once they are stored. */
	committed?: (entries: readonly { action: string }[]) => void
	/** Keeps work alive that continues after the response. Absent where the process outlives it. */
	background?: (work: Promise<unknown>) => void
	/** Slack, when it is connected. */
	slack?: SlackClient
	/** What other workspaces need to install the app. */
	slackApp?: SlackApp
	/** Reads training runs, when a tracking server is connected. */
	runs?: RunReader
	/** Takes signed messages of other systems, by their source, where they are configured. */
	hooks?: Hooks
	/** Answers deployments that wait at GitHub for the decision on their request, where that is configured. */
	answerGates?: () => Promise<{ answered: number; waiting: number }>
	/** Receives versions, baselines and deployments, when a lineage catalogue is connected. */
	lineageSink?: LineageSink
}
