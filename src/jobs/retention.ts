import type { Context } from '../context.ts'
import { allModels } from '../registry/model/find-model.ts'
import { deleteOldPictures } from '../slack/delivery/share-picture.ts'
import { pruneQuestions } from '../slack/questions/question.ts'
import type { Job } from './job.ts'
import { pruneRuns } from './run/prune-runs.ts'

/**
 * Moves rows past their model's retention to Parquet files and forgets old records of our own. One model that fails
 * does not stop the others.
 */
export const retention = {
	id: 'retention',
	cron: '17 * * * *',
	run: async (context: Context) => {
		let archivedRows = 0
		const failed: string[] = []
		for (const { name, retentionMs } of await allModels(context)) {
			try {
				archivedRows += await context.log.archive(name, context.now() - retentionMs)
			} catch (error) {
				failed.push(name)
				context.logger.error('a model could not be archived', { model: name, error: String(error) })
			}
		}
		await pruneRuns(context)
		await pruneQuestions(context)
		const deletedPictures = await deleteOldPictures(context)
		return { archivedRows, deletedPictures, failed }
	},
} satisfies Job
