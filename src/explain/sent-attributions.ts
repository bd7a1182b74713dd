import { rankAgreement } from '../stats/ranks.ts'

/** What sent attributions may add up to: the score, its logit, its logarithm, or a margin that was sent too. */
export type SentSpace = 'score' | 'log-odds' | 'log' | 'margin'

export type SentAttributions = {
	/** As logged with the prediction: a number by feature, and perhaps a base under one of its usual names. */
	attributions: unknown
	/** The logged score, or null. */
	score: number | null
	/** The logged raw margin, if there is one. */
	margin?: number | null
	/** The base of the attributions, when it was sent separately or is known otherwise. */
	base?: number | null
	/** Names of the model's features, which are never taken as the base. */
	features?: readonly string[]
	/** The registered artefact's contributions for the same row, and their space. */
	ours?: {
		features: readonly string[]
		contributions: ArrayLike<number>
		space: string
		/** The base and margin of ours, if from the file's own expectations; attributions without a base are checked by them. */
		base?: number | undefined
		margin?: number | undefined
	}
}

export type SentCheck = {
	/** `additive`: base + attributions give the score. `unknown`: cannot be checked. `malformed`: they are not numbers. */
	status: 'additive' | 'not-additive' | 'unknown' | 'malformed'
	/** What fails or is missing, and what to do; null when they add up. */
	reason: string | null
	/** As sent, without the base. */
	contributions: Record<string, number>
	base: number | null
	/** The space in which they add up, or come nearest. Null without a base or a score. */
	space: SentSpace | null
	/** The distance of base + attributions from the score in that space. */
	sumError: number | null
	/** Compared with ours; null when no feature is in common. */
	compared: SentComparison | null
}

export type SentComparison = {
	/** False when the spaces differ; then only ranks can be compared. */
	sameSpace: boolean
	largest: { feature: string; sent: number; ours: number; difference: number } | null
	/** Spearman's rho of the absolute values over the features in common; null for fewer than three. */
	rankAgreement: number | null
	/** Features of the model that were not sent, and names that the model does not have. */
	notSent: string[]
	unknown: string[]
}

/** Names of the base in libraries: XGBoost's bias, shap's expected value and base value. */
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

/** Attributions are in float32 and logged scores are often rounded: sums within this tolerance are equal. */
const relative = 1e-5

/**
 * Checks attributions that a service sent with its prediction: whether base + attributions give the logged score in any
 * space, within the precision of the logged digits; and compares them with ours when there is an artefact. Without a base
 * they cannot be checked, and the status is `unknown`.
 */
export function checkSentAttributions(input: SentAttributions): SentCheck {
	const parsed = parse(input)
	if (typeof parsed === 'string') return { ...nothing, status: 'malformed', reason: parsed }
	const { contributions, base } = parsed
	const common = { contributions, base }
	const spaces = spacesOf(input)
	const fromComputed = base === null ? checkFromComputed(input, contributions) : undefined
	if (fromComputed) return { ...common, ...fromComputed }
	if (base === null || spaces.length === 0) {
		const reason =
			base === null
				? 'no base was sent with the attributions, so it is unknown whether they add up to the score; send it among them as `base` (shap: expected_value)'
				: 'no score is logged for the attributions to add up to'
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
		// Rounding of logged digits explains a little of the difference, never most of it.
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
 * Checks attributions without a base from the base of the registered artefact, from which correct ones of the same kind add
 * up. Undefined when that base is unknown.
 */
function checkFromComputed(
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
			: `no base was sent with the attributions, and from the registered artefact's base ${digits(base)} they sum to ${digits(sum)} instead of ${digits(margin)}; if their base differs, send it among them as \`base\` (shap: expected_value)`,
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
		return 'the attributions are not an object of numbers by feature'
	const entries = Object.entries(attributions)
	if (entries.length === 0) return 'the attributions are empty'
	const wrong = entries.find(([, value]) => typeof value !== 'number' || !Number.isFinite(value))
	if (wrong) return `the attribution of ${JSON.stringify(wrong[0])} is not a number`
	const all = new Map(entries as [string, number][])
	const name = baseNames.find((n) => all.has(n) && !features.includes(n))
	const sent = name === undefined ? undefined : all.get(name)
	if (name !== undefined) all.delete(name)
	return { contributions: Object.fromEntries(all), base: sent ?? base ?? null }
}

/** Half a unit of the last decimal of each number as written; 0 for numbers with all their digits. */
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

/** The spaces of models that each space of sent attributions can be. */
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
	const isComputed = new Set(ours.features)
	return {
		sameSpace,
		largest: sameSpace ? apart.reduce((a, b) => (b.difference > a.difference ? b : a)) : null,
		rankAgreement: rankAgreement(
			pairs.map((p) => Math.abs(p.sent)),
			pairs.map((p) => Math.abs(p.ours)),
		),
		notSent: ours.features.filter((f) => !Object.hasOwn(sent, f)),
		unknown: Object.keys(sent).filter((f) => !isComputed.has(f)),
	}
}
