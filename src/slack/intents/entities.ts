import { editDistance } from '../../core/nearest.ts'
import type { Token } from './tokens.ts'
import { phrases, plainWords } from './vocabulary.ts'

export type Names = {
	models: readonly string[]
	rules?: readonly string[]
	/** Names of sensitive attributes. */
	attributes?: readonly string[]
	environments?: readonly string[]
}

/** What the words of a text name. `used` marks the tokens that were read. */
export type Entities = {
	/** Models as the person names them: a name, or words that one or several names have. */
	models: string[]
	/** The model is only a word that its name has, where a sentence could have it without meaning the model. */
	isLoose?: boolean
	version?: string
	environment?: string
	rule?: string
	/** Ids that a noun announces, such as `application 8841`, and others that look like ids. */
	ids: string[]
	announced: boolean
	incident?: string
	request?: string
	person?: string
	duration?: string
	since?: string
	window?: '1h' | '1d' | '7d'
	metric?: string
	attribute?: string
	used: boolean[]
}

const numbers = new Map([
	['a', 1],
	['an', 1],
	['one', 1],
	['two', 2],
	['couple', 2],
	['three', 3],
	['four', 4],
	['five', 5],
	['six', 6],
	['seven', 7],
	['eight', 8],
	['nine', 9],
	['ten', 10],
	['twelve', 12],
	['fifteen', 15],
	['thirty', 30],
])
const units = new Map(
	Object.entries({
		m: 'm min mins minute minutes',
		h: 'h hr hrs hour hours',
		d: 'd day days',
		w: 'w week weeks',
	})
		.flatMap(([unit, all]) => all.split(' ').map((word) => [word, unit] as const))
		.concat([
			['month', 'month'],
			['months', 'month'],
			['quarter', 'quarter'],
			['quarters', 'quarter'],
			['year', 'year'],
			['years', 'year'],
		]),
)
const daysOf: Record<string, number> = { w: 7, month: 30, quarter: 90, year: 365 }
const weekdays = /^(mon|tues|wednes|thurs|fri|satur|sun)day$/

const aliasOf = (aliases: Record<string, string>): ReadonlyMap<string, string> =>
	new Map(
		Object.entries(aliases).flatMap(([name, all]) => all.split(' ').map((word) => [word, name] as const)),
	)

const attributes = aliasOf({
	gender: 'women men woman man female females male males gender genders sex sexes ladies girls boys',
	age: 'age older younger elderly young ages',
	race: 'race races racial ethnicity ethnic',
	marriage: 'marital marriage married unmarried',
})
const metrics = aliasOf({
	roc_auc: 'auc roc_auc roc-auc rocauc auroc gini',
	pr_auc: 'pr_auc pr-auc prauc auprc',
	accuracy: 'accuracy',
	precision: 'precision',
	recall: 'recall sensitivity',
	f1: 'f1 f1-score f-score',
	brier: 'brier',
	ece: 'ece calibration calibrated',
	mae: 'mae',
	rmse: 'rmse',
	mape: 'mape',
	r2: 'r2',
	ndcg_10: 'ndcg ndcg_10',
	mrr: 'mrr',
	log_loss: 'log_loss logloss',
})
const environments = aliasOf({
	production: 'production prod',
	staging: 'staging stage',
	test: 'test testing',
	dev: 'dev development',
	canary: 'canary',
	qa: 'qa',
})
const nouns = new Set(
	`application applications app applicant prediction pred loan case customer claim order transaction txn client borrower
	number no nr id # decision score request ticket ref reference user subject record row`.split(/\s+/),
)

const versionText = /^v?(\d{1,9}(?:[._-][a-z0-9]{1,20}){0,4})$/i
const hasDigit = /\d/

