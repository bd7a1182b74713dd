import { and, eq, isNull } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { baselines } from '../../db/schema.ts'
import { OutcomeView } from '../../metrics/outcome-view.ts'
import { type Calibration, fitCalibration } from '../../stats/estimation/calibration.ts'
import { fitLoss, type LossFit } from '../../stats/estimation/loss-fit.ts'
import { LabelledRows } from '../../tally/labelled-rows.ts'
import type { ModelRow } from '../model/find-model.ts'

/** What a baseline's actuals teach; `digest` names the baseline. */
export type LabelledBaseline = {
	digest: string
	/** Binary models: of the score. Multiclass ones: of each class. */
	calibrations: Record<string, Calibration>
	/** Regression: how large errors are, by what was predicted. */
	loss: LossFit | undefined
}

/** The one calibration of a binary model. */
export const ofScore = '$score'
const leastPeriods = 3

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
	const baseline = { digest: row.digest, ...learn(model.task, LabelledRows.decode(row.tally)) }
	if (kept.size >= mostKept) kept.delete(kept.keys().next().value as string)
	kept.set(key, { bytes: row.tally, baseline })
	return baseline
}

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((x, i) => x === b[i])

function learn(task: ModelRow['task'], rows: LabelledRows): Omit<LabelledBaseline, 'digest'> {
	const view = new OutcomeView(task, rows.whole())
	const periods = [...rows.periods.values()].map((tally) => new OutcomeView(task, tally))
	const apart = periods.length >= leastPeriods ? periods : []
	if (task === 'binary') {
		const calibration = fitCalibration(
			view.scores,
			apart.map((p) => p.scores),
		)
		return { calibrations: { [ofScore]: calibration }, loss: undefined }
	}
	if (task === 'multiclass') {
		const calibrations = [...view.byClass].map(([name, scores]) => {
			const ofPeriods = apart.flatMap((p) => p.byClass.get(name) ?? [])
			return [name, fitCalibration(scores, ofPeriods)] as const
		})
		return { calibrations: Object.fromEntries(calibrations), loss: undefined }
	}
	const [predicted, actual] = [rows.pairs.map(([p]) => p), rows.pairs.map(([, a]) => a)]
	return {
		calibrations: {},
		loss: task === 'regression' && predicted.length > 0 ? fitLoss(predicted, actual) : undefined,
	}
}
