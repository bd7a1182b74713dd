import { and, eq, isNull } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { baselines } from '../../db/schema.ts'
import { OutcomeView } from '../../metrics/outcome-view.ts'
import { type Calibration, fitCalibration } from '../../stats/estimation/calibration.ts'
import { decodeTally } from '../../tally/encoding.ts'
import type { ModelRow } from '../model/find-model.ts'

/** What a baseline's actuals teach; `digest` names the baseline. */
export type LabelledBaseline = { digest: string; view: OutcomeView; calibration: Calibration | undefined }

// Fitting takes longer than a window: the last ones used are kept.
const kept = new Map<string, { bytes: Uint8Array; baseline: LabelledBaseline }>()
const mostKept = 256

/** The baseline in force of a version, if its rows came with actuals. */
export async function labelledBaseline(
	context: Context,
	model: ModelRow,
	version: string,
): Promise<LabelledBaseline | undefined> {
	const mine = and(
		eq(baselines.model, model.name),
		eq(baselines.version, version),
		isNull(baselines.replacedAt),
	)
	const [row] = await context.db
		.select({ digest: baselines.digest, tally: baselines.tally })
		.from(baselines)
		.where(mine)
	if (!row?.tally) return undefined
	const key = `${model.task} ${row.digest}`
	const known = kept.get(key)
	if (known && sameBytes(known.bytes, row.tally)) return known.baseline
	const view = new OutcomeView(model.task, decodeTally(row.tally))
	const calibration = model.task === 'binary' ? fitCalibration(view.scores) : undefined
	const baseline = { digest: row.digest, view, calibration }
	if (kept.size >= mostKept) kept.delete(kept.keys().next().value as string)
	kept.set(key, { bytes: row.tally, baseline })
	return baseline
}

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((x, i) => x === b[i])
