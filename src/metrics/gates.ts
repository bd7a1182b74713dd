import { chiSquareHomogeneity, type Homogeneity, poolSparse } from '../stats/chi-square.ts'
import { biasCorrectedPsi } from '../stats/psi.ts'
import type { ColumnView } from './descriptor.ts'

/**
 * From here on a shift is worth a look: half of the PSI that credit teams call a moderate shift (0.1, Siddiqi 2006),
 * which can be asked for only because the bias is taken off first.
 */
export const effectThreshold = 0.05
export const alpha = 0.05

/** The first gate: how much has changed. */
export const effectOf = ({ reference, result }: ColumnView): number =>
	biasCorrectedPsi(reference.groups, result.groups)

/** The second gate: whether it can be chance. Two-sample, over the groups of PSI, sparse ones pooled. */
export function evidenceOf({ reference, result }: ColumnView): Homogeneity {
	const pooled = poolSparse(reference.groups, result.groups)
	return chiSquareHomogeneity(pooled.reference, pooled.current)
}
