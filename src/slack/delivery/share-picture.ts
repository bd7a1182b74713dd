import { eq, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { peerText } from '../../core/peer-text.ts'
import { dayMs, secondMs } from '../../core/time.ts'
import { slackPictures } from '../../db/schema.ts'
import type { Drawn } from '../../decisions/explanation/draw-explanation.ts'
import type { SlackCall } from '../../ports/slack-client.ts'
import type { Chart } from '../blocks/charts.ts'
import { pictureMessage } from '../blocks/explanation.ts'
import { clip, named, type SlackMessage } from '../blocks/text.ts'
import { limits } from '../limits.ts'

const timeoutMs = 10 * secondMs
const keptMs = dayMs
const maxDeleted = 1000

/** The picture that follows a reply, if it can be rendered and uploaded. The name of its file must not say whom it is about. */
export const pictureLater =
	(context: Context, drawn: Drawn, filename = 'explanation.png') =>
	async (): Promise<SlackMessage | undefined> => {
		const png = await context.renderPng?.(drawn.svg)
		const file = png && (await uploadFile(context, { bytes: png, title: drawn.title, filename }))
		return file === undefined ? undefined : pictureMessage(file, drawn)
	}

/** What follows a reply with a chart: a block that Slack draws where the workspace has those, otherwise a picture. */
export function chartLater(
	context: Context,
	chart: Chart | undefined,
	name: string,
): { later?: () => Promise<SlackMessage | undefined> } {
	if (chart === undefined) return {}
	const { alt, block } = chart
	if (context.slack?.drawsCharts === true)
		return {
			later: async () => ({
				text: clip(named(alt, limits.messageText), limits.messageText),
				blocks: [block],
			}),
		}
	return { later: pictureLater(context, chart, `${name}.png`) }
}

/**
 * Uploads a file. Without a channel it is not shared: only the app's own messages can show it. Answers Slack's id of the file,
 * or undefined if the upload failed; the log says why.
 */
export async function uploadFile(
	context: Context,
	upload: { bytes: Uint8Array; title: string; filename: string; channel?: string },
): Promise<string | undefined> {
	const { slack } = context
	if (!slack) return undefined
	const { bytes, title, filename, channel } = upload
	const fail = (step: string, error: string) => {
		context.logger.warn('a file could not be uploaded to Slack', { step, error })
		return undefined
	}
	const begun = await slack.call('files.getUploadURLExternal', {
		filename,
		length: bytes.byteLength,
	})
	if (!begun.ok) return fail('files.getUploadURLExternal', begun.error.message)
	const file = String(begun.value.file_id)
	const refused = await sendBytes(context, String(begun.value.upload_url), bytes)
	if (refused !== undefined) return fail('upload', refused)
	// Recorded before it can be seen, so that it will be deleted whatever happens next.
	await context.db
		.insert(slackPictures)
		.values({ file, uploadedAt: context.now(), team: slack.team ?? null })
		.onConflictDoNothing()
	const done = await slack.call('files.completeUploadExternal', {
		files: [{ id: file, title }],
		...(channel === undefined ? {} : { channel_id: channel }),
	})
	return done.ok ? file : fail('files.completeUploadExternal', done.error.message)
}

/** Returns what went wrong, or undefined. */
async function sendBytes(context: Context, url: string, bytes: Uint8Array): Promise<string | undefined> {
	try {
		const response = await context.fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/octet-stream' },
			body: bytes as Uint8Array<ArrayBuffer>,
			signal: AbortSignal.timeout(timeoutMs),
		})
		await response.body?.cancel()
		return response.ok ? undefined : `Slack responded with ${response.status}`
	} catch (error) {
		return peerText(error)
	}
}

// Already deleted, or no longer allowed to be deleted by the app.
const gone = new Set(['file_not_found', 'file_deleted', 'cant_delete_file'])

/** Deletes pictures that were uploaded more than a day ago. Failures are retried later; a rate limit ends the run. */
export async function deleteOldPictures(context: Context): Promise<number> {
	const { slack } = context
	if (!slack) return 0
	const old = await context.db
		.select()
		.from(slackPictures)
		.where(lt(slackPictures.uploadedAt, context.now() - keptMs))
		.limit(maxDeleted)
	let deleted = 0
	for (const { file, team } of old) {
		const ended = await deleteOne(context, (team === null ? slack : slack.forTeam(team)).call, file)
		if (ended === 'rateLimited') break
		if (ended === 'deleted') deleted++
	}
	return deleted
}

async function deleteOne(
	context: Context,
	call: SlackCall,
	file: string,
): Promise<'deleted' | 'failed' | 'rateLimited'> {
	const answer = await call('files.delete', { file })
	if (!answer.ok && !gone.has(answer.error.message)) {
		context.logger.warn('a picture could not be deleted at Slack', { file, error: answer.error.message })
		return answer.error.retryAfterMs === undefined ? 'failed' : 'rateLimited'
	}
	await context.db.delete(slackPictures).where(eq(slackPictures.file, file))
	return 'deleted'
}
