import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { curveOf, dependencePoints, partialDependence } from '../../explain/global/partial-dependence.ts'
import { FeatureError, type Model } from '../../explain/model.ts'
import { fault, type ScopeQuery } from '../scope.ts'
import { sampledRows, takeTurns } from './explained-sample.ts'
import type { Dependence } from './importance.schema.ts'
import { importanceScope, needKnown, outputIndex, outputName } from './importance-scope.ts'

/** Rows whose answers are averaged, and values of the grid. */
const maxRows = 300
const maxPoints = 20

/**
 * How the model's answer depends on one feature, averaged over logged rows: each is answered for with the feature set to
 * quantiles of what was logged (or the commonest categories).
 */
export async function readDependence(
	context: Context,
	actor: Actor,
	{ feature, output, ...asked }: ScopeQuery & { feature: string; output?: string | undefined },
): Promise<Dependence> {
	const { shown, query, explainer } = await importanceScope(context, actor, asked)
	const { model } = explainer
	if (!model) throw fault('version', 'it has no model file that can be replayed here; upload one that can be')
	needKnown('feature', feature, model.features)
	const index = outputIndex(model, output)
	const { rows, list } = await sampledRows(context, query, maxRows)
	const logged: Record<string, unknown>[] = []
	for (const read of list) {
		const { features } = await read()
		if (features) logged.push(features)
	}
	const grid = dependencePoints(
		logged.map((row) => row[feature]),
		maxPoints,
	)
	const curves = await curvesOf(context, logged, (row) => curveOf(row, feature, grid, answerOf(model, index)))
	const isKnown = curves.length > 0 && grid.length > 0
	return {
		...shown,
		feature,
		output: outputName(model, index) ?? null,
		rows,
		averaged: curves.length,
		points: isKnown
			? partialDependence(grid, curves).map((p) => ({
					...p,
					value: p.value as Dependence['points'][number]['value'],
					standardError: Number.isFinite(p.standardError) ? p.standardError : null,
				}))
			: [],
		reason: isKnown ? null : 'no row of the period has this feature and all others that the model takes',
	}
}

/** Of as many rows as the time allows: they come in an order of chance. */
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
