import { eq, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { dayMs } from '../../core/time.ts'
import { slackQuestions } from '../../db/schema.ts'
import { inScope } from '../../registry/key/authorise.ts'

/** The prediction that somebody asked about. */
export type PredictionRef = { model: string; predictionId: string }

const keptMs = 7 * dayMs

/** Stores which prediction a reply is about; its buttons carry only the id. */
export async function keepQuestion(context: Context, asked: PredictionRef): Promise<string> {
	const id = newId('ask', context.now(), context.random)
	const { model, predictionId: prediction } = asked
	await context.db.insert(slackQuestions).values({ id, model, prediction, askedAt: context.now() })
	return id
}

/** The prediction that a button is about. Throws `not-found` if it is too old or the model is out of scope. */
export async function findQuestion(context: Context, actor: Actor, id: string): Promise<PredictionRef> {
	const [row] = await context.db.select().from(slackQuestions).where(eq(slackQuestions.id, id))
	if (row && inScope(actor, row.model)) return { model: row.model, predictionId: row.prediction }
	throw new AppError(
		'not-found',
		'This message is too old for its buttons. Run /plumb why <prediction> again.',
	)
}

/** Deletes questions that are older than a week. */
export async function pruneQuestions(context: Context): Promise<void> {
	await context.db.delete(slackQuestions).where(lt(slackQuestions.askedAt, context.now() - keptMs))
}
