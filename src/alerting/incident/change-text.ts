import type { IncidentChange } from '../../db/schema.ts'

/** Rounds to three digits for reading. */
export function amount(x: number): string {
	const size = Math.abs(x)
	const notation = size !== 0 && (size < 1e-4 || size >= 1e15) ? 'scientific' : 'standard'
	return x.toLocaleString('en', { maximumSignificantDigits: 3, notation })
}

export const percent = (share: number): string => `${amount(100 * share)}%`

/** `x12`, or `÷12` if values are a twelfth of what they were. */
export const factorText = (factor: number): string =>
	Math.abs(factor) >= 1 ? `x${amount(factor)}` : `÷${amount(1 / factor)}`

export const listed = (names: readonly string[], word: 'and' | 'or'): string =>
	names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`

const maxPlaces = 3

/** Where changes are, such as `city is munich or berlin`; empty for changes over all rows. */
export function whereOf(changes: readonly Pick<IncidentChange, 'segment' | 'group'>[]): string {
	const name = changes[0]?.segment?.name
	const values = changes.flatMap(({ segment, group }) => segment?.value ?? group ?? [])
	if (values.length === 0) return ''
	const more = values.length > maxPlaces ? [`${values.length - maxPlaces} more`] : []
	const shown = listed([...values.slice(0, maxPlaces), ...more], 'or')
	return name === undefined ? shown : `${name} is ${shown}`
}
