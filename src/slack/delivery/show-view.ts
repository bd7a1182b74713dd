import type { Context } from '../../context.ts'
import { escapeText, type SlackMessage, textMessage, type View } from '../blocks/text.ts'
import { textView } from '../blocks/view.ts'
import { callOf } from '../connection.ts'
import type { Person } from '../people/find-person.ts'

/** Opens a modal; undefined if Slack refuses. A trigger expires after three seconds, so what is slow is filled in later. */
export async function openModal(
	context: Context,
	person: Person,
	trigger: string | undefined,
	view: View,
): Promise<string | undefined> {
	const call = await callOf(context, person)
	const answer = await call('views.open', { trigger_id: trigger, view })
	if (answer.ok) return (answer.value.view as { id?: string } | undefined)?.id
	context.logger.warn('a modal could not be opened', { error: answer.error.message })
	return undefined
}

const notOpened = textMessage(
	'Slack did not open the form in time, and nothing was done. Press the button again.',
)

/** Shows a view in a modal that was opened. If it was not, the person learns that from `respond`. */
export async function showIn(
	context: Context,
	person: Person,
	id: string | undefined,
	view: View,
	respond?: (
		message: SlackMessage & { replace_original: false; response_type: 'ephemeral' },
	) => Promise<unknown>,
): Promise<void> {
	if (id === undefined) {
		await respond?.({ ...notOpened, replace_original: false, response_type: 'ephemeral' })
		return
	}
	const call = await callOf(context, person)
	const answer = await call('views.update', { view_id: id, view })
	if (!answer.ok) context.logger.warn('a modal could not be updated', { error: answer.error.message })
}

/** The errors of fields that are not shown any more. */
export const errorsView = (errors: Readonly<Record<string, string>>): View =>
	textView(`Nothing was done. ${escapeText(Object.values(errors).join(' '))}`)
