// PLACEHOLDER by LEAD so that the log can be tried: MEASURES replaces this file as a whole.
import type { FeatureSpec, Grid } from './grid.ts'
export const schemaGrid = (specs: FeatureSpec[]): Grid => ({
	digest: `schema:${JSON.stringify(specs)}`,
	columns: [
		...specs.map((spec) => spec.type === 'numeric' ? { name: spec.name, kind: 'numeric' as const, edges: new Float64Array(), spec } : { name: spec.name, kind: 'categorical' as const, values: [], spec }),
		{ name: '$score', kind: 'numeric', edges: new Float64Array() },
		{ name: '$decision', kind: 'categorical', values: [] },
	],
})
export const decodeGrid = (_bytes: Uint8Array): Grid => { throw new Error('placeholder') }
