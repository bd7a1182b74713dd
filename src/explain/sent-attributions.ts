import { rankAgreement } from '../stats/ranks.ts'

/** Where sent attributions can add up: to the score itself, its logit, its logarithm, or a margin that was sent too. */
export type SentSpace = 'score' | 'log-odds' | 'log' | 'margin'

export type SentAttributions = {
	/** What was logged with the prediction: a number by feature, and perhaps one of the names of a base among them. */
	attributions: unknown
	/** The logged score, or null. */
	score: number | null
	/** The logged raw margin, where there is one. */
	margin?: number | null
	/** What the attributions begin from, when it was sent beside them or is known otherwise. */
	base?: number | null
	/** Names of the model's features: one of them is never taken for the base. */
	features?: readonly string[]
	/** Contributions of the registered artefact for the same row, and in which space they are. */
	ours?: {
		features: readonly string[]
		contributions: ArrayLike<number>
		space: string
		/** Where ours begin and end, if from the file's own expectations: what sent ones without a base are measured by. */
		base?: number | undefined
		margin?: number | undefined
	}
}

export type SentCheck = {
	/** `additive`: base + attributions give the score. `unknown`: that cannot be told. `malformed`: they are no numbers. */
	status: 'additive' | 'not-additive' | 'unknown' | 'malformed'
	/** What fails or is missing, and what to do; null when they add up and nothing else is odd. */
	reason: string | null
	/** As they were sent, without the base. */
	contributions: Record<string, number>
	base: number | null
	/** The space in which they add up; else the one in which they come nearest. Null without a base or a score. */
	space: SentSpace | null
	/** Distance of base + attributions from the score in that space. */
	sumError: number | null
	/** Against ours; null where there is nothing in common. */
	compared: SentComparison | null
}

export type SentComparison = {
	/** False where the spaces differ: then only ranks can be compared. */
	sameSpace: boolean
	largest: { feature: string; sent: number; ours: number; difference: number } | null
	/** Spearman's rho of the absolute values over the features in common; null for fewer than three. */
	rankAgreement: number | null
	/** Features of the model that were not sent, and names that the model does not have. */
	notSent: string[]
	unknown: string[]
}

/** What libraries call the start of their attributions: XGBoost's bias, shap's expected and base value. */
const baseNames = [
	'base',
	'base_value',
	'baseValue',
	'expected_value',
	'expectedValue',
	'bias',
	'BIAS',
	'intercept',
]

/** Attributions come in float32 and logged scores are often rounded; a sum that is off by this much is still the same. */
const relative = 1e-5

/**
 * Checks attributions that a service sent with its prediction: whether base + attributions give the logged score in any
 * space that they may be in, to what the digits that were logged allow; and against ours, when the artefact is there. They
 * are not changed. Without a base there is nothing to check them against, so the answer is `unknown`.
 */
export function checkSentAttributions(input: SentAttributions): SentCheck {
	const parsed = parse(input)
	if (typeof parsed === 'string') return { ...nothing, status: 'malformed', reason: parsed }
	const { contributions, base } = parsed
	const common = { contributions, base }
	const spaces = spacesOf(input)
	const fromOurs = base === null ? checkFromOurs(input, contributions) : undefined
	if (fromOurs) return { ...common, ...fromOurs }
	if (base === null || spaces.length === 0) {
		const reason =
			base === null
				? 'no base came with the attributions, so whether they add up to the score cannot be told; send it among them as `base` (shap: expected_value)'
				: 'no score is logged that the attributions could add up to'
		return { ...nothing, ...common, status: 'unknown', reason, compared: compare(input, contributions, null) }
	}
	const sum = Object.values(contributions).reduce((a, b) => a + b, base)
	const slack = roundingOf([base, ...Object.values(contributions)])
	const size = Object.values(contributions).reduce(
		(max, c) => Math.max(max, Math.abs(c)),
		Math.max(1, Math.abs(base)),
	)
	const tried = spaces.map((s) => {
		const error = Math.abs(sum - s.target)
		// Logged digits explain a little, never most of what is to be explained.
		const maxSlack = 0.01 * Math.max(Math.abs(s.target - base), size * relative)
		return {
			...s,
			error,
			allowed: relative * Math.max(size, Math.abs(s.target)) + Math.min(maxSlack, slack + s.slack),
		}
	})
	const best = tried.reduce((a, b) => (b.error / b.allowed < a.error / a.allowed ? b : a))
	const isAdditive = best.error <= best.allowed
	return {
		...common,
		status: isAdditive ? 'additive' : 'not-additive',
		reason: isAdditive ? null : notAdditive(tried, sum),
		space: best.space,
		sumError: best.error,
		compared: compare(input, contributions, isAdditive ? best.space : null),
	}
}

/**
 * Attributions that came without a base, from the base of the registered artefact: right ones of the same kind add up from
 * there. Undefined where that base is not known.
 */
