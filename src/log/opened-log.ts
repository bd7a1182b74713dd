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
	profile: async (...args) => (await open()).profile(...args),
	profileDeltas: async (...args) => (await open()).profileDeltas(...args),
	dirtyHours: async (...args) => (await open()).dirtyHours(...args),
	clearDirty: async (...args) => (await open()).clearDirty(...args),
	tally: async (...args) => (await open()).tally(...args),
	tallyDeltas: async (...args) => (await open()).tallyDeltas(...args),
	dirtyTallies: async (...args) => (await open()).dirtyTallies(...args),
	clearDirtyTallies: async (...args) => (await open()).clearDirtyTallies(...args),
	waitingOutcomes: async (...args) => (await open()).waitingOutcomes(...args),
	rebuild: async (...args) => (await open()).rebuild(...args),
	compact: async () => (await open()).compact(),
	archive: async (...args) => (await open()).archive(...args),
	stats: () => ({}),
	close: async () => {},
})
