import type { Context } from '../../context.ts'
import type { Explanation } from './explanation.ts'
import type { FoundBackground } from './find-background.ts'
import type { ReadDecision } from './read-decision.ts'
export const findCounterfactuals = (
	_c: Context,
	_r: ReadDecision,
	_f: FoundBackground,
): Pick<Explanation, 'counterfactuals' | 'counterfactualsStatus'> => ({
	counterfactuals: [],
	counterfactualsStatus: { status: 'unavailable', reason: null },
})
