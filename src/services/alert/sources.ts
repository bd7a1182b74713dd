import type { Context } from '../../context.ts'
import type { WindowSize } from '../../core/time.ts'
import type { FactTable, SeriesId } from '../../rules/facts.ts'
import { currentReference } from '../baseline/current-grid.ts'
import { computedWindows, readFacts } from '../metric/read-facts.ts'

export type ChangedWindow = {
	model: string
	version: string
	environment: string
	window: WindowSize
	from: number
	sequence: number
}

/** Where facts come from: the computed metrics, unless a test brings its own. */
export type Sources = {
	/** Windows whose values changed after a sequence number. */
	computedWindows(context: Context, query: { since: number }): Promise<ChangedWindow[]>
	readFacts(context: Context, query: SeriesId & { from: number }): Promise<FactTable>
	/** Share of missing values of each feature in the baseline in force; undefined without a baseline. */
	baselineNullRates(
		context: Context,
		model: string,
		version: string,
	): Promise<ReadonlyMap<string, number> | undefined>
}

export const metricSources: Sources = { computedWindows, readFacts, baselineNullRates }

/** Missing values are the last group but one of a reference column. */
async function baselineNullRates(
	context: Context,
	model: string,
	version: string,
): Promise<Map<string, number> | undefined> {
	const reference = await currentReference(context, model, version)
	if (reference.digest === '') return undefined
	return new Map(
		reference.columns.map(({ grid, groups }) => {
			const rows = groups.reduce((sum, count) => sum + count, 0)
			return [grid.name, rows === 0 ? 0 : (groups[groups.length - 2] as number) / rows]
		}),
	)
}
