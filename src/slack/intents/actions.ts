import { type Entities, entitiesOf, isNear, type Names } from './entities.ts'
import type { Held, Meaning } from './meaning.ts'
import { type Token, tokensOf, withoutAddress } from './tokens.ts'
import {
	type Acting,
	conditions,
	intents,
	mentions,
	negations,
	phrases,
	plainWords,
	polite,
	verbs,
} from './vocabulary.ts'

/** An action in the words before the reason; undefined if there is none. */
export function actionIn(
	head: string,
	reason: string | undefined,
	plain: string,
	names: Names,
): Meaning | undefined {
	const { tokens: all, questions } = tokensOf(head)
	const tokens = withoutAddress(all)
	const words = tokens.map((t) => t.word)
	const found = verbsIn(words)
	const first = found[0]
	if (!first) return misspeltAction(tokens, reason, names)
	const entities = entitiesOf(tokens, names)
	const kinds = [...new Set(found.map((f) => f.intent))]
	const parts = { entities, reason }
	if (isAboutAction(words, first.at, entities)) return undefined
	if (kinds.length > 1) {
		const either = kinds.sort((a, b) => intents.indexOf(a) - intents.indexOf(b))
		return { either, words: either.map((kind) => actionWords(kind, parts)) }
	}
	const { intent } = first
	const [unknown, ...others] = unexplained(words, first, entities)
	// One unknown word is the name of a model that there is not; the command says so.
	if (unknown !== undefined && others.length === 0 && entities.models.length === 0 && !entities.rule) {
		entities.models.push((tokens[unknown] as Token).text)
		entities.used[unknown] = true
	}
	const held = whyHeld(tokens, first, parts, questions, plain)
	if (held === undefined) return { intent, words: actionWords(intent, parts) }
	// The command that the reply shows has only the first sentence of the reason.
	const short = { entities, reason: reason?.split(goesOn)[0] }
	return { held, intent, words: actionWords(intent, short) }
}

/** `at` is its first word; the other words of it are at `own`. */
type Verb = { at: number; end: number; own: ReadonlySet<number>; intent: Acting }

/** Whether the words name an action, whatever they say about it. */
export const namesAction = (words: readonly string[]): boolean => verbsIn(words).length > 0

/** The verbs of actions in the words, in order. */
function verbsIn(words: readonly string[]): Verb[] {
	const found: Verb[] = []
	for (let at = 0; at < words.length; at++) {
		if (isNoun(words, at)) continue
		const here = verbs.flatMap(({ phrase, then, intent }): Verb[] => {
			if (phrase.some((word, i) => words[at + i] !== word)) return []
			const from = at + phrase.length
			const end = then === undefined ? from : endOf(words, from, then)
			const own = new Set([...phrase.keys()].map((i) => at + i))
			for (let i = 0; end !== -1 && then !== undefined && i < then.split(' ').length; i++)
				own.add(end - 1 - i)
			return end === -1 ? [] : [{ at, end, own, intent }]
		})
		// "Switch to 6" can be a rollback or a promotion; of other phrases the first counts.
		const [first] = here
		found.push(...here.filter((v) => v === first || (first?.end === v.end && v.intent !== first.intent)))
	}
	return found
}

const maxBetween = 8

/** Where the second half of a verb ends, not far from the first. */
function endOf(words: readonly string[], from: number, then: string): number {
	const parts = then.split(' ')
	for (let at = from; at < Math.min(words.length, from + maxBetween); at++)
		if (parts.every((part, i) => words[at + i] === part)) return at + parts.length
	return -1
}

/** `the rollback`, `rollback requests`, `a release`: a thing, not an order. */
const isNoun = (words: readonly string[], at: number): boolean =>
	/^(the|a|an|any|this|that|last|no|my|our|every|each|pending|open)$/.test(words[at - 1] ?? '') ||
	/^(requests?|history|log|entries)$/.test(words[at + 1] ?? '')

/** Questions about what happened, or who does it: not about doing it. */
function isAboutAction(words: readonly string[], at: number, { person }: Entities): boolean {
	const before = words.slice(0, at)
	if (before.includes('who')) return true
	if (before.includes('did') || (person !== undefined && before.includes('has'))) return true
	return (
		/^(approve|reject|decline|vote|sign)$/.test(before.at(-1) ?? '') ||
		before.some((w) => /^(approve|reject|approving|rejecting)$/.test(w))
	)
}

function whyHeld(
	tokens: readonly Token[],
	verb: Verb,
	{ entities, reason }: { entities: Entities; reason: string | undefined },
	questions: ReadonlySet<number>,
	plain: string,
): Held | undefined {
	const words = tokens.map((t) => t.word)
	const spoken = tokens.slice(verb.at, Math.max(verb.end, verb.at + 1))
	if (spoken.some((t) => t.isQuoted)) return 'quoted'
	if (words.some((_, i) => isNegation(words, i) && !entities.used[i])) return 'negation'
	if (words.some((word, i) => conditions.has(word) && !entities.used[i]))
		return hasQuestionWord(words) ? 'question' : 'condition'
	const opening = words.slice(0, verb.at)
	// "Rolling back would be a mistake" requests nothing; "would you mind rolling back" does.
	if (/[^r]ing$/.test(words[verb.at] as string) && opening.at(-1) !== 'mind') return 'statement'
	if (unexplained(words, verb, entities).length > 0) return 'statement'
	const rest = withoutPoliteness(opening)
	if (rest.length > 0) return questions.size > 0 || hasQuestionWord(rest) ? 'question' : 'statement'
	const isAsked = /\b(can|could|would|will|do) (you|u)\b/.test(opening.join(' '))
	const isQuestion = questions.size > 0 || (plain.trimEnd().endsWith('?') && reason !== undefined)
	if (isQuestion && !isAsked) return 'question'
	if (entities.models.length > 1) return 'several'
	if (sentencesOf(tokens) > 1 || (reason !== undefined && retracts(reason))) return 'sentences'
	return undefined
}

