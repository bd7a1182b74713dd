import { and, eq, isNull } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { BoundedCache } from '../../core/bounded-cache.ts'
import { sameBytes } from '../../core/bytes.ts'
import { baselines } from '../../db/schema.ts'
import { learn, type Reference } from '../../metrics/estimate-outcomes.ts'
import { OutcomeView } from '../../metrics/outcome-view.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { LabelledRows } from '../../summaries/outcomes/labelled-rows.ts'

/** What estimates learn from a baseline's actuals. `pairs`: a sample of predicted and actual, of regression. */
export type LabelledBaseline = { digest: string; reference: Reference; pairs: [number, number][] }

// Fitting takes longer than a window, so the latest are kept.
const kept = new BoundedCache<string, { bytes: Uint8Array; baseline: LabelledBaseline }>({ max: 256 })

/** The baseline in force of a version, if its rows came with actuals. */
export async function labelledBaseline(
	context: Context,
	{ name, task }: ModelRow,
	version: string,
): Promise<LabelledBaseline | undefined> {
	const mine = and(eq(baselines.model, name), eq(baselines.version, version), isNull(baselines.replacedAt))
	const [row] = await context.db
		.select({ digest: baselines.digest, outcomeSummary: baselines.outcomeSummary })
		.from(baselines)
		.where(mine)
	if (!row?.outcomeSummary) return undefined
	const key = `${task} ${row.digest}`
	const known = kept.get(key)
	if (known && sameBytes(known.bytes, row.outcomeSummary)) return known.baseline
	const rows = LabelledRows.decode(row.outcomeSummary)
	const periods = [...rows.periods.values()].map((outcomeSummary) => new OutcomeView(task, outcomeSummary))
	const pairs = { predicted: rows.pairs.map(([p]) => p), actual: rows.pairs.map(([, a]) => a) }
	const reference = learn(new OutcomeView(task, rows.whole()), periods, pairs)
	const baseline = { digest: row.digest, reference, pairs: rows.pairs }
	kept.set(key, { bytes: row.outcomeSummary, baseline })
	return baseline
}
