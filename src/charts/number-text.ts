type Interval = { low: number; high: number }

/** A figure for people: four significant digits; '-' when there is none. */
export function numberText(x: number): string {
	if (Number.isNaN(x)) return '-'
	if (!Number.isFinite(x)) return x > 0 ? 'infinite' : '-infinite'
	if (Number.isInteger(x)) return x.toLocaleString('en')
	const size = Math.abs(x)
	if (size >= 1e15 || size < 1e-4) return x.toExponential(2)
	return x.toLocaleString('en', size >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 })
}

export const intervalText = ({ low, high }: Interval): string =>
	Number.isNaN(low) && Number.isNaN(high) ? '' : `${numberText(low)} to ${numberText(high)}`

/** A probability. */
export const shareText = (p: number): string =>
	Number.isNaN(p) ? '' : p < 0.0001 ? '< 0.0001' : String(Number(p.toPrecision(2)))
