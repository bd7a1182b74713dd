/** Numbers as people read them in tables and charts. */

/** Four significant digits; '-' for NaN. */
export function numberText(x: number): string {
	if (Number.isNaN(x)) return '-'
	if (!Number.isFinite(x)) return x > 0 ? 'infinite' : '-infinite'
	if (Number.isInteger(x)) return x.toLocaleString('en')
	const size = Math.abs(x)
	if (size >= 1e15 || size < 1e-4) return x.toExponential(2)
	return x.toLocaleString('en', size >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 })
}

export const intervalText = ({ low, high }: { low: number; high: number }): string =>
	Number.isNaN(low) && Number.isNaN(high) ? '' : `${numberText(low)} to ${numberText(high)}`

/** A probability, such as a p-value. */
export const shareText = (p: number): string =>
	Number.isNaN(p) ? '' : p < 0.0001 ? '< 0.0001' : String(Number(p.toPrecision(2)))

const minus = '−'
const sign = (text: string): string => text.replace(/^-/, minus).replace('e-', `e${minus}`).replace('e+', 'e')

/** Three significant digits; `1.2e9` where that would be long. */
export function figure(value: number): string {
	const size = Math.abs(value)
	if (size !== 0 && (size >= 1e6 || size < 1e-3)) return sign(value.toExponential(2).replace(/\.?0*e/, 'e'))
	return sign(String(Number(value.toPrecision(3)) + 0))
}

/** A contribution: `+` or a minus sign first. */
export const signedFigure = (value: number): string => (value > 0 ? `+${figure(value)}` : figure(value))

/** `23%`, `0.4%`, `>99.9%`: never 0% or 100% for a share that is neither. */
export function percentText(share: number): string {
	const percent = 100 * share
	if (percent < 0.1) return '<0.1%'
	if (percent > 99.9) return '>99.9%'
	return `${Number(percent.toFixed(percent >= 10 && percent <= 90 ? 0 : 1))}%`
}

/** The label of a tick: as many digits as tell it from the next one. */
export function tickText(value: number, step: number): string {
	const size = Math.max(Math.abs(value), step)
	if (size >= 1e6 || step < 1e-6) return figure(value)
	// Steps of 2.5 have one digit more.
	const digits = Number(step.toPrecision(1)) === Number(step.toPrecision(2)) ? 0 : 1
	const text = value.toFixed(Math.max(0, digits - Math.floor(Math.log10(step) + 1e-9)))
	return sign(Number(text) === 0 ? text.replace('-', '') : text)
}