/** Reads names, ids, times and numbers from the tokens. Everything is read once, from left to right. */
export function entitiesOf(tokens: readonly Token[], names: Names): Entities {
	const found: Entities = { models: [], ids: [], announced: false, used: tokens.map(() => false) }
	const words = tokens.map((t) => t.word)
	for (let i = 0; i < tokens.length; i++) if (!found.used[i]) readPlain(found, tokens, words, i)
	readModels(found, tokens, words, names)
	for (let i = 0; i < tokens.length; i++) if (!found.used[i]) readNumbers(found, tokens, words, i, names)
	readMisspelt(found, tokens, names)
	return found
}

/** Ids with a prefix, people, times and environments: what cannot be taken for the name of a model. */
function readPlain(found: Entities, tokens: readonly Token[], words: readonly string[], i: number): void {
	const word = words[i] as string
	const use = (count = 1) => found.used.fill(true, i, i + count)
	const text = (tokens[i] as Token).text
	if (/^inc_\w/.test(word)) {
		found.incident ??= text
		return void use()
	}
	if (/^req_\w/.test(word)) {
		found.request ??= text
		return void use()
	}
	if (
		/^<@[A-Z0-9]+>$/.test(text) ||
		/^[\w.+-]{1,80}@[\w-]{1,80}\.[\w.-]{1,80}$/.test(text) ||
		/^(key|slack):/.test(word)
	) {
		found.person ??= text
		return void use()
	}
	const span = spanAt(words, i)
	if (span === undefined) return
	if (span.duration !== undefined) found.duration ??= span.duration
	if (span.since !== undefined) found.since ??= span.since
	if (span.window !== undefined) found.window ??= span.window
	use(span.taken)
}

type Span = { taken: number; duration?: string; since?: string; window?: '1h' | '1d' | '7d' }

const windowWords = aliasOf({ '1h': 'hourly 1h', '1d': 'daily 1d', '7d': 'weekly 7d monthly' })

/** A time at a position: `yesterday`, `last 14 days`, `2 hours`, `this month`, `since 2026-03-01`. */
function spanAt(words: readonly string[], i: number): Span | undefined {
	const word = words[i] as string
	const next = words[i + 1] ?? ''
	if (word === 'yesterday') return { taken: 1, since: 'yesterday', window: '1d' }
	if (word === 'today' || word === 'tonight') return { taken: 1, since: 'today', window: '1d' }
	if (word === 'this' && /^(morning|afternoon|evening)$/.test(next)) return { taken: 2, since: 'today' }
	if (word === 'last' && next === 'night') return { taken: 2, since: 'yesterday' }
	if (word === 'half' && (next === 'an' || next === 'a') && /^hours?$/.test(words[i + 2] ?? ''))
		return { taken: 3, duration: '30m' }
	const plain = windowWords.get(word)
	if ((word === 'per' || word === 'by' || word === 'each') && /^(hour|day|week|month)$/.test(next))
		return { taken: 2, window: next === 'hour' ? '1h' : next === 'day' ? '1d' : '7d' }
	if (word === 'since' || word === 'last' || word === 'on') {
		if (weekdays.test(next)) return { taken: 2, since: next }
		if (word === 'since' && /^\d{4}-\d\d-\d\d/.test(next)) return { taken: 2, since: next }
	}
	const isPast = /^(last|past|this|previous|since|recent)$/.test(word)
	const from = isPast ? i + 1 : i
	const amount = amountAt(words, from) ?? (isPast ? unitAt(words, from) : undefined)
	if (amount === undefined)
		return plain === undefined ? undefined : { taken: 1, window: plain as '1h', duration: word, since: word }
	const taken = from - i + amount.taken
	const { count, unit } = amount
	const days = daysOf[unit]
	const text = days === undefined ? `${count}${unit}` : `${count * days}d`
	const isWeek = days !== undefined || (unit === 'd' && count > 1)
	const window = unit === 'h' || unit === 'm' ? (isPast && count === 1 ? '1h' : '1d') : isWeek ? '7d' : '1d'
	return { taken, since: text, window, ...(isPast ? {} : { duration: text }) }
}

