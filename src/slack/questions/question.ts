import { eq, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { dayMs } from '../../core/time.ts'
import { slackQuestions } from '../../db/schema.ts'
import { inScope } from '../../registry/key/authorise.ts'

/** The prediction that somebody asked about. */
export type AskedPrediction = { model: string; predictionId: string }

const keptMs = 7 * dayMs

/** Keeps what an answer was about; the id is all that its buttons carry. */
export async function keepQuestion(context: Context, asked: AskedPrediction): Promise<string> {
	const id = newId('ask', context.now(), context.random)
	const { model, predictionId: prediction } = asked
	await context.db.insert(slackQuestions).values({ id, model, prediction, askedAt: context.now() })
	return id
}

/** What a button is about. Throws `not-found` with what to do once it is too old, or the model is out of scope. */
export async function findQuestion(context: Context, actor: Actor, id: string): Promise<AskedPrediction> {
	const [row] = await context.db.select().from(slackQuestions).where(eq(slackQuestions.id, id))
	if (row && inScope(actor, row.model)) return { model: row.model, predictionId: row.prediction }
	throw new AppError(
		'not-found',
		'This answer is too old for its buttons. Ask again: /plumb why <prediction>',
	)
}

/** Forgets what was asked a week ago. */
export async function pruneQuestions(context: Context): Promise<void> {
	await context.db.delete(slackQuestions).where(lt(slackQuestions.askedAt, context.now() - keptMs))
}
