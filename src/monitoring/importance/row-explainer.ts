import type { Context } from '../../context.ts'
import { explained } from '../../decisions/explanation/explainer.ts'
import { FeatureError, type Model } from '../../explain/model.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { openVersion } from '../../registry/artifact/open-version.ts'
import { findArtifact } from '../../registry/artifact/version-artifact.ts'
import type { VersionRow } from '../../registry/version/find-version.ts'
import { firstRows, minFirstRows } from './first-rows.ts'

/** How rows of a version are explained: by its model, or by the attributions that came with them. */
export type RowExplainer = {
	/** The digest of the model, or `sent`. */
	source: string
	/** What an hour is put down as where no row could be explained. */
	otherwise: string
	features: readonly string[]
	model?: Model
	/** Undefined for a row that cannot be explained. */
	explain(row: Pick<StoredPrediction, 'features' | 'attributions'>): ExplainedBy | undefined
}

/** Contributions by output and feature, and how they were computed. */
export type ExplainedBy = { method: string; contributions: readonly Float64Array[] }

/**
 * What explains rows of a version in an environment. `unavailable`: its model should be there and cannot be had now, and
 * why; rows should wait for it.
 */
export async function rowExplainer(
	context: Context,
	version: VersionRow,
	environment: string,
): Promise<RowExplainer | { unavailable: string }> {
	if (!(await findArtifact(context, version))) return sentAttributions(version, 'none')
	const opened = await openVersion(context, version)
	if ('unavailable' in opened) return opened
	if (!('model' in opened)) return sentAttributions(version, 'unexplained')
	const { model, digest } = opened
	// ONNX files hold no cover: there are no expectations of the model's own.
	const isBare = model.format === 'onnx'
	const background = isBare ? await firstRows(context, model, version, environment) : undefined
	if (isBare && !background) return { unavailable: nothingToCompare }
	return {
		source: digest,
		otherwise: digest,
		features: model.features,
		model,
		explain({ features }) {
			try {
				return features === null ? undefined : explained(context, model, model.encode(features).x, background)
			} catch (error) {
				if (error instanceof FeatureError) return undefined
				throw error
			}
		},
	}
}

const nothingToCompare = `an ONNX file does not say what is to be expected: it takes ${minFirstRows} rows to compare with, of a baseline or logged`

/** Attributions as they were sent: `{ feature: number }`, or by class `{ class: { feature: number } }`. */
function sentAttributions(version: VersionRow, otherwise: string): RowExplainer {
	const features = version.features.map((f) => f.name)
	const method = 'sent with the predictions'
	const numbersOf = (sent: object): Float64Array | undefined => {
		const own = features.map((name) =>
			Object.hasOwn(sent, name) ? (sent as Record<string, unknown>)[name] : 0,
		)
		const known = features.some((name) => Object.hasOwn(sent, name))
		return known && own.every((v) => typeof v === 'number' && Number.isFinite(v))
			? Float64Array.from(own as number[])
			: undefined
	}
	return {
		source: 'sent',
		otherwise,
		features,
		explain({ attributions }) {
			if (typeof attributions !== 'object' || attributions === null) return undefined
			const whole = numbersOf(attributions)
			if (whole) return { method, contributions: [whole] }
			const byClass = Object.values(attributions).map((of) =>
				typeof of === 'object' && of !== null ? numbersOf(of) : undefined,
			)
			return byClass.length > 0 && byClass.every((of) => of !== undefined)
				? { method, contributions: byClass }
				: undefined
		},
	}
}
