import type { Result } from '../core/result.ts'

/** A data set that a run read. `rows` where its profile says so. */
export type RunDataset = {
	name: string
	digest: string
	sourceType: string
	source: string
	context: string | null
	rows: number | null
}

/** A training run as its tracking server tells of it. Times are RFC 3339. */
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
	/** What its registry made of the run. */
	models: { name: string; version: string; aliases: string[]; source: string }[]
}

/** Reads runs of one tracking server. */
export type RunReader = {
	/** Whether a text names a run there, directly or by a registered model. */
	names(reference: string): boolean
	/** Never throws: a server that is away or refuses is an answer. */
	read(reference: string): Promise<Result<TrainingRun>>
}
