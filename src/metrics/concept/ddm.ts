import type { ConceptMetric } from '../descriptor.ts'

export const conceptDdm = {
	id: 'concept.ddm',
	about:
		'How often DDM found a change in the stream of errors of the outcomes that became known in the window, in the order of their time.',
	unit: 'changes',
	subject: 'concept',
	method: 'DDM with its usual parameters',
	detector: 'ddm',
} satisfies ConceptMetric