function checkFromOurs(
	input: SentAttributions,
	contributions: Record<string, number>,
): Omit<SentCheck, 'contributions' | 'base'> | undefined {
	const { base, margin, space: own } = input.ours ?? {}
	if (base === undefined || margin === undefined) return undefined
	const space = (['log-odds', 'log', 'score'] as const).find(
		(s) => own !== undefined && sameAs[s].includes(own),
	)
	if (space === undefined) return undefined
	const values = Object.values(contributions)
	const sum = values.reduce((a, b) => a + b, base)
	const size = Math.max(1, Math.abs(base), ...values.map(Math.abs))
	const sumError = Math.abs(sum - margin)
	const isAdditive = sumError <= relative * Math.max(size, Math.abs(margin)) + roundingOf(values)
	return {
		status: isAdditive ? 'additive' : 'not-additive',
		reason: isAdditive
			? null
			: `no base came with the attributions, and from the registered artefact's own, ${digits(base)}, they sum to ${digits(sum)} instead of ${digits(margin)}; if they begin elsewhere, send their base among them as \`base\` (shap: expected_value)`,
		space,
		sumError,
		compared: compare(input, contributions, space),
	}
}

const nothing = { contributions: {}, base: null, space: null, sumError: null, compared: null }

const digits = (x: number): string => String(Number(x.toPrecision(6)))

const notAdditive = (
	tried: readonly { space: SentSpace; target: number; error: number }[],
	sum: number,
): string =>
	`base and attributions sum to ${digits(sum)}: ${tried
		.map(({ space, target, error }) => `${digits(error)} from the ${words[space]} ${digits(target)}`)
		.join(', ')}; send attributions of the same model and row, with their base`

const words: Record<SentSpace, string> = {
	score: 'score',
	'log-odds': "score's log-odds",
	log: "score's logarithm",
	margin: 'margin',
}

function parse({ attributions, base, features = [] }: SentAttributions) {
	if (typeof attributions !== 'object' || attributions === null || Array.isArray(attributions))
		return 'the attributions are no object of numbers by feature'
	const entries = Object.entries(attributions)
	if (entries.length === 0) return 'the attributions are empty'
	const wrong = entries.find(([, value]) => typeof value !== 'number' || !Number.isFinite(value))
	if (wrong) return `the attribution of ${JSON.stringify(wrong[0])} is no number`
	const all = new Map(entries as [string, number][])
	const name = baseNames.find((n) => all.has(n) && !features.includes(n))
	const sent = name === undefined ? undefined : all.get(name)
	if (name !== undefined) all.delete(name)
	return { contributions: Object.fromEntries(all), base: sent ?? base ?? null }
}

/** Half a unit of the last decimal of each number as it is written; nothing for those that have all their digits. */
function roundingOf(values: readonly number[]): number {
	return values.reduce((sum, x) => {
		const [mantissa = '', exponent = '0'] = Math.abs(x).toString().split('e')
		const [whole = '', fraction = ''] = mantissa.split('.')
		const isWhole = whole.length + fraction.length > 14 || x === 0
		return sum + (isWhole ? 0 : 0.5 * 10 ** (Number(exponent) - fraction.length))
	}, 0)
}

type Target = { space: SentSpace; target: number; slack: number }

function spacesOf({ score, margin }: SentAttributions): Target[] {
	const found: Target[] = []
	if (typeof margin === 'number') found.push({ space: 'margin', target: margin, slack: roundingOf([margin]) })
	if (score === null) return found
	const slack = roundingOf([score])
	found.push({ space: 'score', target: score, slack })
	if (score > 0 && score < 1)
		found.push({
			space: 'log-odds',
			target: Math.log(score / (1 - score)),
			slack: slack / (score * (1 - score)),
		})
	if (score > 0) found.push({ space: 'log', target: Math.log(score), slack: slack / score })
	return found
}

/** What the spaces of models are called here. */
const sameAs: Record<SentSpace, readonly string[]> = {
	score: ['probability', 'value', 'points'],
	'log-odds': ['log-odds'],
	log: ['log'],
	margin: ['log-odds', 'log', 'value', 'points'],
}

function compare(
	{ ours }: SentAttributions,
	sent: Readonly<Record<string, number>>,
	space: SentSpace | null,
): SentComparison | null {
	if (!ours) return null
	const pairs = ours.features.flatMap((feature, i) =>
		Object.hasOwn(sent, feature)
			? [{ feature, sent: sent[feature] as number, ours: ours.contributions[i] as number }]
			: [],
	)
	if (pairs.length === 0) return null
	const sameSpace = space !== null && sameAs[space].includes(ours.space)
	const apart = pairs.map((p) => ({ ...p, difference: Math.abs(p.sent - p.ours) }))
	const isOurs = new Set(ours.features)
	return {
		sameSpace,
		largest: sameSpace ? apart.reduce((a, b) => (b.difference > a.difference ? b : a)) : null,
		rankAgreement: rankAgreement(
			pairs.map((p) => Math.abs(p.sent)),
			pairs.map((p) => Math.abs(p.ours)),
		),
		notSent: ours.features.filter((f) => !Object.hasOwn(sent, f)),
		unknown: Object.keys(sent).filter((f) => !isOurs.has(f)),
	}
}
