import type { Context } from '../context.ts'
import { replayDue } from '../decisions/replay/replay-due.ts'
import type { Job, RunOptions } from './job.ts'

/** Replays a sample of each changed day's predictions, so that a mismatch is found before somebody asks. */
export const replay = {
	id: 'replay',
	cron: '23 * * * *',
	run: async (context: Context, { onProgress }: RunOptions = {}) => ({
		...(await replayDue(context, onProgress)),
	}),
} satisfies Job
