import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel, type ModelRow, reachedModels } from '../../registry/model/find-model.ts'

/**
 * The model that the words begin with, and the words behind its name. Names may have blanks in them: the longest that there
 * is counts. Throws `not-found` with the nearest name.
 */
export async function findAskedModel(
	context: Context,
	actor: Actor,
	words: readonly string[],
): Promise<{ model: ModelRow; rest: readonly string[] }> {
	if (words.length === 0)
		throw new AppError('invalid', 'Say which model: `/plumb status` lists those that you may see.')
	const beginnings = words.map((_, i) => words.slice(0, words.length - i).join(' '))
	const seen = await reachedModels(context, actor)
	const name =
		beginnings.find((text) => seen.includes(text)) ??
		beginnings.find((text) => nearest(text, seen) !== undefined) ??
		(words[0] as string)
	authorise(actor, 'viewer', name)
	return { model: await findModel(context, name), rest: words.slice(name.split(' ').length) }
}
