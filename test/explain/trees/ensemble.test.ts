import { expect, test } from 'vitest'
import { EnsembleBuilder } from '../../../src/explain/trees/build-ensemble.ts'
import { goesLeft, nodeFlag } from '../../../src/explain/trees/ensemble.ts'

/** One split on the categories 0 and 33. */
function split(style: 'xgboost' | 'lightgbm') {
	const builder = new EnsembleBuilder(1, 1)
	builder.add(
		{
			nodes: 3,
			left: (node) => (node === 0 ? 1 : -1),
			right: () => 2,
			feature: () => 0,
			threshold: () => 0,
			value: (node) => node,
			cover: () => 1,
			flags: () => nodeFlag.categorical,
			categories: () => Uint32Array.of(1, 2),
		},
		0,
	)
	return builder.finish({ style, base: new Float64Array(1), precision: 'float64', average: false })
}

// XGBoost takes every value below 0 for no category (InvalidCat); LightGBM cuts it to a whole number first.
test.each([
	['xgboost', -0.5, 'left'],
	['xgboost', -0, 'right'],
	['xgboost', 0.9, 'right'],
	['xgboost', 33, 'right'],
	['xgboost', 34, 'left'],
	['xgboost', 1e10, 'left'],
	['xgboost', Number.NaN, 'right'],
	['lightgbm', -0.5, 'left'],
	['lightgbm', -1, 'right'],
	['lightgbm', 33, 'left'],
	['lightgbm', 64, 'right'],
	['lightgbm', 1e10, 'right'],
	['lightgbm', Number.NaN, 'right'],
] as const)('%s: the category %d goes %s', (style, category, way) => {
	expect(goesLeft(split(style), 0, Float64Array.of(category))).toBe(way === 'left')
})
