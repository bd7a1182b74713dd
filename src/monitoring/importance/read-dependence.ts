import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { curveOf, dependencePoints, partialDependence } from '../../explain/global/partial-dependence.ts'
import { FeatureError, type Model } from '../../explain/model.ts'
import { fault, type ScopeQuery } from '../scope.ts'
import type { Dependence } from './importance.schema.ts'
import { importanceScope, needKnown, outputIndex, outputName } from './importance-scope.ts'
import { sampledRows, takeTurns } from './sampled-rows.ts'

/** Rows whose scores are averaged, and points of the curve. */
const maxRows = 300
const maxPoints = 20

/**
 * How the model's score depends on one feature, averaged over logged rows: each row is scored with the feature set to
 * quantiles of its logged values, or to the commonest categories.
 */
export async function readDependence(
	context: Context,
	actor: Actor,
	{ feature, output, ...scope }: ScopeQuery & { feature: string; output?: string | undefined },
): Promise<Dependence> {
	const { shown, query, explainer } = await importanceScope(context, actor, scope)
	const { model } = explainer
	if (!model) throw fault('version', 'it has no model file that can be replayed here; upload one that can')
	needKnown('feature', feature, model.features)
	const index = outputIndex(model, output)
	const { rows, list } = await sampledRows(context, query, maxRows)
	const logged: Record<string, unknown>[] = []
	for (const read of list) {
		const { features } = await read()
		if (features) logged.push(features)
	}
	const values = dependencePoints(
		logged.map((row) => row[feature]),
		maxPoints,
	)
	const curves = await curvesOf(context, logged, (row) =>
		curveOf(row, feature, values, answerOf(model, index)),
	)
	const isKnown = curves.length > 0 && values.length > 0
	return {
		...shown,
		feature,
		output: outputName(model, index) ?? null,
		rows,
		averaged: curves.length,
		points: isKnown
			? partialDependence(values, curves).map((p) => ({
					...p,
					value: p.value as Dependence['points'][number]['value'],
					standardError: Number.isFinite(p.standardError) ? p.standardError : null,
				}))
			: [],
		reason: isKnown ? null : 'no row of the period has all features of the model',
	}
}

/** The curves of as many rows as the time allows; the rows are in random order. */
async function curvesOf(
	context: Context,
	rows: readonly Record<string, unknown>[],
	curve: (row: Record<string, unknown>) => number[] | undefined,
): Promise<number[][]> {
	const turns = takeTurns(context)
	const curves: number[][] = []
	for (const row of rows) {
		const one = curve(row)
		if (one) curves.push(one)
		if (!(await turns())) break
	}
	return curves
}

const answerOf =
	(model: Model, output: number) =>
	(features: Readonly<Record<string, unknown>>): number | undefined => {
		try {
			return model.score(model.margin(model.encode(features).x))[output]
		} catch (error) {
			if (error instanceof FeatureError) return undefined
			throw error
		}
	}
