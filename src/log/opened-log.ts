import type { PredictionLog } from './prediction-log.ts'

/**
 * A log that `open` gives when it is needed. Workers ask for one per call: what a log has under way belongs to the
 * request that began it. A job asks once, since it makes many calls.
 */
export const openedLog = (open: () => Promise<PredictionLog>): PredictionLog => ({
	append: async (...args) => (await open()).append(...args),
	read: async (...args) => (await open()).read(...args),
	groups: async (...args) => (await open()).groups(...args),
	actuals: async (...args) => (await open()).actuals(...args),
	scan: async (...args) => (await open()).scan(...args),
	series: async (...args) => (await open()).series(...args),
	counts: async (...args) => (await open()).counts(...args),
	inputSummary: async (...args) => (await open()).inputSummary(...args),
	inputDeltas: async (...args) => (await open()).inputDeltas(...args),
	dirtyHours: async (...args) => (await open()).dirtyHours(...args),
	clearDirty: async (...args) => (await open()).clearDirty(...args),
	outcomeSummary: async (...args) => (await open()).outcomeSummary(...args),
	outcomeDeltas: async (...args) => (await open()).outcomeDeltas(...args),
	dirtyOutcomes: async (...args) => (await open()).dirtyOutcomes(...args),
	clearDirtyOutcomes: async (...args) => (await open()).clearDirtyOutcomes(...args),
	waitingOutcomes: async (...args) => (await open()).waitingOutcomes(...args),
	rebuild: async (...args) => (await open()).rebuild(...args),
	compact: async () => (await open()).compact(),
	archive: async (...args) => (await open()).archive(...args),
	stats: () => ({}),
	close: async () => {},
})
