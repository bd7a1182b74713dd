import type { ConceptMetric } from '../descriptor.ts'

export const conceptAdwin = {
	id: 'concept.adwin',
	about:
		'How often ADWIN found a change in the stream of errors of the outcomes that became known in the window, in the order of their time.',
	unit: 'changes',
	subject: 'concept',
	method: 'ADWIN with its usual parameters',
	detector: 'adwin',
} satisfies ConceptMetric
