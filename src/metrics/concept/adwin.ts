import type { ConceptMetric } from '../descriptor.ts'

export const conceptAdwin = {
	id: 'concept.adwin',
	about:
		'How often ADWIN found a change in the stream of errors, among the predictions of the window, once it is mature.',
	unit: 'changes',
	subject: 'concept',
	method: 'ADWIN with its usual parameters',
	detector: 'adwin',
} satisfies ConceptMetric
