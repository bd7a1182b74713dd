import type { Estimate } from '../estimate.ts'
import {
	type Bounds,
	boundedSequence,
	growLosses,
	type LossSums,
	type SequenceOptions,
} from './confidence-sequence.ts'

/**
 * A challenger against the champion, as stored sums: gains of pairs or of matched blocks, above 0 where the challenger is
 * better, all within bounds that were known before them. `outcomes`: rows that they come from, where these are more.
 */
export type Comparison = { gains: LossSums; bounds: Bounds; outcomes?: number }

/** The mean gain, valid at every look. */
export const gainSequence = ({ gains, bounds }: Comparison, options: SequenceOptions = {}): Estimate =>
	boundedSequence(gains, bounds, options)

export const outcomesOf = ({ gains, outcomes }: Comparison): number => outcomes ?? gains.n

const grown = (comparison: Comparison, factor: number): Comparison => ({
	...comparison,
	gains: growLosses(comparison.gains, factor),
})

export type Projection = { moreOutcomes: number; reason?: never } | { moreOutcomes: null; reason: string }

/** A projection to more than this many times the outcomes so far is meaningless. */
const farthest = 1000

/**
 * Further outcomes until the sequence leaves `threshold` out, should mean and variance stay as they are; 0 when it does
 * already. Null with a reason while there is no spread, or when the gain is too close to the threshold.
 */
export function projectOutcomes(
	comparison: Comparison,
	threshold: number,
	options: SequenceOptions = {},
): Projection {
	const excludes = (factor: number) => {
		const { low, high } = gainSequence(grown(comparison, factor), options)
		return low > threshold || high < threshold
	}
	const seen = outcomesOf(comparison)
	if (Number.isNaN(gainSequence(comparison, options).value))
		return { moreOutcomes: null, reason: 'no outcomes yet' }
	if (excludes(1)) return { moreOutcomes: 0 }
	let [within, beyond] = [1, 2]
	while (!excludes(beyond)) {
		if (beyond > farthest)
			return { moreOutcomes: null, reason: 'the gain so far is too close to the margin for a projection' }
		within = beyond
		beyond *= 2
	}
	while ((beyond - within) * seen > 0.5) {
		const middle = (within + beyond) / 2
		if (excludes(middle)) beyond = middle
		else within = middle
	}
	return { moreOutcomes: Math.ceil((beyond - 1) * seen) }
}

/** A metric on which the challenger may lose at most `tolerance`. What it gains is a comparison, or an interval made of several. */
export type Guard = { name: string; tolerance: number } & (
	| { comparison: Comparison; gain?: never }
	| { comparison?: never; gain: Estimate }
)

export type Question<G extends Guard = Guard> = {
	primary: Comparison
	guards?: readonly G[]
	/** In units of the loss, >= 0; 0 by default. */
	margin?: number
	/** 'superior': better by more than the margin. 'non-inferior': not worse by more than the margin. */
	aim?: 'superior' | 'non-inferior'
}

/** `holds`: shown not to lose more than the tolerance; `broken`: shown to lose more. */
export type GuardState<G extends Guard = Guard> = {
	guard: G
	gain: Estimate
	state: 'broken' | 'holds' | 'open'
}

export type Verdict<G extends Guard = Guard> = {
	verdict: 'promote' | 'keep' | 'not-yet'
	reason: string
	/** Champion's loss less challenger's, with its always-valid interval. */
	gain: Estimate
	guards: GuardState<G>[]
	/** Further outcomes until the primary is decided at its present gain; null where `why` says so. */
	moreOutcomes: number | null
	why?: string
}

/**
 * Promote the challenger, keep the champion, or wait; may be asked after every outcome. A promotion needs the gain and
 * every guard to be shown, each by its own interval, so several guards make a wrong one no likelier; a guard that is
 * broken keeps the champion.
 */
export function verdict<G extends Guard>(question: Question<G>, options: SequenceOptions = {}): Verdict<G> {
	const { primary, margin = 0, aim = 'superior' } = question
	if (!(margin >= 0)) throw new RangeError('a margin is not negative')
	const threshold = aim === 'superior' ? margin : -margin
	const gain = gainSequence(primary, options)
	const guards = (question.guards ?? []).map((guard) => guardState(guard, options))
	const result = (
		word: Verdict['verdict'],
		reason: string,
		projection: Projection = { moreOutcomes: 0 },
	): Verdict<G> => ({
		verdict: word,
		reason,
		gain,
		guards,
		moreOutcomes: projection.moreOutcomes,
		...(projection.moreOutcomes === null ? { why: projection.reason } : {}),
	})
	const broken = guards.filter(({ state }) => state === 'broken').map(({ guard }) => guard.name)
	if (broken.length > 0) return result('keep', `the challenger breaks ${broken.join(' and ')}`)
	if (gain.high < threshold) return result('keep', keepReason(gain, threshold))
	if (!(gain.low > threshold))
		return result('not-yet', 'the gain may be on either side', projectOutcomes(primary, threshold, options))
	const open = guards.find(({ state }) => state === 'open')
	if (!open) return result('promote', promoteReason(aim, margin))
	const reason = `${open.guard.name} is not ${Number.isNaN(open.gain.value) ? 'known yet' : 'shown to hold'}`
	return result('not-yet', reason, projectGuard(open.guard, options))
}

/** Guards need not decide early among many rows, but should say something of the few rows of a small group. */
const guardTuning = { tuneAt: 300 }

function guardState<G extends Guard>(guard: G, options: SequenceOptions): GuardState<G> {
	const { tolerance } = guard
	if (!(tolerance >= 0)) throw new RangeError('a tolerance is not negative')
	const gain = guard.comparison
		? gainSequence(guard.comparison, { ...guardTuning, ...options })
		: (guard.gain as Estimate)
	const state = gain.high < -tolerance ? 'broken' : gain.low > -tolerance ? 'holds' : 'open'
	return { guard, gain, state }
}

const projectGuard = ({ comparison, tolerance }: Guard, options: SequenceOptions): Projection =>
	comparison
		? projectOutcomes(comparison, -tolerance, { ...guardTuning, ...options })
		: { moreOutcomes: null, reason: 'the gain is decided, but a guard is not' }

const keepReason = (gain: Estimate, threshold: number): string =>
	gain.high < 0
		? `the challenger is worse${threshold < 0 ? ' by more than the margin' : ''}`
		: 'the challenger is not better by the margin'

const promoteReason = (aim: Question['aim'], margin: number): string => {
	if (aim === 'non-inferior') return 'the challenger is not worse by more than the margin'
	return margin > 0 ? 'the challenger is better by more than the margin' : 'the challenger is better'
}
