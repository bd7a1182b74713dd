import { tQuantile95 } from '../distributions/t-quantile.ts'
import type { Estimate } from '../estimate.ts'
import { wilson } from '../wilson.ts'

const expit = (x: number) => 1 / (1 + Math.exp(-x))

/**
 * 95% interval of a value within [0, 1] with a standard error (the delta method), on the logit scale. `rows` is how
 * many rows carry it: its degrees of freedom, and, for a value of 0 or 1 where no error can be seen, Wilson's n.
 */
export function logitEstimate(value: number, error: number, rows: number): Estimate {
	if (!(rows >= 2)) return { value, low: Number.NaN, high: Number.NaN }
	if (value <= 0) return { value, low: 0, high: wilson(0, rows).high }
	if (value >= 1) return { value, low: wilson(rows, rows).low, high: 1 }
	const centre = Math.log(value / (1 - value))
	const half = (tQuantile95(rows - 1) * error) / (value * (1 - value))
	return { value, low: expit(centre - half), high: expit(centre + half) }
}
