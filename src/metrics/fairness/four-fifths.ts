import { fourFifthsRule } from '../../stats/fairness/four-fifths.ts'
import type { AttributeMetric } from '../descriptor.ts'
import { knownGroups } from '../measure-groups.ts'

export const fairnessFourFifths = {
	id: 'fairness.four_fifths',
	about:
		'The four-fifths rule: the lowest rate of the favourable decision over the highest, of known groups. The reason begins with the verdict: pass, fail, inconclusive or unknown.',
	unit: 'ratio',
	subject: 'attribute',
	on: 'predictions',
	by: 'favourable',
	needsFavourable: true,
	method: 'Koopman, simultaneous over pairs; p of equal rates',
	disparity: (groups, options) => fourFifthsRule(knownGroups(groups), options).disparity,
} satisfies AttributeMetric
