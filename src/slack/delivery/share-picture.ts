import { eq, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { peerText } from '../../core/peer-text.ts'
import { dayMs, secondMs } from '../../core/time.ts'
import { slackPictures } from '../../db/schema.ts'
import type { SlackCall } from '../../ports/slack-client.ts'

const timeoutMs = 10 * secondMs
const keptMs = dayMs
const maxDeleted = 1000

/**
 * Uploads a picture that is shared with nobody: only a message of ours can show it. Answers Slack's id of the file, or
 * undefined when it could not be uploaded; the log says why.
 */
export async function uploadPicture(
	context: Context,
	picture: { png: Uint8Array; title: string },
): Promise<string | undefined> {
	const { slack } = context
	if (!slack) return undefined
	const { png, title } = picture
	const fail = (step: string, error: string) => {
		context.logger.warn('a picture could not be uploaded to Slack', { step, error })
		return undefined
	}
	// The name says nothing of whom it is about.
	const begun = await slack.call('files.getUploadURLExternal', {
		filename: 'explanation.png',
		length: png.byteLength,
	})
	if (!begun.ok) return fail('files.getUploadURLExternal', begun.error.message)
	const file = String(begun.value.file_id)
	const refused = await sendBytes(context, String(begun.value.upload_url), png)
	if (refused !== undefined) return fail('upload', refused)
	// On record before it can be seen, so that it is deleted whatever comes next.
	await context.db.insert(slackPictures).values({ file, uploadedAt: context.now() }).onConflictDoNothing()
	const done = await slack.call('files.completeUploadExternal', { files: [{ id: file, title }] })
	return done.ok ? file : fail('files.completeUploadExternal', done.error.message)
}

/** What went wrong, if anything did. */
async function sendBytes(context: Context, url: string, png: Uint8Array): Promise<string | undefined> {
	try {
		const response = await context.fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/octet-stream' },
			body: png as Uint8Array<ArrayBuffer>,
			signal: AbortSignal.timeout(timeoutMs),
		})
		await response.body?.cancel()
		return response.ok ? undefined : `Slack answered ${response.status}`
	} catch (error) {
		return peerText(error)
	}
}

// Gone already, or not ours to delete any more.
const gone = new Set(['file_not_found', 'file_deleted', 'cant_delete_file'])

/** Deletes at Slack what was uploaded a day ago. What cannot be deleted now is tried again; all, when Slack asks to wait. */
export async function deleteOldPictures(context: Context): Promise<number> {
	const { slack } = context
	if (!slack) return 0
	const old = await context.db
		.select({ file: slackPictures.file })
		.from(slackPictures)
		.where(lt(slackPictures.uploadedAt, context.now() - keptMs))
		.limit(maxDeleted)
	let deleted = 0
	for (const { file } of old) {
		const ended = await deleteOne(context, slack.call, file)
		if (ended === 'limited') break
		if (ended === 'deleted') deleted++
	}
	return deleted
}

async function deleteOne(
	context: Context,
	call: SlackCall,
	file: string,
): Promise<'deleted' | 'failed' | 'limited'> {
	const answer = await call('files.delete', { file })
	if (!answer.ok && !gone.has(answer.error.message)) {
		context.logger.warn('a picture could not be deleted at Slack', { file, error: answer.error.message })
		return answer.error.retryAfterMs === undefined ? 'failed' : 'limited'
	}
	await context.db.delete(slackPictures).where(eq(slackPictures.file, file))
	return 'deleted'
}
