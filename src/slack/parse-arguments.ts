import type { Context } from '../context.ts'
import { type Actor, readers } from '../core/actor.ts'
import { AppError, type ErrorCode } from '../core/errors.ts'
import { editDistance, nearest } from '../core/nearest.ts'
import { isVisible } from '../core/visible-text.ts'
import { authorise } from '../registry/key/authorise.ts'
import { didYouMean, findModel, type ModelRow, quote, reachedModels } from '../registry/model/find-model.ts'
import type { PredictionRef } from './questions/question.ts'

/** Phrases and their meaning: `roc_auc` means `performance.roc_auc`. */
export type Phrases = ReadonlyMap<string, string>

/**
 * Reads words as phrases of several kinds, in any order, each kind once. Phrases can contain spaces: the longest match
 * counts. Throws `invalid` with the nearest phrase; `expected` is a sentence that lists what is possible.
 */
export function parsePhrases<Kind extends string>(
	words: readonly string[],
	kinds: Record<Kind, Phrases>,
	expected: string,
): Partial<Record<Kind, string>> {
	const read: Partial<Record<Kind, string>> = {}
	for (let at = 0; at < words.length; ) {
		const found = longest(words.slice(at), kinds)
		if (!found) throw unknown(words.slice(at), kinds, expected)
		const { kind, value, taken } = found
		if (read[kind] !== undefined)
			throw new AppError('invalid', `"${read[kind]}" and "${value}": give only one ${kind}. ${expected}`)
		read[kind] = value
		at += taken
	}
	return read
}

function longest<Kind extends string>(words: readonly string[], kinds: Record<Kind, Phrases>) {
	for (let taken = words.length; taken > 0; taken--) {
		const wording = words.slice(0, taken).join(' ')
		for (const kind in kinds) {
			const value = lookUp(kinds[kind], wording)
			if (value !== undefined) return { kind, value, taken }
		}
	}
	return undefined
}

/** An exact match, otherwise one that ignores case. */
function lookUp(phrases: Phrases, wording: string): string | undefined {
	const exact = phrases.get(wording)
	if (exact !== undefined) return exact
	const lower = wording.toLowerCase()
	for (const [phrase, value] of phrases) if (phrase.toLowerCase() === lower) return value
	return undefined
}

const longestShown = 100

function unknown(words: readonly string[], kinds: Record<string, Phrases>, expected: string): AppError {
	const all = Object.values(kinds).flatMap((phrases) => [...phrases.keys()])
	const [word = ''] = words
	const near = nearest(words.join(' '), all) ?? nearest(word, all)
	const wording = word.length > longestShown ? `${word.slice(0, longestShown)}…` : word
	return new AppError(
		'invalid',
		`Unknown option "${wording}".${near === undefined ? '' : ` Did you mean "${near}"?`} ${expected}`,
	)
}

/** Phrases that mean themselves. */
export const themselves = (phrases: readonly string[]): Phrases => new Map(phrases.map((p) => [p, p]))

/** The first names, and how many more there are. */
export function someOf(names: readonly string[], max = 12): string {
	const more = names.length > max ? `, … and ${names.length - max} more` : ''
	return names.slice(0, max).join(', ') + more
}

/** Where a name could mean several things, or is misspelt: each choice is the words of the command with one of them. */
export class UnclearName extends AppError {
	readonly choices: readonly Choice[]

	constructor(code: ErrorCode, message: string, choices: readonly Choice[]) {
		super(code, message)
		this.choices = choices
	}
}
export type Choice = { label: string; words: readonly string[] }

/** How many words can name a model. */
const longestName = 12

/**
 * The model that the words begin with, and the words after its name. Names can contain spaces: the longest match counts. A
 * part of a name is enough where only one model has it, unless `exact`. Throws `UnclearName` where several could be meant or
 * the name is misspelt, and `not-found` otherwise.
 */
export async function findModelInWords(
	context: Context,
	actor: Actor,
	words: readonly string[],
	{ exact = false }: { exact?: boolean } = {},
): Promise<{ model: ModelRow; rest: readonly string[] }> {
	const first = words[0]
	if (first === undefined)
		throw new AppError(
			'invalid',
			'Add the name of a model. `/plumb status` lists the models that you can see.',
		)
	const seen = await reachedModels(context, actor)
	const longest = Math.min(words.length, longestName)
	const beginnings = Array.from({ length: longest }, (_, i) => words.slice(0, longest - i).join(' '))
	const matches = (names: (text: string) => readonly string[]): Match[] =>
		beginnings.flatMap((text) => {
			const found = names(text)
			return found.length === 0 ? [] : [{ text, names: found, taken: text.split(' ').length }]
		})
	const isNamed = (text: string) => {
		const equal = seen.filter((name) => name.toLowerCase() === text.toLowerCase())
		return equal.includes(text) ? [text] : equal
	}
	const parts = matches((text) => namesWith(text, seen))
	const [match] = [...matches(isNamed), ...parts.filter((m) => m.names.length === 1)]
	if (match?.names.length === 1 && (!exact || match.names[0]?.toLowerCase() === match.text.toLowerCase()))
		return { model: await findModel(context, match.names[0] as string), rest: words.slice(match.taken) }
	// "credti-risk to" is less like "credit-risk" than "credti-risk" is.
	const editsOf = ({ text, names: [name = ''] }: Match) =>
		editDistance(text.toLowerCase(), name.toLowerCase())
	const [near] = matches((text) => [nearest(text, seen) ?? []].flat()).sort((a, b) => editsOf(a) - editsOf(b))
	const several = match ?? parts[0]
	if (several && several.taken >= (near?.taken ?? 0))
		throw unclear('invalid', `Which model is ${quote(several.text)}?`, words, several)
	if (near) {
		const message = `There is no model ${quote(near.text)}. Did you mean ${quote(near.names[0] as string)}?`
		throw unclear('not-found', message, words, near)
	}
	authorise(actor, 'viewer', first)
	return { model: await findModel(context, first), rest: words.slice(1) }
}

