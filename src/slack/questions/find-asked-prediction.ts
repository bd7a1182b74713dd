import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { didYouMean, quote, reachedModels } from '../../registry/model/find-model.ts'
import type { AskedPrediction } from './question.ts'

const usage = 'Say which: /plumb why <prediction> in <model>.'
/** More models than that are not looked through: the person has to name one. */
const maxModels = 200
const atOnce = 8
const maxShown = 5

/**
 * The prediction that the words name: `8841 in credit-risk`, `8841`, `was application 8841 declined?`. Without a model, all
 * models in the person's scope are looked through. Throws `invalid` when no id is said or several models have it, and
 * `not-found` with what to do.
 */
export async function findAskedPrediction(
	context: Context,
	actor: Actor,
	words: readonly string[],
): Promise<AskedPrediction> {
	authorise(actor, readers)
	const seen = await reachedModels(context, actor)
	const { said, model } = splitModel(words, seen)
	const ids = idsIn(said)
	const id = ids[0]
	if (id === undefined) throw new AppError('invalid', usage)
	if (model === undefined && seen.length > maxModels)
		throw new AppError('invalid', `You see more than ${maxModels} models. ${usage}`)
	for (const predictionId of ids) {
		const found = await modelsWith(context, model === undefined ? seen : [model], predictionId)
		if (found.length > 1) throw new AppError('invalid', severalModels(predictionId, found))
		if (found[0] !== undefined) return { model: found[0], predictionId }
	}
	const where = model === undefined ? 'in no model that you may see' : `for ${quote(model)} in the log`
	throw new AppError(
		'not-found',
		`The prediction ${quote(id)} is ${model === undefined ? where : `not ${where}`}. Its id may be mistyped, or it was never sent.`,
	)
}

/** What comes before the last `in <model>`, and that model. Throws `not-found` for a name that is none, with the nearest. */
function splitModel(words: readonly string[], seen: readonly string[]) {
	for (let at = words.length - 2; at > 0; at--) {
		if (words[at]?.toLowerCase() !== 'in') continue
		const name = words.slice(at + 1).join(' ')
		const model = [name, unquoted(name)].find((n) => seen.includes(n))
		if (model !== undefined) return { said: words.slice(0, at), model }
	}
	const at = words.findLastIndex((word) => word.toLowerCase() === 'in')
	if (at < 1) return { said: words, model: undefined }
	const name = unquoted(words.slice(at + 1).join(' '))
	throw new AppError(
		'not-found',
		`There is no model ${quote(name)} that you may see.${didYouMean(name, seen, '/plumb status lists them.')}`,
	)
}

const unquoted = (text: string): string => text.replace(/[?!.,;]+$/, '').replace(/^["'`“”]+|["'`“”]+$/g, '')

// What people say around an id.
const around = new Set(
	'why was is were has did does do the a an this of for decision score application applicant applicant’s prediction loan request customer case number no. id declined rejected refused denied approved accepted granted given scored made turned down'.split(
		' ',
	),
)

const maxWords = 8

/** The words as they stand, then without what people say around an id, then one by one: an id may have blanks in it. */
function idsIn(words: readonly string[]): string[] {
	const kept = words.filter((word) => !around.has(unquoted(word).toLowerCase()))
	const single = words.length <= maxWords ? words : []
	const said = [words.join(' '), kept.join(' '), ...single]
	return [...new Set(said.flatMap((text) => [text, unquoted(text)]))].filter((id) => id !== '')
}

async function modelsWith(context: Context, names: readonly string[], id: string): Promise<string[]> {
	const found: string[] = []
	for (let from = 0; from < names.length; from += atOnce) {
		const some = names.slice(from, from + atOnce)
		const stored = await Promise.all(some.map((name) => context.log.read(name, id)))
		found.push(...some.filter((_, i) => stored[i] !== undefined))
	}
	return found
}

function severalModels(id: string, found: readonly string[]): string {
	const shown = found.slice(0, maxShown).map((name) => `/plumb why ${id} in ${name}`)
	const more = found.length > maxShown ? `, or ${found.length - maxShown} more` : ''
	return `Several models have a prediction ${quote(id)}. Say which: ${shown.join(', ')}${more}.`
}
