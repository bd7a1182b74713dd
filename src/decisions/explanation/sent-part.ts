import type { Space } from '../../explain/model.ts'
import { checkSentAttributions, type SentCheck } from '../../explain/sent-attributions.ts'
import type { AttributedPart } from './attribute-decision.ts'
import { rankedContributions } from './contributions.ts'
import type { Explainer } from './explainer.ts'
import type { Explanation } from './explanation.schema.ts'
import type { FoundBackground } from './find-background.ts'
import type { ReadDecision } from './read-decision.ts'

const toSummary = ({ status, reason, compared }: SentCheck): NonNullable<Explanation['sent']> => ({
	status,
	reason,
	largest: compared?.largest ?? null,
	rankAgreement: compared?.rankAgreement ?? null,
})

/** Attributions that came with the prediction, beside those of the artefact; null where none were sent. */
export function sentSummary(
	{ stored, score }: ReadDecision,
	{ features, space }: Explainer['shape'],
	{ contributions, ...own }: { contributions: Float64Array; base?: number; margin?: number },
): Explanation['sent'] {
	if (stored.attributions === undefined) return null
	const ours = { features, contributions, space, ...own }
	return toSummary(checkSentAttributions({ attributions: stored.attributions, score, features, ours }))
}

/**
 * The service's own attributions as the answer, where there is no artefact: `unavailable` when they contradict the score.
 * Undefined when none were sent.
 */
export function sentPart(read: ReadDecision, found: FoundBackground): AttributedPart | undefined {
	const { stored, score, row } = read
	if (stored.attributions === undefined) return undefined
	const features = row.features.map((f) => f.name)
	const check = checkSentAttributions({ attributions: stored.attributions, score, features })
	const isUsable = check.status === 'additive' || check.status === 'unknown'
	const names = Object.keys(check.contributions)
	const values = names.map((name) => check.contributions[name] as number)
	const shown = { features: stored.features ?? {}, specs: row.features, background: found.content }
	const sum = values.reduce((a, b) => a + b, 0)
	return {
		explanation: isUsable
			? { status: 'sent', reason: check.reason }
			: { status: 'unavailable', reason: `the attributions that were sent cannot be shown: ${check.reason}` },
		against: isUsable ? 'sender' : null,
		method: isUsable ? 'sent' : null,
		space: isUsable ? spaceOf(check, read) : null,
		output: null,
		base: isUsable ? check.base : null,
		margin: isUsable && check.base !== null ? check.base + sum : null,
		contributions: isUsable ? rankedContributions(names, values, shown) : [],
		sumError: isUsable ? check.sumError : null,
		probability: null,
		notes: [],
		sent: toSummary(check),
	}
}

function spaceOf({ space }: SentCheck, { rule }: ReadDecision): Space | null {
	const isScore = rule.task === 'binary' || rule.task === 'multiclass'
	if (space === 'score') return isScore ? 'probability' : 'value'
	if (space === 'margin') return isScore ? 'log-odds' : 'value'
	return space
}
