import { namesAction } from './actions.ts'
import { type Entities, isNear } from './entities.ts'
import { type Intent, longestPhrase, phrases, plainWords } from './vocabulary.ts'

/** How much the words say for each intent; strong: a phrase means it by itself. */
export type Scores = Map<Intent, { score: number; strong: boolean }>

/** The sum of the cues of each intent; each cue counts once. */
export function scoresOf(words: readonly string[], entities: Entities): Scores {
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
			const meant = single.find((s) => s.length >= 5 && isMisspelt(word, s))
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

/** Few people mistype the first letter. */
const isMisspelt = (word: string, meant: string): boolean =>
	(word[0] === meant[0] || word[0] === meant[1]) && isNear(word, meant, meant.length >= 8 ? 2 : 1)

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
	if (entities.person !== undefined) add('audit', 2)
	// Groups of people are compared, unless something else is clearly meant.
	if (entities.attribute !== undefined && id === undefined && ![...scores.values()].some((s) => s.strong))
		add('bias', 3)
	if (id !== undefined) {
		if (announced || scores.has('why')) add('why', 3)
		// A decision on one prediction is not about all of them.
		if (has('why'))
			for (const other of ['status', 'performance', 'drift', 'bias', 'requests', 'lineage'] as const)
				drop(other)
	} else if (has('why')) {
		const others = [...scores].filter(([intent, s]) => intent !== 'why' && s.strong)
		if (others.length > 0 || models.length > 0) drop('why')
		// "Why did we roll credit-risk back?" is in the ledger, with the reason.
		if (others.length === 0 && models.length > 0) add(namesAction(words) ? 'audit' : 'status', 3)
	}
	// A report is about something: the document is meant, not its subject.
	if (has('report')) {
		for (const other of [...scores.keys()]) if (other !== 'report') drop(other)
	}
	if (has('bias')) {
		drop('performance')
		// A fairness audit is not one of the ledger.
		if (!words.includes('who')) drop('audit')
		if (!words.some((w) => /^(drift|drifts|drifting|drifted|psi|shifted|shift)$/.test(w))) drop('drift')
	}
	if (isOfRequests(words)) drop('audit')
	if (has('models') && scores.has('status')) {
		drop('models')
		add('status', 3)
	}
	if (has('models') && models.length > 0 && !words.some((w) => /^versions?$/.test(w))) drop('models')
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

/** `who needs to approve it?` is about open requests, not about the past. */
export const isOfRequests = (words: readonly string[]): boolean =>
	words.includes('who') &&
	words.some((w) => /^(needs?|must|can|should|may)$/.test(w)) &&
	words.some((w) => /^(approv|sign|vote)/.test(w))
