import { eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError, type Fault } from '../../core/errors.ts'
import { models } from '../../db/schema.ts'
import type { Explanation } from '../../decisions/explanation/explanation.schema.ts'
import { Manifest } from '../../explain/manifest.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import type { PredictionRef } from './question.ts'

/** A feature that can be changed, and its logged value. */
export type WhatIfField = {
	feature: string
	value: unknown
	type: FeatureSpec['type']
	values?: readonly string[]
}

const maxFields = 10

/**
 * The most important features that can change: those of the counterfactuals first, then by contribution. Sensitive and
 * immutable features are left out.
 */
export async function whatIfFields(context: Context, explanation: Explanation): Promise<WhatIfField[]> {
	const { model, version, contributions, counterfactuals } = explanation
	const { features, manifest } = await findVersion(context, model, version)
	const [row] = await context.db
		.select({ sensitive: models.sensitive })
		.from(models)
		.where(eq(models.name, model))
	const limits = Manifest.safeParse(manifest ?? {}).data?.limits ?? {}
	const isFixed = (name: string) => limits[name]?.immutable === true || row?.sensitive.includes(name) === true
	const known = new Map(contributions.filter((c) => 'value' in c).map((c) => [c.feature, c.value]))
	const order = [...new Set([...counterfactuals.flatMap((c) => Object.keys(c.changes)), ...known.keys()])]
	return order
		.filter((name) => known.has(name) && !isFixed(name))
		.slice(0, maxFields)
		.map((feature) =>
			fieldOf(
				feature,
				known.get(feature),
				features.find((f) => f.name === feature),
			),
		)
}

function fieldOf(feature: string, value: unknown, spec: FeatureSpec | undefined): WhatIfField {
	const type =
		spec?.type ?? (typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'boolean' : 'numeric')
	return { feature, value, type, ...(spec?.values ? { values: spec.values.map(String) } : {}) }
}

/**
 * The features whose text differs from the logged value. An empty text is a missing value. Throws `invalid`, with the
 * feature as the path of each fault, for texts that are not values of their feature, and if nothing was changed.
 */
export async function changesOf(
	context: Context,
	{ model, predictionId }: PredictionRef,
	texts: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
	const stored = await context.log.read(model, predictionId)
	if (!stored) throw new AppError('not-found', 'The prediction is no longer in the log.')
	const { features } = await findVersion(context, model, stored.version)
	const changes: Record<string, unknown> = Object.create(null)
	const faults: Fault[] = []
	for (const [feature, text] of Object.entries(texts)) {
		const logged =
			stored.features && Object.hasOwn(stored.features, feature) ? stored.features[feature] : null
		if (text === textOf(logged)) continue
		const value = valueOf(
			text,
			fieldOf(
				feature,
				logged,
				features.find((f) => f.name === feature),
			),
			logged,
		)
		if (value === undefined) faults.push({ path: feature, message: 'Enter a number, such as 1200 or 0.5.' })
		else changes[feature] = value
	}
	if (faults.length > 0) throw new AppError('invalid', 'A value is invalid.', { faults })
	if (Object.keys(changes).length === 0)
		throw new AppError('invalid', 'Nothing was changed. Change a value first.')
	return changes
}

/** A value as text in a field. */
export const textOf = (value: unknown): string => (value === null || value === undefined ? '' : String(value))

/** The value that a text stands for; undefined if it is invalid. */
function valueOf(text: string, { type }: WhatIfField, logged: unknown): unknown {
	const trimmed = text.trim()
	if (trimmed === '') return null
	if (type === 'boolean' && /^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true'
	// Categories can be logged as numbers.
	const isNumber = type === 'numeric' || typeof logged === 'number'
	if (!isNumber) return trimmed
	const number = Number(trimmed.replace(',', '.'))
	return Number.isFinite(number) ? number : type === 'numeric' ? undefined : trimmed
}
