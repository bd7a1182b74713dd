import { type Entities, entitiesOf, isNear, type Names } from './entities.ts'
import { plainText, splitReason, type Token, tokensOf } from './tokens.ts'
import {
	type Acting,
	conditions,
	type Intent,
	intents,
	longestPhrase,
	mentions,
	negations,
	phrases,
	plainWords,
	polite,
	verbs,
} from './vocabulary.ts'

/** Why an action that is named is not taken. */
export type Held =
	| 'question'
	| 'negation'
	| 'condition'
	| 'quoted'
	| 'sentences'
	| 'statement'
	| 'several'
	| 'spelling'

/**
 * What words mean: a command and the words after its name; an action that is named but not requested, with the command that
 * would request it; several commands that could be meant; or nothing, with the nearest command if there is one.
 */
export type Meaning =
	| { intent: Intent; words: string[] }
	| { held: Held; intent: Acting; words: string[] }
	| { either: Intent[]; words: string[][] }
	| { nearest: Intent | undefined }

/** More is not read. */
export const longestText = 4000

/** Understands a sentence in plain words. Pure, and linear in the length of the text. */
export function parseWords(text: string, names: Names): Meaning {
	if (text.length > longestText) return { nearest: undefined }
	const plain = plainText(text)
	const { head, reason } = splitReason(plain)
	const acting = actionIn(head, reason, plain, names)
	if (acting) return acting
	const { tokens: all } = tokensOf(plain)
	const tokens = withoutAddress(all)
	const entities = entitiesOf(tokens, names)
	return meaningOf(tokens, entities, names)
}

/** Without the mention of the app at the beginning, and its name. */
function withoutAddress(tokens: readonly Token[]): Token[] {
	let at = 0
	while (at < tokens.length - 1 && /^(<@.*>|\/?plumb|plumbline)$/i.test(tokens[at]?.text ?? '')) at++
	return tokens.slice(at)
}

// -- actions -------------------------------------------------------------------------------------------------

/** An action in the words before the reason; undefined if there is none. */
function actionIn(
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
	if (kinds.length > 1 && !isOneAction(words, kinds))
		return { either: kinds, words: kinds.map((k) => actionWords(k, parts)) }
	const intent = first.intent
	const held = whyHeld(tokens, first, parts, questions, plain)
	const result = { intent, words: actionWords(intent, parts) }
	return held === undefined ? result : { held, ...result }
}

type Verb = { at: number; end: number; intent: Acting }

/** The verbs of actions in the words, in order. */
function verbsIn(words: readonly string[]): Verb[] {
	const found: Verb[] = []
	for (let at = 0; at < words.length; at++) {
		const verb = verbs.find(
			({ phrase, then }) =>
				phrase.every((word, i) => words[at + i] === word) &&
				(then === undefined || endOf(words, at + phrase.length, then) !== -1),
		)
		if (!verb) continue
		if (isNoun(words, at)) continue
		const end =
			verb.then === undefined ? at + verb.phrase.length : endOf(words, at + verb.phrase.length, verb.then)
		found.push({ at, end, intent: verb.intent })
		at += verb.phrase.length - 1
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

/** `push … live`, `roll back and put 6 in production` are one action. */
const isOneAction = (_words: readonly string[], kinds: readonly Acting[]): boolean => kinds.length === 1

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
	if (words.some((word, i) => isNegation(words, i) && word !== '')) return 'negation'
	if (words.some((word) => conditions.has(word))) return hasQuestionWord(words) ? 'question' : 'condition'
	const opening = words.slice(0, verb.at)
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
	// "stop alerting" is a silence.
	if (word === 'stop') return !/^alert/.test(words[i + 1] ?? '')
	if (word === 'no') return !/^(longer)$/.test(words[i + 1] ?? '') || true
	return negations.has(word)
}

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
const retracts = (reason: string): boolean => /[.?!;\n]\s+\S/.test(reason)

/** The words of an action's command. What is missing is left out; the command then asks for it. */
function actionWords(
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

// -- everything else -------------------------------------------------------------------------------------------

type Scores = Map<Intent, { score: number; strong: boolean }>

function meaningOf(tokens: readonly Token[], entities: Entities, names: Names): Meaning {
	const words = tokens.map((t) => t.word)
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
		if (/\b(has been|have been|was|were|been|got|when|last)\b/.test(words.join(' ')))
			return toMeaning('audit')
		return {
			held: 'statement',
			intent: mention,
			words: actionWords(mention, { entities, reason: undefined }),
		}
	}
	if (!first) return weakly(scores, toMeaning)
	if (second && second[1].score === first[1].score && areRivals(first[0], second[0])) {
		const either = [first[0], second[0]].sort((a, b) => intents.indexOf(a) - intents.indexOf(b))
		return { either, words: either.map((intent) => argumentsOf(intent, words, entities, names)) }
	}
	return toMeaning(first[0])
}

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
	if (isAudit && !isWhoOfRequests(words)) return 'audit'
	if (entities.incident !== undefined) return 'incident'
	if (entities.request !== undefined) return 'requests'
	if (entities.person !== undefined) return 'audit'
	return undefined
}

