import { and, eq } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { type Actor, readers } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { formatTime } from '../core/time.ts'
import { commit } from '../db/commit.ts'
import { modelVersions } from '../db/schema.ts'
import type { SentGroups, StoredPrediction } from '../log/prediction-log.ts'
import { authorise, seesFeatures } from '../registry/key/authorise.ts'
import { labelOf } from '../registry/model/favourable.ts'
import { findModel, type ModelRow } from '../registry/model/find-model.ts'
import { BatchBuilder } from '../summaries/inputs/batch-builder.ts'
import { checkRow, checkScores, type QualityMark } from '../summaries/inputs/quality.ts'
import { modelLabels, sideOf } from '../summaries/outcomes/label.ts'

/** A logged prediction as `GET …/predictions/{predictionId}` returns it. */
export type PredictionAnswer = Record<string, unknown> & { predictionId: string; quality: QualityMark[] }

/**
 * One prediction with its outcome and quality marks. Viewers see it without feature values, without the subject, and without
 * segments that are sensitive attributes.
 */
export async function readPrediction(
	context: Context,
	actor: Actor,
	modelName: string,
	predictionId: string,
): Promise<PredictionAnswer> {
	authorise(actor, readers, modelName)
	const model = await findModel(context, modelName)
	const stored = await context.log.read(model.name, predictionId)
	if (!stored) throw await noPrediction(context, model.name, predictionId)
	const isViewer = !seesFeatures(actor)
	if (!isViewer) await recordRead(context, actor, 'read-prediction', model.name, predictionId)
	const { outcome, outcomeHistory, features, timestamp, subject, segment, ...rest } = stored
	return {
		...rest,
		...(isViewer || subject === undefined ? {} : { subject }),
		...segmentOf(segment, isViewer ? model.sensitive : []),
		timestamp: formatTime(timestamp),
		...(isViewer ? {} : { features }),
		outcome: outcome ? { ...outcome, timestamp: formatTime(outcome.timestamp) } : null,
		...(outcomeHistory && outcomeHistory.length > 1
			? { outcomeHistory: outcomeHistory.map((o) => ({ ...o, timestamp: formatTime(o.timestamp) })) }
			: {}),
		quality: [
			...(await featureMarks(context, model.name, stored.version, features)),
			...checkScores(model.task, stored),
			...labelMarks(model, stored),
		],
	}
}

/** Whoever reads personal data is in the ledger, before the answer is. */
const recordRead = (context: Context, actor: Actor, action: string, model: string, predictionId: string) =>
	commit(context, actor, { action, object: `prediction:${model}/${predictionId}`, model }, [])

const erasedError = (model: string, predictionId: string) =>
	new AppError('erased', `The prediction "${predictionId}" of ${model} was erased: its values are destroyed.`)

/** Why a prediction cannot be read: it was erased, or there is none. No similar id is suggested: there are too many to search. */
export async function noPrediction(context: Context, model: string, predictionId: string): Promise<AppError> {
	if (await context.log.isErased(model, predictionId)) return erasedError(model, predictionId)
	return new AppError(
		'not-found',
		`No prediction "${predictionId}" is logged for ${model}. Its id may be mistyped, or it was never sent.`,
	)
}

function segmentOf(segment: StoredPrediction['segment'], hidden: readonly string[]) {
	if (segment === undefined) return {}
	return { segment: Object.fromEntries(Object.entries(segment).filter(([name]) => !hidden.includes(name))) }
}

async function featureMarks(
	context: Context,
	model: string,
	version: string,
	features: Record<string, unknown> | null,
): Promise<QualityMark[]> {
	if (!features) return []
	const [row] = await context.db
		.select({ features: modelVersions.features })
		.from(modelVersions)
		.where(and(eq(modelVersions.model, model), eq(modelVersions.version, version)))
	const builder = new BatchBuilder(1)
	builder.add({ id: '', timestamp: 0, features })
	return checkRow(row?.features ?? [], builder.finish(), 0)
}

/** Marks decisions and outcomes of a binary model that are neither of its labels: they are stored, and count as unknown. */
function labelMarks(
	model: ModelRow,
	{ label, outcome }: Pick<StoredPrediction, 'label' | 'outcome'>,
): QualityMark[] {
	if (model.task !== 'binary') return []
	const names = modelLabels(model)
	const [positive, negative] = [names.positiveLabel ?? '1', labelOf(model, 'negative')]
	const sent = [
		['label', label],
		['outcome.actual', outcome?.observed ? outcome.actual : undefined],
	] as const
	return sent
		.filter(([, value]) => value !== undefined && value !== null)
		.filter(([, value]) => sideOf(String(value), names) === undefined)
		.map(([path, value]) => ({
			code: 'unknown-label',
			path,
			message: `${JSON.stringify(value)} is neither ${JSON.stringify(positive)} nor ${JSON.stringify(negative)}: it counts as unknown`,
		}))
}

/** The sensitive attributes that were sent for a prediction or its subject. For auditors only. */
export async function readGroups(
	context: Context,
	actor: Actor,
	modelName: string,
	predictionId: string,
): Promise<{
	predictionId: string
	model: string
	groups: (Omit<SentGroups, 'timestamp'> & { timestamp: string })[]
}> {
	authorise(actor, 'auditor', modelName)
	const model = await findModel(context, modelName)
	const sent = await context.log.groups(model.name, predictionId)
	if (sent.length === 0 && (await context.log.isErased(model.name, predictionId)))
		throw erasedError(model.name, predictionId)
	if (sent.length === 0)
		throw new AppError(
			'not-found',
			`No groups were sent for the prediction "${predictionId}" of ${model.name}.`,
		)
	await recordRead(context, actor, 'read-groups', model.name, predictionId)
	return {
		predictionId,
		model: model.name,
		groups: sent.map(({ timestamp, ...rest }) => ({ ...rest, timestamp: formatTime(timestamp) })),
	}
}
