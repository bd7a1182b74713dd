import type { ConceptDetector, ConceptMetric } from './descriptor.ts'

const changes = (id: string, name: string, detector: ConceptDetector): ConceptMetric => ({
	id,
	about: `How often ${name} found a change in the stream of errors, among the predictions of the window, once it is mature.`,
	unit: 'changes',
	subject: 'concept',
	method: `${name} with its usual parameters`,
	detector,
})

/** Whether the relation of features and outcomes has changed, by the errors in the order in which they became known. */
export const concept: readonly ConceptMetric[] = [
	changes('concept.adwin', 'ADWIN', 'adwin'),
	changes('concept.page_hinkley', 'Page-Hinkley', 'page_hinkley'),
	changes('concept.ddm', 'DDM', 'ddm'),
]