const isWhoOfRequests = (words: readonly string[]): boolean =>
	words.includes('who') &&
	words.some((w) => /^(needs?|must|can|should|has to)$/.test(w)) &&
	words.some((w) => /^approv|^sign|^vote/.test(w))

/** The sum of the cues of each intent; each cue counts once. */
function scoresOf(words: readonly string[], entities: Entities): Scores {
	const scores: Scores = new Map()
	const seen = new Set<string>()
	const add = (intent: Intent, weight: number) => {
		const old = scores.get(intent)
		scores.set(intent, { score: (old?.score ?? 0) + weight, strong: old?.strong === true || weight >= 3 })
	}
	let misspelt = 0
	for (let i = 0; i < words.length; ) {
		const phrase = phraseAt(words, i, entities.used)
		if (phrase !== undefined) {
			if (!seen.has(phrase.text))
				for (const { intent, weight } of phrases.get(phrase.text) ?? []) add(intent, weight)
			seen.add(phrase.text)
			i += phrase.taken
			continue
		}
		const word = words[i] as string
		if (
			!entities.used[i] &&
			word.length >= 5 &&
			misspelt < maxMisspelt &&
			/^[a-z-]+$/.test(word) &&
			!plainWords.has(word)
		) {
			misspelt++
			const meant = single.find((s) => s.length >= 5 && isNear(word, s, s.length >= 8 ? 2 : 1))
			if (meant !== undefined && !seen.has(meant)) {
				seen.add(meant)
				for (const { intent, weight } of phrases.get(meant) ?? []) add(intent, weight)
			}
		}
		i++
	}
	adjust(scores, words, entities, add)
	return scores
}

const maxMisspelt = 40
const single = [...phrases.keys()].filter((p) => !p.includes(' '))

function phraseAt(words: readonly string[], i: number, used: readonly boolean[]) {
	for (let taken = Math.min(longestPhrase, words.length - i); taken > 0; taken--) {
		if (used.slice(i, i + taken).some((u) => u)) continue
		const text = words.slice(i, i + taken).join(' ')
		if (phrases.has(text)) return { text, taken }
	}
	return undefined
}

/** What the entities of a text say about its intent. */
function adjust(
	scores: Scores,
	words: readonly string[],
	entities: Entities,
	add: (intent: Intent, weight: number) => void,
): void {
	const has = (intent: Intent) => scores.get(intent)?.strong === true
	const drop = (intent: Intent) => scores.delete(intent)
	const { ids, announced, models } = entities
	const [id] = ids
	if (id !== undefined) {
		if (announced || scores.has('why')) add('why', 3)
		// A decision on one prediction is not about all of them.
		if (has('why'))
			for (const other of ['status', 'performance', 'drift', 'bias', 'requests', 'lineage'] as const)
				drop(other)
	} else if (has('why')) {
		const others = [...scores].filter(([intent, s]) => intent !== 'why' && s.strong)
		if (others.length > 0 || models.length > 0) drop('why')
		if (others.length === 0 && models.length > 0) add('status', 3)
	}
	// A report is about something: the document is meant, not its subject.
	if (has('report')) {
		for (const other of [...scores.keys()]) if (other !== 'report') drop(other)
	}
	if (has('bias')) {
		drop('performance')
		if (!words.some((w) => /^(drift|drifts|drifting|drifted|psi|shifted|shift)$/.test(w))) drop('drift')
	}
	if (has('models') && models.length > 0) drop('models')
	if (
		has('models') &&
		[...scores].some(([intent, s]) => intent !== 'models' && intent !== 'help' && s.strong)
	)
		drop('models')
	if (scores.size > 1 && [...scores].some(([intent, s]) => intent !== 'help' && s.strong)) drop('help')
	if (has('drift') && has('incidents')) drop('incidents')
	if (has('performance') && has('incidents')) drop('incidents')
	if (has('status') && [...scores].some(([intent, s]) => intent !== 'status' && s.strong)) drop('status')
}

