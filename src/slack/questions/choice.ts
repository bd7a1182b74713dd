import { and, eq, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { dayMs } from '../../core/time.ts'
import { slackChoices } from '../../db/schema.ts'
import { button, clip, escapeText, type SlackMessage, section } from '../blocks/text.ts'
import { limits } from '../limits.ts'

/** A command with its words, and the label of the button that runs it. */
export type Offer = { label: string; command: string; words: readonly string[] }

const keptMs = dayMs
const maxOffers = 10

/** A text with a button for each offer. The buttons carry opaque ids, and work only for the actor. */
export async function offerChoices(
	context: Context,
	actor: Actor,
	text: string,
	offers: readonly Offer[],
): Promise<SlackMessage> {
	const offered = offers.slice(0, maxOffers).map((offer) => ({
		...offer,
		id: newId('run', context.now(), context.random),
	}))
	await context.db.insert(slackChoices).values(
		offered.map(({ id, command, words }) => ({
			id,
			actor: actor.id,
			command,
			words: [...words],
			offeredAt: context.now(),
		})),
	)
	const more =
		offers.length > maxOffers ? ` There are ${offers.length - maxOffers} more: write the whole name.` : ''
	const names = offered.map((o) => o.label).join(', ')
	const whole = offered.length > 1 ? `${text} Choose one: ${escapeText(names)}.${more}` : text
	return {
		text: clip(whole, limits.messageText),
		blocks: [
			section(`${text}${more}`),
			{
				type: 'actions',
				elements: offered.map(({ id, label }, i) => button(`pick_${i}`, label === '' ? '?' : label, id)),
			},
		],
	}
}

/** The command of a button. Throws `not-found` if it is too old, or was offered to somebody else. */
export async function findChoice(
	context: Context,
	actor: Actor,
	id: string,
): Promise<{ command: string; words: string[] }> {
	const mine = and(eq(slackChoices.id, id), eq(slackChoices.actor, actor.id))
	const [row] = await context.db.select().from(slackChoices).where(mine)
	if (row && row.offeredAt > context.now() - keptMs) return row
	throw new AppError(
		'not-found',
		'This button is too old, or it is for somebody else. Run the command again.',
	)
}

/** Deletes choices that are older than a day. */
export async function pruneChoices(context: Context): Promise<void> {
	await context.db.delete(slackChoices).where(lt(slackChoices.offeredAt, context.now() - keptMs))
}
