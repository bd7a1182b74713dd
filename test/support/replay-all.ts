import { readConfig } from '../../src/config.ts'
import { replayPrediction } from '../../src/decisions/replay/replay-prediction.ts'
import { openContext } from '../../src/node.ts'
import { openVersion } from '../../src/registry/artifact/open-version.ts'
import { findModel } from '../../src/registry/model/find-model.ts'
import { findVersion } from '../../src/registry/version/find-version.ts'
import { cellValue } from '../../src/summaries/inputs/columns.ts'

/**
 * Replays every prediction that is stored of a model's version; counts them by status and reason. `rows`: how many the summaries
 * have.
 */
export async function replayAll(
	url: string,
	name: string,
	version: string,
): Promise<{ counts: Record<string, number>; rows: number }> {
	const { context, close } = await openContext(readConfig({ PLUMBLINE_DATABASE_URL: url }))
	try {
		const model = await findModel(context, name)
		const opened = await openVersion(context, await findVersion(context, name, version))
		const counts: Record<string, number> = {}
		const query = { model: name, version, from: 0, to: Number.MAX_SAFE_INTEGER }
		await context.log.scan(query, async (rows) => {
			for (let row = 0; row < rows.rows; row++) {
				const features = Object.fromEntries(
					[...rows.features].map(([feature, column]) => [feature, cellValue(column, row, rows.strings)]),
				)
				const score = rows.scores[row] as number
				const { status, reason } = await replayPrediction(opened, model, { features, score })
				const key = reason === null ? status : `${status}: ${reason}`
				counts[key] = (counts[key] ?? 0) + 1
			}
		})
		const stored = await context.log.counts([{ model: name, version }])
		return { counts, rows: stored.reduce((sum, { rows }) => sum + rows, 0) }
	} finally {
		await close()
	}
}
