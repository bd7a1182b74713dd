import { Chance } from '../../src/demo/random.ts'
import type { ColumnView } from '../../src/metrics/descriptor.ts'
import { referenceOf } from '../../src/metrics/reference.ts'
import { computeWindowMetrics } from '../../src/metrics/window-result.ts'
import { adjustForMultipleTests } from '../../src/monitoring/windows/inputs.ts'
import { sampleColumns } from '../../src/registry/baseline/collect-baseline.ts'
import { BatchBuilder } from '../../src/summaries/inputs/batch-builder.ts'
import type { Bins, FeatureSpec } from '../../src/summaries/inputs/bins.ts'
import type { RowBatch } from '../../src/summaries/inputs/columns.ts'
import { accumulate, emptyInputSummary } from '../../src/summaries/inputs/input-summary.ts'
import { makeBins } from '../../src/summaries/inputs/make-bins.ts'

export type Draw = (chance: Chance) => unknown
const rule = { threshold: 0.5 }

export const uniformly =
	(k: number): Draw =>
	(c) =>
		`c${Math.floor(c.uniform() * k)}`

/** Category i of k has weight 1/(i + 1). */
export function zipf(k: number): Draw {
	const cumulative: number[] = []
	for (let i = 0; i < k; i++) cumulative.push((cumulative.at(-1) ?? 0) + 1 / (i + 1))
	const last = cumulative.at(-1) as number
	return (c) => {
		const at = c.uniform() * last
		return `c${cumulative.findIndex((w) => at < w)}`
	}
}

export function poisson(mean: number): Draw {
	const least = Math.exp(-mean)
	return (c) => {
		let [k, product] = [0, c.uniform()]
		while (product >= least) {
			product *= c.uniform()
			k++
		}
		return k
	}
}

export const missing =
	(share: number, draw: Draw): Draw =>
	(c) =>
		c.uniform() < share ? null : draw(c)

export function rowsOf(chance: Chance, rows: number, draws: Readonly<Record<string, Draw>>): RowBatch {
	const builder = new BatchBuilder(rows)
	for (let i = 0; i < rows; i++) {
		const features: Record<string, unknown> = {}
		for (const name in draws) features[name] = draws[name]?.(chance)
		builder.add({ id: `${i}`, timestamp: 0, features, score: chance.uniform() })
	}
	return builder.finish()
}

function inputSummaryOf(bins: Bins, rows: RowBatch) {
	const inputSummary = emptyInputSummary(bins)
	accumulate(inputSummary, bins, rows, undefined, rule)
	return inputSummary
}

/** Computes a baseline and a window of these rows as the service does: bins, summaries, groups and q. */
export async function compare(
	specs: readonly FeatureSpec[],
	baseline: RowBatch,
	window: RowBatch,
): Promise<Map<string, ColumnView>> {
	const bins = await makeBins(sampleColumns(specs, [baseline], rule), baseline.rows)
	const reference = referenceOf('digest', bins, inputSummaryOf(bins, baseline))
	const result = computeWindowMetrics(reference, inputSummaryOf(bins, window))
	adjustForMultipleTests(reference, [result])
	return new Map(
		reference.columns.map((column, i) => [
			column.bins.name,
			{
				reference: column,
				result: result.columns[i] as ColumnView['result'],
				spec: column.bins.spec,
				hasBaseline: true,
			},
		]),
	)
}

export const seeded = (seed: number): Chance => new Chance(seed)
