import { formatTime } from '../../src/core/time.ts'

type Server = { post: (path: string, json: unknown) => Promise<unknown> }
type Feature = string | { name: string; type?: string }

/** Registers the model `m` with version 1; a feature that is only named is numeric. */
export async function registerModel(
	server: Server,
	model: object,
	features: readonly Feature[] = [],
	more = {},
) {
	await server.post('/v1/models', { model: 'm', ...model })
	await server.post('/v1/models/m/versions', {
		version: '1',
		features: features.map((feature) =>
			typeof feature === 'string' ? { name: feature, type: 'numeric' } : feature,
		),
		...more,
	})
}

/** Predictions `p0`, `p1`, … of version 1, each `step` milliseconds after the one before it. */
export const predictionRows = (
	rows: readonly object[],
	{ start, first = 0, step = 1000 }: { start: number; first?: number; step?: number },
) =>
	rows.map((row, i) => ({
		predictionId: `p${first + i}`,
		version: '1',
		timestamp: formatTime(start + (first + i) * step),
		...row,
	}))

/** Outcomes of the predictions from `p<first>` on, all of one moment or `step` apart; `undefined` has none yet. */
export const outcomeRows = (
	actuals: readonly unknown[],
	{ at, first = 0, step = 0 }: { at: number; first?: number; step?: number },
) =>
	actuals.flatMap((actual, i) =>
		actual === undefined
			? []
			: [{ predictionId: `p${first + i}`, actual, timestamp: formatTime(at + i * step) }],
	)