type Amount = { count: number; unit: string; taken: number }

/** `14 days`, `2h`, `an hour`, `a couple of hours`. */
function amountAt(words: readonly string[], i: number): Amount | undefined {
	const word = words[i] ?? ''
	const short = /^(\d{1,6}(?:\.\d{1,3})?)([a-z]{1,8})$/.exec(word)
	const shortUnit = short && units.get(short[2] as string)
	if (short && shortUnit) return { count: Number(short[1]), unit: shortUnit, taken: 1 }
	const both = /^(\d{1,6})-([a-z]{1,8})$/.exec(word)
	const bothUnit = both && units.get(both[2] as string)
	if (both && bothUnit) return { count: Number(both[1]), unit: bothUnit, taken: 1 }
	const isCouple = word === 'a' && words[i + 1] === 'couple'
	const at = isCouple ? i + 1 : i
	const count = /^\d{1,6}(\.\d{1,3})?$/.test(words[at] ?? '')
		? Number(words[at])
		: numbers.get(words[at] ?? '')
	if (count === undefined) return undefined
	const skip = words[at + 1] === 'of' ? 1 : 0
	const unit = units.get(words[at + 1 + skip] ?? '')
	const text = words[at + 1 + skip] ?? ''
	return unit === undefined || text.length < 2 ? undefined : { count, unit, taken: at - i + 2 + skip }
}

/** `last week`, `this month`. */
function unitAt(words: readonly string[], i: number): Amount | undefined {
	const unit = (words[i]?.length ?? 0) > 1 ? units.get(words[i] as string) : undefined
	return unit === undefined ? undefined : { count: 1, unit, taken: 1 }
}

const partsOf = (name: string): string[] =>
	name
		.toLowerCase()
		.split(/[\s\-_./:]+/)
		.filter((p) => p !== '')
/** Nobody means more; a long text is not searched further. */
const maxModels = 5
const maxMisspelt = 20

const versioned = /^(.{1,256})[@:]v?([\w.-]{1,60})$/

/** Names of models, the longest first; then words that one or several names have: "the credit model". */
function readModels(
	found: Entities,
	tokens: readonly Token[],
	words: readonly string[],
	{ models }: Names,
): void {
	const byLower = new Map(models.map((name) => [name.toLowerCase(), name]))
	const longest = Math.min(8, Math.max(1, ...models.map((name) => name.split(/\s+/).length)))
	const add = (name: string) => {
		if (!found.models.includes(name)) found.models.push(name)
	}
	for (let i = 0; i < tokens.length; i++) {
		if (found.used[i]) continue
		for (let count = Math.min(longest, tokens.length - i); count > 0; count--) {
			const shown = tokens.slice(i, i + count).map((t) => t.text)
			const exact = byLower.get(shown.join(' ').toLowerCase())
			const [, name = '', version] = exact === undefined ? (versioned.exec(shown.join(' ')) ?? []) : []
			const at = exact ?? byLower.get(name.toLowerCase())
			if (at === undefined) continue
			add(at)
			if (version !== undefined) found.version ??= version
			found.used.fill(true, i, i + count)
			break
		}
	}
	if (found.models.length > 0) return
	const partsByName = models.map((name) => [name, partsOf(name)] as const)
	const parts = new Set(partsByName.flatMap(([, of]) => of))
	const isPart = (i: number) => {
		const word = words[i] ?? ''
		if (found.used[i] || word.length < 3 || !parts.has(word)) return false
		// A word that means something else names a model only next to "model" or as part of a longer name.
		return (
			!(plainWords.has(word) || phrases.has(word)) ||
			words[i + 1] === 'model' ||
			parts.has(words[i - 1] ?? '')
		)
	}
	for (let i = 0; i < tokens.length && found.models.length < maxModels; i++) {
		if (!isPart(i)) continue
		let end = i + 1
		while (end < tokens.length && isPart(end)) end++
		const wanted = words.slice(i, end)
		const matching = partsByName.filter(([, of]) => wanted.every((w) => of.includes(w)))
		const [first] = matching
		if (!first) continue
		// "Denied credit" names no model; "the credit model" and "in credit" do.
		found.isLoose =
			!/^(the|our|my|in|by|for|of|on|to|from)$/.test(words[i - 1] ?? '') &&
			!/^(model|one)$/.test(words[end] ?? '')
		const exact = matching.find(([, of]) => of.length === wanted.length)
		add(matching.length === 1 ? first[0] : (exact?.[0] ?? wanted.join(' ')))
		found.used.fill(true, i, end)
		i = end - 1
	}
}

