import type { ConceptMetric } from '../descriptor.ts'

export const conceptDdm = {
	id: 'concept.ddm',
	about:
		'How often DDM found a change in the stream of errors, among the predictions of the window, once it is mature.',
	unit: 'changes',
	subject: 'concept',
	method: 'DDM with its usual parameters',
	detector: 'ddm',
} satisfies ConceptMetric
