import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import { explained } from '../../decisions/explanation/explainer.ts'
import { type Background, FeatureError, type Model } from '../../explain/model.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { openVersion } from '../../registry/artifact/open-version.ts'
import { findArtifact } from '../../registry/artifact/version-artifact.ts'
import { baselineRows } from '../../registry/baseline/baseline-rows.ts'
import type { VersionRow } from '../../registry/version/find-version.ts'
import { sampledRows } from './sampled-rows.ts'

/** How rows of a version are explained: by its model, or by the attributions that came with them. */
export type RowExplainer = {
	/** The digest of the model, or `sent`. */
	source: string
	/** The source recorded for an hour in which no row could be explained. */
	otherwise: string
	features: readonly string[]
	model?: Model
	/** Undefined for a row that cannot be explained. */
	explain(row: Pick<StoredPrediction, 'features' | 'attributions'>): ExplainedBy | undefined
}

/** Contributions by output and feature, and how they were computed. */
export type ExplainedBy = { method: string; contributions: readonly Float64Array[] }

/**
 * What explains rows of a version in an environment. `unavailable`: why its model cannot be used now; its rows should wait.
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
	// ONNX files hold no row counts by node, so the model has no expectations of its own.
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

/** Explains by attributions as they were sent: `{ feature: number }`, or by class `{ class: { feature: number } }`. */
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

/** Fewer rows are no basis for expectations. */
const minFirstRows = 30
const nothingToCompare = `an ONNX file holds no expectations: explaining takes ${minFirstRows} rows to compare with, of a baseline or logged`
/** Rows that SHAP takes the values of absent features from. */
const maxRows = 100
const periodsDays = [1, 7, 90]

/**
 * The background of a version whose file has no expectations of its own: rows of its baseline, else of its first days. They
 * stay the same, so contributions of different windows differ by their rows alone. Undefined below 30 rows.
 */
async function firstRows(
	context: Context,
	model: Model,
	{ model: name, version }: Pick<VersionRow, 'model' | 'version'>,
	environment: string,
): Promise<Background | undefined> {
	const baseline = await baselineRows(context, name, version)
	const kept = encodedRows(model, spread(baseline?.kept ?? []))
	if (kept.length >= minFirstRows) return model.background(kept)
	const [first] = await context.sql.all<{ day: number | null }>({
		sql: `SELECT min(c.day) AS day FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = 1
			WHERE s.model = ? AND s.version = ? AND s.environment = ? AND s.segment = ''`,
		params: [name, version, environment],
	})
	if (first?.day == null) return undefined
	const from = first.day * dayMs
	for (const days of periodsDays) {
		const period = { model: name, version, environment, from, to: from + days * dayMs }
		const { list } = await sampledRows(context, period, maxRows)
		const rows: unknown[] = []
		for (const read of list) rows.push((await read()).features)
		const encoded = encodedRows(model, rows)
		if (encoded.length >= minFirstRows) return model.background(encoded)
	}
	return undefined
}

const spread = <T>(rows: readonly T[]): T[] => {
	const step = Math.max(1, rows.length / maxRows)
	return rows.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step))
}

/** The rows that the model can take. */
function encodedRows(model: Model, rows: readonly unknown[]): Float64Array[] {
	return rows.flatMap((features) => {
		if (features === null || features === undefined) return []
		try {
			return [model.encode(features as Record<string, unknown>).x]
		} catch (error) {
			if (error instanceof FeatureError) return []
			throw error
		}
	})
}
