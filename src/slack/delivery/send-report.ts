import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { readForm } from '../../evidence/reports/read-report.ts'
import type { Report } from '../../evidence/reports/report.schema.ts'
import { named, type SlackMessage, textMessage } from '../blocks/text.ts'
import { uploadFile } from './share-picture.ts'

/**
 * Sends a report to the person as a file in their direct messages with the app, wherever they asked: as PDF, or as HTML where
 * there is none. Like a picture it is deleted after a day.
 */
export async function sendReport(
	context: Context,
	actor: Actor,
	{ id, template, digests }: Report,
): Promise<SlackMessage | undefined> {
	const user = /^slack:[^/]+\/(.+)$/.exec(actor.id)?.[1]
	if (!context.slack || user === undefined) return undefined
	const opened = await context.slack.call('conversations.open', { users: user })
	const channel = opened.ok ? (opened.value.channel as { id?: string } | undefined)?.id : undefined
	const form = digests.pdf === null ? 'html' : 'pdf'
	const { bytes } = await readForm(context, actor, id, form)
	const filename = `${template}-${id}.${form}`
	const file = channel && (await uploadFile(context, { bytes, title: filename, filename, channel }))
	if (file) return textMessage(`The report ${named(id)} is in your direct messages with Plumbline.`)
	context.logger.warn('a report could not be sent to Slack', { report: id, opened: opened.ok })
	return textMessage(
		`The file of ${named(id)} could not be sent to your direct messages. Use the links above, and tell an admin: the log says why.`,
	)
}