/** Versions, environments, metrics, attributes and ids. */
function readNumbers(
	found: Entities,
	tokens: readonly Token[],
	words: readonly string[],
	i: number,
	names: Names,
): void {
	const word = words[i] as string
	const before = words[i - 1] ?? ''
	const { text } = tokens[i] as Token
	const use = (count = 1) => found.used.fill(true, i, i + count)
	const rule = names.rules?.find((name) => name.toLowerCase() === word)
	if (rule !== undefined) {
		found.rule ??= rule
		return void use()
	}
	const named = names.environments?.find((name) => name.toLowerCase() === word) ?? environments.get(word)
	const isPlaced = /^(in|on|to|into|for|the|at)$/.test(before)
	if (named !== undefined && (isPlaced || i === tokens.length - 1)) {
		found.environment ??= named
		return void use()
	}
	if (word === 'version' || word === 'versions') {
		const next = tokens[i + 1]
		if (next && (hasDigit.test(next.word) || !plainWords.has(next.word))) {
			found.version ??= versionText.exec(next.text)?.[1] ?? next.text
			use(2)
		}
		return
	}
	const metric =
		word === 'log' && words[i + 1] === 'loss'
			? 'log_loss'
			: word === 'pr' && words[i + 1] === 'auc'
				? 'pr_auc'
				: metrics.get(word)
	if (metric !== undefined) found.metric ??= metric
	const own = names.attributes?.find((name) => name.toLowerCase() === word)
	const attribute = own ?? attributes.get(word)
	if (attribute !== undefined) found.attribute ??= attribute
	if (!hasDigit.test(word) || metric !== undefined || /^\d+%$/.test(word) || word === '4/5') return
	const bare = text.replace(/^#/, '')
	const isAnnounced = text.startsWith('#') || nouns.has(before)
	const version = versionText.exec(bare)?.[1]
	const isVersion =
		version !== undefined &&
		!isAnnounced &&
		(/^v\d/i.test(bare) ||
			(version.length <= 3 && !/^\d{4,}/.test(version)) ||
			(before === 'to' && version.length < 12))
	if (isVersion) {
		found.version ??= version
		return void use()
	}
	if (bare.length < 2) return
	found.announced ||= isAnnounced
	if (isAnnounced) found.ids.unshift(bare)
	else found.ids.push(bare)
	use()
}

/** A misspelt name, which the reply corrects; or a name after "for" or before "model" that no model has. */
function readMisspelt(found: Entities, tokens: readonly Token[], { models }: Names): void {
	if (found.models.length > 0) return
	let tried = 0
	for (const [i, { word, text }] of tokens.entries()) {
		if (found.used[i] || word.length < 4 || plainWords.has(word) || phrases.has(word)) continue
		if (++tried > maxMisspelt) return
		const limit = word.length >= 8 ? 2 : 1
		if (!models.some((name) => isNear(word, name.toLowerCase(), limit))) continue
		found.models.push(text)
		found.used[i] = true
		return
	}
}

export const isNear = (a: string, b: string, limit: number): boolean =>
	Math.abs(a.length - b.length) <= limit && a.length <= 40 && editDistance(a, b) <= limit
