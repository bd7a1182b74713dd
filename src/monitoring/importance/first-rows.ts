import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import { type Background, FeatureError, type Model } from '../../explain/model.ts'
import { baselineRows } from '../../registry/baseline/baseline-rows.ts'
import type { VersionRow } from '../../registry/version/find-version.ts'
import { sampledRows } from './explained-sample.ts'

/** Fewer rows than these say nothing about what is to be expected. */
export const minFirstRows = 30
/** Rows that SHAP draws absent features from. */
const maxRows = 100
const periodsDays = [1, 7, 90]

/**
 * What every row of a version is compared with where its file has no expectations of its own: rows of its baseline, else of
 * its first days. They stay the same, so that contributions of different windows differ by their rows alone. Undefined when
 * fewer than 30 are there.
 */
export async function firstRows(
	context: Context,
	model: Model,
	{ model: name, version }: Pick<VersionRow, 'model' | 'version'>,
	environment: string,
): Promise<Background | undefined> {
	const baseline = await baselineRows(context, name, version)
	const kept = encodedRows(model, spread(baseline?.kept ?? []))
	if (kept.length >= minFirstRows) return model.background(kept)
	const [first] = (await context.sql.values({
		sql: `SELECT min(c.day) FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = 1
			WHERE s.model = ? AND s.version = ? AND s.environment = ? AND s.segment = ''`,
		params: [name, version, environment],
	})) as unknown as [number | null][]
	if (first?.[0] == null) return undefined
	const from = first[0] * dayMs
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