/** Words at a beginning, the models they can mean, and how many words they are. */
type Match = { text: string; names: readonly string[]; taken: number }

const partsOf = (name: string): string[] => name.toLowerCase().split(/[\s\-_./:]+/)

/** The names that have all words of a text as parts: `credit` is a part of `credit-risk`. */
function namesWith(text: string, names: readonly string[]): string[] {
	const wanted = partsOf(text)
	return names.filter((name) => {
		const parts = partsOf(name)
		return wanted.every((part) => parts.includes(part))
	})
}

const unclear = (code: ErrorCode, message: string, words: readonly string[], match: Match) =>
	new UnclearName(
		code,
		message,
		match.names.map((name) => ({ label: name, words: [name, ...words.slice(match.taken)] })),
	)

const longestReason = 1000

/** The words before "because", and the reason after it. Throws `invalid` for one that is too long. */
export function splitReason(words: readonly string[]): { head: readonly string[]; reason: string } {
	const at = words.findIndex((word) => /^(because|bc|reason:)$/i.test(word))
	if (at === -1) return { head: words, reason: '' }
	const from = words[at + 1]?.toLowerCase() === 'of' ? at + 2 : at + 1
	const reason = words.slice(from).join(' ').trim()
	if (reason.length > longestReason)
		throw new AppError(
			'invalid',
			`The reason has ${reason.length} characters; the limit is ${longestReason}. Nothing was done.`,
		)
	return { head: words.slice(0, at), reason: isVisible(reason) ? reason : '' }
}

/** With more models than this, the person has to name one. */
const maxModels = 200
const atOnce = 8
const maxShown = 5

/**
 * The prediction that the words name: `8841 in credit-risk`, `8841`, `was application 8841 declined?`. Without a model, all
 * models in the scope of the person are searched. Throws `invalid` without an id or if several models have it, and
 * `not-found` with what to do.
 */
export async function findPredictionInWords(
	context: Context,
	actor: Actor,
	words: readonly string[],
	/** What stands before the prediction in the command that is being read: `why`. */
	command: string,
): Promise<PredictionRef> {
	authorise(actor, readers)
	const usage = `Use /plumb ${command} <prediction> in <model>.`
	const seen = await reachedModels(context, actor)
	const { text, model } = splitModel(words, seen)
	const ids = idsIn(text)
	const id = ids[0]
	if (id === undefined) throw new AppError('invalid', usage)
	if (model === undefined && seen.length > maxModels)
		throw new AppError('invalid', `You can see more than ${maxModels} models. ${usage}`)
	for (const predictionId of ids) {
		const found = await modelsWith(context, model === undefined ? seen : [model], predictionId)
		if (found.length > 1) throw severalModels(predictionId, found, command)
		if (found[0] !== undefined) return { model: found[0], predictionId }
	}
	const where = model === undefined ? 'in no model that you can see' : `for ${quote(model)} in the log`
	throw new AppError(
		'not-found',
		`The prediction ${quote(id)} is ${model === undefined ? where : `not ${where}`}. Check the id; the prediction may never have been sent.`,
	)
}

/** The words before the last `in <model>`, and the model. Throws `not-found` with the nearest name. */
function splitModel(words: readonly string[], seen: readonly string[]) {
	for (let at = words.length - 2; at > 0; at--) {
		if (words[at]?.toLowerCase() !== 'in') continue
		const name = words.slice(at + 1).join(' ')
		const model = [name, unquoted(name)].find((n) => seen.includes(n))
		if (model !== undefined) return { text: words.slice(0, at), model }
	}
	const at = words.findLastIndex((word) => word.toLowerCase() === 'in')
	if (at < 1) return { text: words, model: undefined }
	const name = unquoted(words.slice(at + 1).join(' '))
	throw new AppError(
		'not-found',
		`There is no model ${quote(name)} that you can see.${didYouMean(name, seen, '/plumb status lists them.')}`,
	)
}

const unquoted = (text: string): string => text.replace(/[?!.,;]+$/, '').replace(/^["'`“”]+|["'`“”]+$/g, '')

// Words that people use around an id.
const around = new Set(
	'why was is were has did does do the a an this of for decision score application applicant applicant’s prediction loan request customer case number no. id declined rejected refused denied approved accepted granted given scored made turned down'.split(
		' ',
	),
)

const maxWords = 8

/** All words, then without the words around an id, then one by one: an id can contain spaces. */
function idsIn(words: readonly string[]): string[] {
	const kept = words.filter((word) => !around.has(unquoted(word).toLowerCase()))
	const single = words.length <= maxWords ? words : []
	const candidates = [words.join(' '), kept.join(' '), ...single]
	return [...new Set(candidates.flatMap((text) => [text, unquoted(text)]))].filter((id) => id !== '')
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

function severalModels(id: string, found: readonly string[], command: string): UnclearName {
	const shown = found.slice(0, maxShown).map((name) => `/plumb ${command} ${id} in ${name}`)
	const more = found.length > maxShown ? `, or ${found.length - maxShown} more` : ''
	const before = command.split(' ').slice(1)
	return new UnclearName(
		'invalid',
		`Several models have a prediction ${quote(id)}. Use ${shown.join(', ')}${more}.`,
		found.map((name) => ({ label: name, words: [...before, id, 'in', name] })),
	)
}
