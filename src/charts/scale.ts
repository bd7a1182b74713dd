/** From values to pixels, with round marks. */
export type Scale = {
	at: (value: number) => number
	low: number
	high: number
	marks: number[]
	step: number
}

const steps = [1, 2, 2.5, 5, 10]

/**
 * A linear scale over the values and a little around them. Values of any size are taken; where all are the same, it spans
 * one around them.
 */
export function linearScale(values: readonly number[], left: number, right: number, maxMarks: number): Scale {
	let low = Math.min(...values)
	let high = Math.max(...values)
	// The difference of two numbers near the largest there are is none.
	const tiny = Math.max(Math.abs(low), Math.abs(high)) * 1e-12
	if (!(high / 2 - low / 2 > tiny)) {
		const around = Math.abs(low) / 10 || 1
		low -= around
		high += around
	}
	const margin = high / 16 - low / 16
	low -= margin
	high += margin
	const step = niceStep((high / maxMarks - low / maxMarks) as number)
	const marks: number[] = []
	for (let i = Math.ceil(low / step); i * step <= high && marks.length <= maxMarks; i++) marks.push(i * step)
	const at = (value: number) => left + ((value / 2 - low / 2) / (high / 2 - low / 2)) * (right - left)
	return { at, low, high, marks, step }
}

/** The least round number that is not less. */
function niceStep(least: number): number {
	const unit = 10 ** Math.floor(Math.log10(least))
	return unit * (steps.find((s) => s * unit >= least * (1 - 1e-9)) ?? 10)
}

const minus = '−'
const sign = (text: string): string => text.replace(/^-/, minus).replace('e-', `e${minus}`).replace('e+', 'e')

/** A mark of an axis: digits enough to tell it from the next, and no more. */
export function markText(value: number, step: number): string {
	const size = Math.max(Math.abs(value), step)
	if (size >= 1e6 || step < 1e-6) return figure(value)
	// Steps of 2.5 have one digit more.
	const digits = Number(step.toPrecision(1)) === Number(step.toPrecision(2)) ? 0 : 1
	const text = value.toFixed(Math.max(0, digits - Math.floor(Math.log10(step) + 1e-9)))
	return sign(Number(text) === 0 ? text.replace('-', '') : text)
}

/** Three digits, as many as one reads; `1.2e9` where it would be long. */
export function figure(value: number): string {
	const size = Math.abs(value)
	if (size !== 0 && (size >= 1e6 || size < 1e-3)) return sign(value.toExponential(2).replace(/\.?0*e/, 'e'))
	return sign(String(Number(value.toPrecision(3)) + 0))
}

/** With its sign, as a step up or down. */
export const signedFigure = (value: number): string => (value > 0 ? `+${figure(value)}` : figure(value))

/** `23%`, `0.4%`, `>99.9%`: never 0% or 100% for what is neither. */
export function percentText(share: number): string {
	const percent = 100 * share
	if (percent < 0.1) return '<0.1%'
	if (percent > 99.9) return '>99.9%'
	return `${Number(percent.toFixed(percent >= 10 && percent <= 90 ? 0 : 1))}%`
}
