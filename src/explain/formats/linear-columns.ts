import type { DeclaredFeature } from '../declared-feature.ts'
import type { Manifest } from '../manifest.ts'
import { ArtifactError } from '../model.ts'

/** What the file lacks and the version knows. */
export type Options = { manifest?: Manifest | undefined; features?: readonly DeclaredFeature[] | undefined }

/** What a feature of a linear model is multiplied with; `mean` is of the value, or of the coefficient of its category. */
export type Coefficients =
	| { slope: number; mean: number }
	| { byCategory: ReadonlyMap<string, number>; mean: number; oneHot?: boolean }

/**
 * Columns with a 1 for one category each are put together as the logged feature that they come from: a person has one
 * region, not four. Throws ArtifactError when the manifest's encodings and the file contradict each other.
 */
export function mergeOneHot(
	columns: ReadonlyMap<string, Coefficients>,
	{ manifest }: Options,
): Map<string, Coefficients> {
	const merged = new Map(columns)
	for (const [feature, encoding] of Object.entries(manifest?.encodings ?? {})) {
		const isOneHot = typeof encoding.oneHot === 'object'
		if (isOneHot) replaceColumns(merged, feature, Object.entries(encoding.oneHot as Record<string, string>))
		else if (!('slope' in (merged.get(feature) ?? {})))
			throw new ArtifactError(
				`The manifest encodes ${JSON.stringify(feature)} as a number, but the file has no number as its coefficient`,
			)
	}
	return merged
}

function replaceColumns(
	merged: Map<string, Coefficients>,
	feature: string,
	columnOf: readonly [string, string][],
): void {
	const byCategory = new Map<string, number>()
	const used = new Set<string>()
	let mean = 0
	for (const [category, column] of columnOf) {
		const of = merged.get(column)
		if (!of || !('slope' in of))
			throw new ArtifactError(
				`The manifest puts ${feature} = ${JSON.stringify(category)} into the column ${JSON.stringify(column)}, of which the file has no coefficient`,
			)
		byCategory.set(category, of.slope)
		if (!used.has(column)) mean += of.slope * of.mean
		used.add(column)
	}
	if (merged.has(feature) && !used.has(feature))
		throw new ArtifactError(
			`${JSON.stringify(feature)} has a coefficient of its own and a one-hot encoding: keep one of them`,
		)
	for (const column of used) merged.delete(column)
	merged.set(feature, { byCategory, mean, oneHot: true })
}
