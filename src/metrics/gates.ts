import { overdispersedTest } from '../stats/between-windows.ts'
import { biasCorrectedPsi } from '../stats/distances.ts'
import type { Pair } from './tested-groups.ts'

/**
 * From here on a shift is worth a look: half of the PSI that credit teams call a moderate shift (0.1, Siddiqi 2006),
 * which can be asked for only because the bias is taken off first.
 */
export const effectThreshold = 0.05
export const alpha = 0.05
/** From here on a window is no sample of how its series usually is. */
export const farQ = 0.001

/** The first gate: how much has changed. */
export const effectOf = ({ reference, current }: Pair): number => biasCorrectedPsi(reference, current)

/**
 * The second gate: whether it can be chance. Two-sample, since the baseline is a sample too; and beside how much the
 * windows before differ among themselves.
 */
export function evidenceOf(pair: Pair): Evidence {
	const known = evidence.get(pair)
	if (known) return known
	const made = overdispersedTest(pair.reference, pair.current, pair.variation)
	evidence.set(pair, made)
	return made
}

type Evidence = ReturnType<typeof overdispersedTest>
/** Tested once a pair: a dozen metrics ask. */
const evidence = new WeakMap<Pair, Evidence>()
