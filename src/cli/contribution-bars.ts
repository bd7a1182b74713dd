import { numberText } from '../charts/number-text.ts'

const width = 24

/** A bar that ends with its sign, as long as the contribution is large beside the largest. */
export function bar(contribution: number, largest: number): string {
	const length = largest > 0 ? Math.round((Math.abs(contribution) / largest) * width) : 0
	return (contribution < 0 ? '-' : '+').repeat(length)
}

export const signed = (x: number): string => `${x > 0 ? '+' : ''}${numberText(x)}`

/** A logged value, short enough for a column. */
export function valueText(value: unknown): string {
	if (value === undefined || value === null) return 'missing'
	const text = typeof value === 'string' ? value : JSON.stringify(value)
	if (typeof value === 'number' && text.length > 14) return String(Number(value.toPrecision(6)))
	return text.length > 14 ? `${text.slice(0, 13)}…` : text
}