const isNegation = (words: readonly string[], i: number): boolean => {
	const word = words[i] as string
	if (word === 'do') return words[i + 1] === 'not'
	// "stop alerting" and "stop the alerts" are silences.
	if (word === 'stop') return !words.slice(i + 1, i + 4).some((w) => /^alert(s|ing)?$/.test(w))
	return negations.has(word)
}

/**
 * The words after a verb that are not understood: no part of it, no name, and not one that adds nothing. "Release the notes
 * of churn" is not a promotion, whatever else it is.
 */
const unexplained = (words: readonly string[], verb: Verb, { used }: Entities): number[] =>
	words.flatMap((word, i) => {
		const adds = i > verb.at && !used[i] && !verb.own.has(i) && !fillers.has(word)
		return adds && !(verb.intent === 'silence' && alerts.has(word)) ? [i] : []
	})

const fillers = new Set(
	`the a an our my this that it its model models version of to in on for from at by back and please pls plz now again right away immediately
	asap at once for me us champion previous last one good environment live out thanks thank you ok as well then`.split(
		/\s+/,
	),
)
const alerts = new Set(
	'rule rules alert alerts alerting alarm alarms notification notifications drift all any every'.split(' '),
)

const hasQuestionWord = (words: readonly string[]): boolean =>
	/^(should|shall|is|are|was|were|do|does|did|has|have|can|could|would|will|what|when|why|how|which|where|who|may|might|must)$/.test(
		words[0] ?? '',
	)

/** What is left of the words before a verb without greetings and politeness. */
function withoutPoliteness(words: readonly string[]): string[] {
	let at = 0
	for (;;) {
		const phrase = polite.find((p) => p.every((word, i) => words[at + i] === word))
		const longer = polite
			.filter((p) => p.every((word, i) => words[at + i] === word))
			.reduce((a, b) => (b.length > a.length ? b : a), phrase ?? [])
		if (longer.length === 0) return words.slice(at)
		at += longer.length
	}
}

const empty = new Set(
	'please pls plz thanks thank you thx cheers hi hello hey good morning ok okay team all plumbline yes great'.split(
		' ',
	),
)

/** Sentences that say something. */
function sentencesOf(tokens: readonly Token[]): number {
	const saying = tokens.filter((t) => !empty.has(t.word)).map((t) => t.sentence)
	return new Set(saying).size
}

/** Whether a reason goes on with another sentence, which could take back what was said. */
const goesOn = /[.?!;\n]\s+(?=\S)/
const retraction =
	/\b(no,? wait|never ?mind|scratch that|just kidding|jk|on second thoughts?|or not|(?:forget|cancel|ignore) (?:it|that|this)|(?:don'?t|do not) do (?:it|that|this))\b/i
const retracts = (reason: string): boolean => goesOn.test(reason) || retraction.test(reason)

/** Whether a reason goes on with a sentence that does take back what was said, or questions it. */
export function takesBack(reason: string): boolean {
	const [, ...later] = reason.split(goesOn)
	const words = tokensOf(later.join('\n')).tokens.map((t) => t.word)
	return (
		reason.includes('?') ||
		retraction.test(reason) ||
		words.some((word, i) => isNegation(words, i) || word === 'actually')
	)
}

/** The words of an action's command. What is missing is left out; the command then asks for it. */
export function actionWords(
	intent: Acting,
	{ entities, reason }: { entities: Entities; reason: string | undefined },
): string[] {
	const { models, rule, version, environment, duration } = entities
	const because = reason === undefined ? [] : ['because', ...reason.split(/\s+/)]
	const name = intent === 'silence' && rule !== undefined ? rule : models[0]
	const about = name === undefined ? [] : name.split(' ')
	const place = environment === undefined ? [] : ['in', environment]
	if (intent === 'silence')
		return [...about, ...place, ...(duration === undefined ? [] : ['for', duration]), ...because]
	const target = version === undefined || intent === 'retrain' ? [] : ['to', version]
	return [...about, ...target, ...place, ...because]
}

const typedVerbs = ['rollback', 'promote', 'retrain', 'silence', 'revert', 'deploy', 'snooze'] as const
const meantBy: Record<(typeof typedVerbs)[number], Acting> = {
	rollback: 'rollback',
	promote: 'promote',
	retrain: 'retrain',
	silence: 'silence',
	revert: 'rollback',
	deploy: 'promote',
	snooze: 'silence',
}

/** A misspelt verb where an order has its verb. It is not taken for one. */
function misspeltAction(
	tokens: readonly Token[],
	reason: string | undefined,
	names: Names,
): Meaning | undefined {
	const words = tokens.map((t) => t.word)
	const word = withoutPoliteness(words)[0] ?? ''
	if (word.length < 5 || plainWords.has(word) || phrases.has(word) || mentions.has(word)) return undefined
	const near = typedVerbs.find((verb) => isNear(word, verb, verb.length >= 7 ? 2 : 1))
	if (near === undefined) return undefined
	const intent = meantBy[near]
	return {
		held: 'spelling',
		intent,
		words: actionWords(intent, { entities: entitiesOf(tokens, names), reason }),
	}
}
