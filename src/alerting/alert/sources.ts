import type { Context } from '../../context.ts'
import type { ReferenceColumn } from '../../metrics/reference.ts'
import {
	type ChangedWindow,
	changedWindows,
	type FactQuery,
	readFacts,
} from '../../monitoring/windows/window-facts.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import type { FactTable } from '../../rules/facts.ts'
import { total } from '../../stats/counts.ts'

/** By feature, then by name of the fact. */
export type BaselineFacts = ReadonlyMap<string, ReadonlyMap<string, number>>

/** Where an evaluation reads facts from: the computed metrics, or what a test scripts. */
export type Sources = {
	/** Windows whose values changed after a sequence number. */
	changedWindows(context: Context, query: { since: number }): Promise<ChangedWindow[]>
	/** A table for each window of the query, in its order; without subjects where nothing was computed. */
	readFacts(context: Context, query: FactQuery): Promise<FactTable[]>
	/** The `baseline.*` facts of each feature, of the baseline in force; undefined without a baseline. */
	baselineFacts(context: Context, model: string, version: string): Promise<BaselineFacts | undefined>
}

export const metricSources: Sources = { changedWindows, readFacts, baselineFacts }

async function baselineFacts(
	context: Context,
	model: string,
	version: string,
): Promise<BaselineFacts | undefined> {
	const reference = await currentReference(context, model, version)
	if (reference.digest === '') return undefined
	return new Map(reference.columns.map((column) => [column.bins.name, factsOf(column)]))
}

export function factsOf({ bins, groups, proper }: ReferenceColumn): ReadonlyMap<string, number> {
	const rows = Math.max(1, total(groups))
	const [unseen = 0, missing = 0] = groups.subarray(proper)
	// Categories that occur once estimate the share of those not seen yet (Good 1953). Rare ones beyond the limit of a
	// column were not kept and count as unseen.
	const once = groups.subarray(0, proper).filter((count) => count === 1).length
	return new Map([
		['baseline.null_rate', missing / rows],
		['baseline.unseen_rate', bins.kind === 'categorical' ? (once + unseen) / rows : 0],
	])
}
