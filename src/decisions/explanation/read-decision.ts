import type { Context } from '../../context.ts'
import { type Manifest, readManifest } from '../../explain/manifest.ts'
import { noPrediction } from '../../ingest/read-prediction.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { OpenedVersion } from '../../ports/model-cache.ts'
import { openVersion } from '../../registry/artifact/open-version.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { type ModelMoment, modelAt } from '../../registry/model/model-history.ts'
import { findVersion, type VersionRow } from '../../registry/version/find-version.ts'
import { type Replayed, replayPrediction } from '../replay/replay-prediction.ts'
import { type Decision, type DecisionRule, decide, decisionRule } from './decision.ts'

/** A logged decision, replayed, with the settings of its time. */
export type ReadDecision = Decision & {
	stored: StoredPrediction
	moment: ModelMoment
	row: VersionRow
	opened: OpenedVersion
	replayed: Replayed
	manifest: Manifest
	rule: DecisionRule
	/** As logged; of multiclass models, the score of the logged class. */
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
		throw await noPrediction(context, name, predictionId)
	}
	const [moment, row] = await Promise.all([
		modelAt(context, model, stored.timestamp),
		findVersion(context, model, stored.version),
	])
	const opened = await openVersion(context, row)
	const replayed = await replayPrediction(opened, moment, stored)
	const manifest = manifestOf(opened, row)
	const rule = decisionRule(moment, manifest, shapeOf(opened)?.space)
	const score = stored.score ?? replayed.logged
	return {
		stored,
		moment,
		row,
		opened,
		replayed,
		manifest,
		rule,
		score,
		...decide(rule, { ...stored, ...(score === null ? {} : { score }) }),
	}
}

/** A version that cannot be opened still has its threshold and endpoint. */
function manifestOf(opened: OpenedVersion, row: VersionRow): Manifest {
	if (!('unavailable' in opened)) return opened.manifest
	const read = readManifest(row.manifest)
	return 'manifest' in read ? read.manifest : {}
}

/** Features, outputs and space of the opened model; undefined when it could not be opened. */
export const shapeOf = (opened: OpenedVersion) =>
	'model' in opened ? opened.model : 'onnx' in opened ? opened.onnx : undefined
