import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'

/** What may be said, and what it stands for: `roc_auc` for `performance.roc_auc`. */
export type Phrases = ReadonlyMap<string, string>

/**
 * Reads words as phrases of some kinds, in any order, each kind once. Phrases may have blanks in them: the longest that there
 * is counts. Throws `invalid` with the nearest one; `expected` is the sentence that says what may stand here.
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
			throw new AppError('invalid', `"${read[kind]}" and "${value}": say one ${kind}. ${expected}`)
		read[kind] = value
		at += taken
	}
	return read
}

function longest<Kind extends string>(words: readonly string[], kinds: Record<Kind, Phrases>) {
	for (let taken = words.length; taken > 0; taken--) {
		const said = words.slice(0, taken).join(' ')
		for (const kind in kinds) {
			const value = lookUp(kinds[kind], said)
			if (value !== undefined) return { kind, value, taken }
		}
	}
	return undefined
}

/** As it was said, or else in capitals of other places. */
function lookUp(phrases: Phrases, said: string): string | undefined {
	const exact = phrases.get(said)
	if (exact !== undefined) return exact
	const lower = said.toLowerCase()
	for (const [phrase, value] of phrases) if (phrase.toLowerCase() === lower) return value
	return undefined
}

const longestShown = 100

function unknown(words: readonly string[], kinds: Record<string, Phrases>, expected: string): AppError {
	const all = Object.values(kinds).flatMap((phrases) => [...phrases.keys()])
	const [word = ''] = words
	const near = nearest(words.join(' '), all) ?? nearest(word, all)
	const said = word.length > longestShown ? `${word.slice(0, longestShown)}…` : word
	return new AppError(
		'invalid',
		`I do not know "${said}".${near === undefined ? '' : ` Did you mean "${near}"?`} ${expected}`,
	)
}

/** Phrases that stand for themselves. */
export const themselves = (phrases: readonly string[]): Phrases => new Map(phrases.map((p) => [p, p]))

/** As many names as one can read, and how many there are more. */
export function someOf(names: readonly string[], most = 12): string {
	const more = names.length > most ? `, … and ${names.length - most} more` : ''
	return names.slice(0, most).join(', ') + more
}
