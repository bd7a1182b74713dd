import { digits } from '../../core/digits.ts'
import type { Manifest } from '../../explain/manifest.ts'
import { type Encoded, FeatureError, type FeatureNote, type Model } from '../../explain/model.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { OpenedModel, OpenedVersion } from '../../ports/model-cache.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { compareScores, loggedNumbers, type Nearness } from './compare-scores.ts'

/** How a logged score compares with the registered artefact's score for the logged features. */
export type Replay = {
	status: 'matched' | 'mismatched' | 'unavailable'
	/** The logged score; of multiclass models, that of the logged class. Null when none was logged. */
	logged: number | null
	replayed: number | null
	/** Null when it matched to the bit; else the difference, what is missing, or the digits to which it matched. */
	reason: string | null
}

/**
 * A replay with the values that an explanation continues from. `general`: the reason of an `unavailable` replay without
 * values of this prediction, so that equal reasons can be counted.
 */
export type Replayed = Replay & {
	general?: string
	encoded?: Encoded
	margin?: Float64Array
	score?: Float64Array
}

/** The settings of the model that a replay uses, as of that moment. */
export type Registered = Pick<ModelRow, 'task' | 'positiveLabel'>

type Logged = Pick<StoredPrediction, 'features' | 'score' | 'label' | 'probabilities'>

/**
 * Runs the registered artefact on the logged features and compares its score with the logged one. They match when they are
 * equal to the bit, in float32 (except its last bits), or at the logged decimals if there are at least three significant
 * digits; `reason` says which, unless they are equal to the bit.
 */
export async function replayPrediction(
	opened: OpenedVersion,
	registered: Registered,
	prediction: Logged,
): Promise<Replayed> {
	const unavailable = (reason: string, general = reason): Replayed => ({
		status: 'unavailable',
		logged: prediction.score ?? null,
		replayed: null,
		reason,
		general,
	})
	if ('unavailable' in opened) return unavailable(opened.unavailable)
	if (!prediction.features)
		return unavailable(
			'no features are logged: the prediction came without them, and no feature log has been joined to it yet',
		)
	try {
		const run = await runOpened(opened, prediction.features)
		const shape = 'model' in opened ? opened.model : opened.onnx
		const answer = opened.manifest.logged === 'margin' && run.margin ? run.margin : run.score
		const { notes } = run.encoded
		// A runtime sums batches in another order than single rows: a softmax may differ by a unit in the last place of 1.
		const unit = 'onnx' in opened && opened.onnx ? 1 : 0
		return { ...compare(shape, opened.manifest, registered, prediction, answer, notes, unit), ...run }
	} catch (error) {
		if (!(error instanceof FeatureError)) throw error
		const general = 'the model cannot be run on the logged features'
		const named = error.feature === '' ? general : `${general}, because of ${error.feature}`
		return unavailable(`${general}: ${error.message.replace(/\.$/, '')}`, named)
	}
}

type Run = { encoded: Encoded; score: Float64Array; margin?: Float64Array }

/** The artefact's score in the model's own precision. ONNX models are run by their runtime. */
async function runOpened(opened: OpenedModel, features: Record<string, unknown>): Promise<Run> {
	const model = 'model' in opened ? opened.model : undefined
	const onnx = 'onnx' in opened ? opened.onnx : undefined
	const encoded = (model ?? (onnx as NonNullable<typeof onnx>)).encode(features)
	const margin = model?.margin(encoded.x)
	const [answered] = onnx ? await onnx.scores([encoded.x]) : []
	const score = answered ?? (model as NonNullable<typeof model>).score(margin as Float64Array)
	return { encoded, score, ...(margin ? { margin } : {}) }
}

const noScore = 'no score is logged to compare with the score of the artefact'

function compare(
	model: Pick<Model, 'outputs' | 'classes'> & { advice?: string | undefined },
	manifest: Manifest,
	registered: Registered,
	prediction: Logged,
	answer: Float64Array,
	notes: readonly FeatureNote[],
	unit: number,
): Replayed {
	const logged = loggedNumbers(model, manifest, registered, prediction, answer)
	const [first] = logged
	if (!first) {
		const replayed = model.outputs === 1 ? (answer[0] as number) : null
		return {
			status: 'unavailable',
			logged: null,
			replayed,
			reason: noScore,
			general: noScore,
		}
	}
	const found = logged.map(({ output, value }) => ({
		output,
		value,
		near: compareScores(value, answer[output] as number, unit),
	}))
	const worst = found.reduce((a, b) => (rank(b.near) > rank(a.near) ? b : a))
	const status =
		worst.near.kind === 'different'
			? 'mismatched'
			: worst.near.kind === 'too-few-digits'
				? 'unavailable'
				: 'matched'
	// When another class than the decided one differs, show that one.
	const { output, value } = status === 'mismatched' ? worst : first
	const replayed = answer[output] as number
	const reason = reasonOf(worst.near, value, replayed, notes)
	const advised = status === 'mismatched' && model.advice ? `${reason}. ${model.advice}` : reason
	return {
		status,
		logged: value,
		replayed,
		reason: advised,
		...(status === 'unavailable' ? { general: tooFewDigits } : {}),
	}
}

const order: readonly Nearness['kind'][] = [
	'equal',
	'float32',
	'last-bits',
	'decimals',
	'too-few-digits',
	'different',
]
/** Higher is worse; of two that differ, the larger difference is worse. */
const rank = (near: Nearness): number =>
	order.indexOf(near.kind) + (near.kind === 'different' ? 1 - 1 / (1 + near.by) : 0)

const tooFewDigits = 'the logged score has too few digits to tell whether the artefact gave it'

function reasonOf(
	near: Nearness,
	logged: number,
	replayed: number,
	notes: readonly FeatureNote[],
): string | null {
	if (near.kind === 'equal') return null
	if (near.kind === 'float32') return 'equal in single precision (float32)'
	if (near.kind === 'last-bits')
		return `equal except for the last bits of single precision: ${digits(Math.abs(logged - replayed))} apart`
	if (near.kind === 'decimals')
		return near.decimals === 0
			? 'equal as a whole number, as logged'
			: `equal at the ${near.decimals} logged decimals`
	if (near.kind === 'too-few-digits')
		return `${tooFewDigits}: ${logged} is logged, and the artefact answers ${replayed}. Log at least 3 significant digits`
	const odd = notes
		.filter((n) => n.code === 'unseen-category' || n.message.includes('not among the logged'))
		.map((n) => n.message)
	const apart = digits(Math.abs(logged - replayed))
	return `the served model and the registered artefact differ: ${logged} is logged, and the artefact answers ${replayed} for the logged features, ${apart} apart${odd.length > 0 ? ` (${odd.slice(0, 3).join('; ')})` : ''}`
}
