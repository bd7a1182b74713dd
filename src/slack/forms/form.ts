import { and, eq, isNull, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { hourMs } from '../../core/time.ts'
import { isVisible } from '../../core/visible-text.ts'
import { type SlackPlace, slackForms } from '../../db/schema.ts'
import { maxReason } from '../blocks/view.ts'

export type Form = typeof slackForms.$inferSelect

const openForMs = hourMs

type FormInput = { kind: Form['kind']; about?: string; shown?: string; place?: SlackPlace | undefined }

/** Stores a form that is about to be shown to an actor; Slack carries only the id. */
export async function keepForm(context: Context, actor: Actor, form: FormInput): Promise<string> {
	const now = context.now()
	const id = newId('frm', now, context.random)
	const { kind, about = '', shown = null, place = null } = form
	const row = { id, kind, actor: actor.id, about, shown, place, expiresAt: now + openForMs, usedAt: null }
	await context.db.insert(slackForms).values(row)
	return id
}

/** The form that was shown. Throws for one that is unknown, of somebody else, too old, or submitted before. */
export async function findForm(
	context: Context,
	actor: Actor,
	kind: Form['kind'],
	id: string,
): Promise<Form> {
	const [form] = await context.db.select().from(slackForms).where(eq(slackForms.id, id))
	if (!form || form.kind !== kind)
		throw new AppError('not-found', 'This form is not known any more, so nothing was done. Open it again.')
	if (form.actor !== actor.id)
		throw new AppError(
			'forbidden',
			'This form was opened by somebody else, so nothing was done. Open it yourself.',
		)
	if (form.expiresAt <= context.now())
		throw new AppError(
			'expired',
			'This form was open for more than an hour, so nothing was done. Open it again.',
		)
	if (form.usedAt !== null)
		throw new AppError(
			'conflict',
			'This form was already submitted. What it asked for was done once and is not done again.',
		)
	return form
}

/** What is wrong with a reason. */
export function reasonFault(reason: string, why: string): string | undefined {
	if (!isVisible(reason)) return why
	return reason.trim().length > maxReason ? `Write at most ${maxReason} characters.` : undefined
}

/** Marks a form as submitted, once what it asked for is stored. */
export async function closeForm(context: Context, { id }: Form): Promise<void> {
	await context.db
		.update(slackForms)
		.set({ usedAt: context.now() })
		.where(and(eq(slackForms.id, id), isNull(slackForms.usedAt)))
}

/** Deletes forms that expired a day ago: until then they are refused by name. */
export async function pruneForms(context: Context): Promise<void> {
	await context.db.delete(slackForms).where(lt(slackForms.expiresAt, context.now() - 24 * hourMs))
}
