import { actionIn, actionWords } from './actions.ts'
import { argumentsOf } from './arguments.ts'
import { type Entities, entitiesOf, type Names } from './entities.ts'
import type { Meaning } from './meaning.ts'
import { isOfRequests, type Scores, scoresOf } from './scores.ts'
import { plainText, splitReason, type Token, tokensOf, withoutAddress } from './tokens.ts'
import { type Acting, type Intent, intents, mentions, plainWords } from './vocabulary.ts'

/** More is not read. */
export const longestText = 4000

/**
 * Understands a sentence in plain words. Pure, and linear in the length of the text. In order:
 *
 *   plainText    quotes and Slack's markup as plain characters
 *   splitReason  the words before "because", and the reason
 *   actionIn     an action as a verb: requested, or only talked about
 *   entitiesOf   names, ids, versions, times
 *   scoresOf     phrases that mean an intent
 *   argumentsOf  the words after the name of the command
 */
export function parseWords(text: string, names: Names): Meaning {
	if (text.length > longestText) return { nearest: undefined }
	const plain = plainText(text)
	const { head, reason } = splitReason(plain)
	const action = actionIn(head, reason, plain, names)
	if (action) return action
	const tokens = withoutAddress(tokensOf(plain).tokens)
	return meaningOf(tokens, entitiesOf(tokens, names), names)
}

function meaningOf(tokens: readonly Token[], entities: Entities, names: Names): Meaning {
	const words = tokens.map((t) => t.word)
	if (words.length === 0) return { intent: 'help', words: [] }
	// There is no command for it, whatever it is about.
	if (unsupported.has(words[0] as string)) return { nearest: undefined }
	const early = voteIn(words, entities) ?? recordsIn(words, entities)
	if (early) return { intent: early, words: argumentsOf(early, words, entities, names) }
	const scores = scoresOf(words, entities)
	const order = [...scores].filter(([, s]) => s.strong).sort(([, a], [, b]) => b.score - a.score)
	const [first, second] = order
	const toMeaning = (intent: Intent): Meaning => ({
		intent,
		words: argumentsOf(intent, words, entities, names),
	})
	const mention = words.map((w) => mentions.get(w) ?? asNoun(w)).find((m) => m !== undefined)
	if (mention !== undefined && (!first || first[0] === 'help')) {
		if (entities.since !== undefined || isPast.test(words.join(' '))) return toMeaning('audit')
		return {
			held: 'statement',
			intent: mention,
			words: actionWords(mention, { entities, reason: undefined }),
		}
	}
	if (!first) return weakly(words, scores, entities, toMeaning)
	if (second && second[1].score === first[1].score && areRivals(first[0], second[0])) {
		const either = [first[0], second[0]].sort((a, b) => intents.indexOf(a) - intents.indexOf(b))
		return { either, words: either.map((intent) => argumentsOf(intent, words, entities, names)) }
	}
	return toMeaning(first[0])
}

const isPast = /\b(has|have|was|were|been|got|when|last|is .{0,100}(silenced|muted|snoozed))\b/

const unsupported = new Set(
	'delete remove drop destroy kill disable shut shutdown wipe erase purge'.split(' '),
)

const asNoun = (word: string): Acting | undefined =>
	word === 'rollback'
		? 'rollback'
		: word === 'release'
			? 'promote'
			: word === 'silence'
				? 'silence'
				: undefined

const areRivals = (a: Intent, b: Intent): boolean =>
	[a, b].every((i) => ['bias', 'drift', 'performance', 'lineage', 'report', 'audit', 'incidents'].includes(i))

/** `approve` and `reject` as verbs of the person who writes. */
function voteIn(words: readonly string[], { request, ids, announced }: Entities): Intent | undefined {
	const at = words.findIndex((w) => /^(approve|reject|approving|rejecting|lgtm)$/.test(w))
	if (/^(approved|rejected)$/.test(words[0] ?? '') && words.length < 3)
		return words[0] === 'rejected' ? 'reject' : 'approve'
	if (at === -1 && request !== undefined && words.some((w) => /^(vote|decline|deny)$/.test(w)))
		return words.some((w) => /^(decline|deny|no|against)$/.test(w)) ? 'reject' : 'approve'
	if (at === -1) return undefined
	const before = words.slice(0, at)
	if (
		before.some((w) => /^(who|did|to|needs?|can|must|waiting|why)$/.test(w)) &&
		!/^(id like|i want|i would like|want|like)/.test(before.join(' ')) &&
		request === undefined
	)
		return undefined
	if (announced && ids.length > 0) return undefined
	return /^reject/.test(words[at] as string) ? 'reject' : 'approve'
}

/** Ids that name one thing, and questions about people. */
function recordsIn(words: readonly string[], entities: Entities): Intent | undefined {
	const isAudit =
		words.some((w) => /^(who|audit|ledger|history|trail)$/.test(w)) &&
		!/\bwho are you\b/.test(words.join(' '))
	const isFairness = /\b(fairness|bias) audit\b/.test(words.join(' '))
	if (isAudit && !isFairness && !isOfRequests(words)) return 'audit'
	if (entities.incident !== undefined) return 'incident'
	if (entities.request !== undefined) return 'requests'
	return undefined
}

/** Without a phrase that decides: a greeting, weak words, or only the name of a model. */
function weakly(
	words: readonly string[],
	scores: Scores,
	entities: Entities,
	toMeaning: (intent: Intent) => Meaning,
): Meaning {
	const [first, second] = [...scores].sort(([, a], [, b]) => b.score - a.score)
	const isClear = first !== undefined && (!second || first[1].score > second[1].score)
	const isAbout = entities.models.length > 0 || first?.[0] === 'help' || first?.[0] === 'status'
	if (isClear && (first[1].score >= 2 || isAbout)) return toMeaning(first[0])
	const isOnlyName = words.every((word, i) => entities.used[i] || plainWords.has(word))
	if (entities.models.length > 0 && isOnlyName) return toMeaning('status')
	return { nearest: first?.[0] }
}
