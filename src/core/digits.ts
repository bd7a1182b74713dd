/** A number with three significant digits. */
export const digits = (x: number): string => String(Number(x.toPrecision(3)))

/** A score with few digits, but so many that it stays on its side of the threshold. */
export function scoreDigits(score: number, threshold: number | null): number {
	if (Number.isInteger(score)) return score
	for (let n = 4; n < 17; n++) {
		const short = Number(score.toPrecision(n))
		if (threshold === null || short >= threshold === score >= threshold) return short
	}
	return score
}
