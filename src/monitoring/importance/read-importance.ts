import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { getOrInsert } from '../../core/maps.ts'
import { meanOf, momentsOf } from '../../explain/global/attribution-moments.ts'
import { orNull } from '../numbers.ts'
import type { ScopeQuery } from '../scope.ts'
import { type ExplainedRow, explainedSample } from './explained-sample.ts'
import type { FeatureImportance, Importance } from './importance.schema.ts'
import { type ImportanceScope, importanceScope, needKnown } from './importance-scope.ts'

/** Rows that are explained. */
export const maxExplained = 1000

/**
 * Mean absolute SHAP values of a sample of a period's rows, with their standard errors; with `segment` also by value of a
 * declared segment.
 */
export async function readImportance(
	context: Context,
	actor: Actor,
	{ segment, ...query }: ScopeQuery & { segment?: string | undefined },
): Promise<Importance> {
	const scope = await importanceScope(context, actor, query)
	if (segment !== undefined) needKnown('segment', segment, scope.model.segments)
	const { explainer } = scope
	const { rows, sampled, explained } = await explainedSample(context, explainer, scope.query, maxExplained)
	return {
		...scope.shown,
		method: explained[0]?.method ?? null,
		space: explainer.model?.space ?? null,
		rows,
		sampled,
		explained: explained.length,
		features: importanceOf(explainer.features, explained),
		segments: segment === undefined ? null : bySegment(explainer.features, segment, explained),
		reason: explained.length > 0 ? null : reasonOf(rows, sampled, scope),
	}
}

function reasonOf(rows: number, sampled: number, { explainer }: ImportanceScope): string {
	if (rows === 0) return 'the period has no predictions of this version and environment'
	if (explainer.model) return `none of ${sampled} rows has the features that the model takes`
	return 'the version has no model that can be explained, and the predictions came without attributions'
}

function importanceOf(features: readonly string[], explained: readonly ExplainedRow[]): FeatureImportance[] {
	if (explained.length === 0) return []
	const moments = momentsOf(
		features.length,
		explained.map((e) => e.contributions),
		explained.length,
	)
	return features
		.map((feature, j) => {
			const { standardError, share, ...of } = meanOf(moments, j)
			return { feature, ...of, standardError: orNull(standardError), share: orNull(share) }
		})
		.sort((a, b) => b.meanAbsolute - a.meanAbsolute)
}

function bySegment(
	features: readonly string[],
	segment: string,
	explained: readonly ExplainedRow[],
): NonNullable<Importance['segments']> {
	const parts = new Map<string, ExplainedRow[]>()
	for (const one of explained) {
		const value = one.row.segment?.[segment]
		if (value === undefined || value === null) continue
		getOrInsert(parts, String(value), () => []).push(one)
	}
	return [...parts]
		.sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
		.map(([value, rows]) => ({
			segment,
			value,
			explained: rows.length,
			features: importanceOf(features, rows),
		}))
}