/** Without a phrase that decides: a greeting, or weak words about a model. */
function weakly(scores: Scores, toMeaning: (intent: Intent) => Meaning): Meaning {
	const order = [...scores].sort(([, a], [, b]) => b.score - a.score)
	const [first, second] = order
	if (
		first &&
		(!second || first[1].score > second[1].score) &&
		(first[1].score >= 2 || first[0] === 'help' || first[0] === 'status')
	)
		return toMeaning(first[0])
	return { nearest: first?.[0] }
}

const templates = new Map(
	Object.entries({
		'adverse-action': 'adverse adverse-action letter notice',
		bias: 'bias fairness fair discrimination bias-audit',
		performance: 'performance accuracy',
		drift: 'drift',
		metrics: 'metrics metric',
		monitoring: 'monitoring model-monitoring monthly weekly quarterly',
		explanation: 'explanation why',
	}).flatMap(([name, all]) => all.split(' ').map((word) => [word, name] as const)),
)

const topics: readonly (readonly [topic: string, words: RegExp])[] = [
	['approvals', /^(approved|approve|approves|approval|approvals|voted|votes|rejected|signed)$/],
	['rollback', /^(rollback|rollbacks|rolled|reverted|revert)$/],
	['promotion', /^(promoted|promotion|promotions|promote)$/],
	['retraining', /^(retrained|retraining|retrain|re-trained)$/],
	['deployments', /^(deployed|deployment|deployments|deploy|released|shipped)$/],
	['silences', /^(silenced|silence|silences|muted|snoozed|mute)$/],
	['incidents', /^(acknowledged|resolved|closed)$/],
	['access', /^(access|permissions|roles|keys)$/],
]

/** The words after the name of a command. */
function argumentsOf(
	intent: Intent,
	words: readonly string[],
	entities: Entities,
	{ models }: Names,
): string[] {
	const { version, environment, ids, since, window, metric, attribute } = entities
	// With a single model there is no other that could be meant.
	const only = models.length === 1 ? models : []
	const [model] = entities.models.length > 0 ? entities.models : only
	const named = model === undefined ? [] : model.split(' ')
	const typed = entities.models.length > 0 ? named : []
	const place = environment === undefined ? [] : ['in', environment]
	const option = (value: string | undefined) => (value === undefined ? [] : [value])
	switch (intent) {
		case 'why':
			return ids[0] === undefined ? [] : [ids[0], ...(typed.length > 0 ? ['in', ...typed] : [])]
		case 'status':
		case 'incidents':
			return typed
		case 'drift':
			return [...named, ...option(window), ...place]
		case 'bias':
			return [...named, ...option(attribute), ...option(window), ...place]
		case 'performance':
			return [...named, ...option(metric), ...option(window), ...place]
		case 'incident':
			return option(entities.incident)
		case 'audit': {
			const subject = entities.incident ?? entities.request ?? entities.person ?? ids[0]
			const about = topics.filter(([, pattern]) => words.some((w) => pattern.test(w))).map(([topic]) => topic)
			return [
				...(subject === undefined ? typed : [subject]),
				...about,
				...(since === undefined ? [] : ['since', since]),
			]
		}
		case 'report': {
			const template = words.map((w) => templates.get(w)).find((t) => t !== undefined)
			const about = ids[0] === undefined ? named : [ids[0], ...(typed.length > 0 ? ['in', ...typed] : [])]
			return [...option(template), ...about, ...option(since)]
		}
		case 'requests':
		case 'approve':
		case 'reject':
			return option(entities.request)
		case 'lineage':
			return named.length > 0 && version !== undefined ? [`${named.join(' ')}@${version}`] : named
		default:
			return []
	}
}
