import type { PredictionLog } from './prediction-log.ts'

/** A log that is opened when it is first used: on workers, most requests never touch it. */
export function lazyLog(open: () => Promise<PredictionLog>): PredictionLog {
	let opened: Promise<PredictionLog> | undefined
	const log = () => {
		opened ??= open()
		return opened
	}
	return {
		append: async (...args) => (await log()).append(...args),
		read: async (...args) => (await log()).read(...args),
		scan: async (...args) => (await log()).scan(...args),
		series: async (...args) => (await log()).series(...args),
		profile: async (...args) => (await log()).profile(...args),
		dirtyHours: async (...args) => (await log()).dirtyHours(...args),
		clearDirty: async (...args) => (await log()).clearDirty(...args),
		rebuild: async (...args) => (await log()).rebuild(...args),
		compact: async () => (await log()).compact(),
		archive: async (...args) => (await log()).archive(...args),
		stats: () => ({}),
		close: async () => (await opened)?.close(),
	}
}
