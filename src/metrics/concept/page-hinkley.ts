import type { ConceptMetric } from '../descriptor.ts'

export const conceptPageHinkley = {
	id: 'concept.page_hinkley',
	about:
		'How often Page-Hinkley found a change in the stream of errors, among the predictions of the window, once it is mature.',
	unit: 'changes',
	subject: 'concept',
	method: 'Page-Hinkley with its usual parameters',
	detector: 'page_hinkley',
} satisfies ConceptMetric
