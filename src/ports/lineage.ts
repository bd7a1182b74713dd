import type { Result } from '../core/result.ts'

/** A data set that a run read. `rows` is null where its profile has no row count. */
export type RunDataset = {
	name: string
	digest: string
	sourceType: string
	source: string
	context: string | null
	rows: number | null
}

/** A training run as its tracking server reports it. Times are RFC 3339. */
export type TrainingRun = {
	source: 'mlflow'
	id: string
	name: string | null
	status: string
	user: string | null
	startedAt: string | null
	endedAt: string | null
	/** The code that ran, where the server knows it. */
	commit: string | null
	params: Record<string, string>
	metrics: Record<string, number>
	tags: Record<string, string>
	datasets: RunDataset[]
	/** Registered models made from the run. */
	models: { name: string; version: string; aliases: string[]; source: string }[]
}

/** Reads runs of one tracking server. */
export type RunReader = {
	/** Whether a text refers to a run there, directly or through a registered model. */
	names(reference: string): boolean
	/** Never throws: failures of the server are results. */
	read(reference: string): Promise<Result<TrainingRun>>
}

/** An immutable fact that is reported to a lineage catalogue. `at` is RFC 3339. */
export type LineageFact = { at: string; model: string } & (
	| {
			kind: 'version'
			version: string
			features: { name: string; type: string }[]
			artifact: { sha256: string; format: string } | null
			lineage: { run?: string; dataset?: string; commit?: string; image?: string }
	  }
	| {
			kind: 'deployment'
			environment: string
			revision: number
			/** The champion first. */
			versions: { version: string; role: 'champion' | 'challenger' | 'canary'; percent?: number }[]
	  }
	| { kind: 'baseline'; version: string; digest: string; rows: number }
)

/** Begin and end of the run that made a fact: catalogues expect one event of each. */
export type LineageEventType = 'START' | 'COMPLETE'

/** A lineage catalogue that accepts OpenLineage events. Never throws. */
export type LineageSink = { send(fact: LineageFact, type: LineageEventType): Promise<Result<'sent'>> }
