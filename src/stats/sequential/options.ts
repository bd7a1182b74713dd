export type SequenceOptions = {
	/** Chance that the sequence ever leaves the truth out, 0.05 by default. */
	alpha?: number
	/** Rows (of both arms together) at which the sequence is narrowest, 1000 by default. To be fixed before any data. */
	tuneAt?: number
}

export type Tuning = { alpha: number; tuneAt: number }

/** With defaults; RangeError on options out of range. */
export function tuningOf({ alpha = 0.05, tuneAt = 1000 }: SequenceOptions): Tuning {
	if (!(alpha > 0 && alpha < 1 && tuneAt > 0))
		throw new RangeError('a confidence sequence needs 0 < alpha < 1 and tuneAt > 0')
	return { alpha, tuneAt }
}

/** Prior weight of a mixture that makes its boundary least at the intrinsic time `v` (Howard et al. 2021, equation 26). */
export const mixtureWeight = (v: number, alpha: number): number => {
	const surprise = 2 * Math.log(1 / alpha)
	return v / (surprise + Math.log(1 + surprise))
}
