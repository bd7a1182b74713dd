import { chiSquareHomogeneity, type Homogeneity, poolSparse } from '../stats/chi-square.ts'
import { biasCorrectedPsi } from '../stats/psi.ts'
import type { ColumnView } from './descriptor.ts'

/** From here on a shift matters: the line that credit teams draw for PSI (Siddiqi 2006), here after bias correction. */
export const effectThreshold = 0.1
export const alpha = 0.05

/** The first gate: how much has changed. */
export const effectOf = ({ reference, result }: ColumnView): number => biasCorrectedPsi(reference.groups, result.groups)

/** The second gate: whether it can be chance. Two-sample, over the groups of PSI, sparse ones pooled. */
export function evidenceOf({ reference, result }: ColumnView): Homogeneity {
	const pooled = poolSparse(reference.groups, result.groups)
	return chiSquareHomogeneity(pooled.reference, pooled.current)
}
