import type { FeatureSpec } from '../../profile/grid.ts'

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const booleans: ReadonlyMap<string, boolean> = new Map([
	['true', true],
	['True', true],
	['TRUE', true],
	['false', false],
	['False', false],
	['FALSE', false],
])

const asNumber = (text: string): number | undefined => {
	const trimmed = text.trim()
	return number.test(trimmed) ? Number(trimmed) : undefined
}

/** `1.0` for the declared category `1`, `True` for `true`: what a data frame makes of codes with nulls among them, and of booleans. */
function asCategory(spec: FeatureSpec, text: string): string {
	if (spec.values === undefined || spec.values.includes(text)) return text
	const plain = booleans.get(text) ?? asNumber(text) ?? text
	return spec.values.includes(String(plain)) ? String(plain) : text
}

/**
 * The JSON value that a text cell stands for, by the declared type of its feature; a text that does not fit stays text,
 * so that it is marked, not lost. An empty cell is null. Undeclared columns are guessed.
 */
export function cellOf(spec: FeatureSpec | undefined, text: string): string | number | boolean | null {
	if (text === '') return null
	switch (spec?.type) {
		case 'numeric':
			return asNumber(text) ?? text
		case 'boolean':
			return booleans.get(text.trim()) ?? asNumber(text) ?? text
		case 'categorical':
			return asCategory(spec, text)
		case 'text':
			return text
		default:
			return asNumber(text) ?? booleans.get(text) ?? text
	}
}
