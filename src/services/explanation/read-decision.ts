import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { openVersion } from '../artifact/open-version.ts'
import type { OpenedVersion } from '../artifact/opened-version.ts'
import { findModel, quote } from '../model/find-model.ts'
import { findVersion, type VersionRow } from '../model/find-version.ts'
import { type ModelMoment, modelAt } from '../model/model-history.ts'
import type { Replayed } from '../replay/replay.ts'
import { replayPrediction } from '../replay/replay-prediction.ts'
import { type Decision, type DecisionRule, decide, decisionRule } from './decision.ts'

/** A logged decision, replayed, and read by the settings of its moment. */
export type ReadDecision = Decision & {
	stored: StoredPrediction
	moment: ModelMoment
	row: VersionRow
	opened: OpenedVersion
	replayed: Replayed
	rule: DecisionRule
	/** As logged; of multiclass models, of the class that was logged. */
	score: number | null
}

/** Throws `not-found` for an unknown model (with the nearest name) or prediction. */
export async function readDecision(
	context: Context,
	model: string,
	predictionId: string,
): Promise<ReadDecision> {
	const stored = await context.log.read(model, predictionId)
	if (!stored) {
		const { name } = await findModel(context, model)
		throw new AppError(
			'not-found',
			`No prediction ${quote(predictionId)} is logged for ${quote(name)}. Its id may be mistyped, or it was never sent.`,
		)
	}
	const [moment, row] = await Promise.all([
		modelAt(context, model, stored.timestamp),
		findVersion(context, model, stored.version),
	])
	const opened = await openVersion(context, row)
	const replayed = await replayPrediction(opened, moment, stored)
	const manifest = 'unavailable' in opened ? {} : opened.manifest
	const rule = decisionRule(moment, manifest, shapeOf(opened)?.space)
	const score = stored.score ?? replayed.logged
	return {
		stored,
		moment,
		row,
		opened,
		replayed,
		rule,
		score,
		...decide(rule, { ...stored, ...(score === null ? {} : { score }) }),
	}
}

/** Features, outputs and space of what was opened; undefined when nothing was. */
export const shapeOf = (opened: OpenedVersion) =>
	'model' in opened ? opened.model : 'onnx' in opened ? opened.onnx : undefined
