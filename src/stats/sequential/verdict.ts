import type { Estimate } from '../estimate.ts'
import { type Comparison, gainSequence, type Projection, projectOutcomes } from './comparison.ts'
import type { SequenceOptions } from './options.ts'

/** A metric on which the challenger may lose at most `tolerance` (in units of its loss). */
export type Guard = {
	name: string
	comparison: Comparison
	tolerance: number
	/** Promotion waits until the guard is shown to hold; by default it is enough that it is not shown to be broken. */
	mustHold?: boolean
}

export type Question = {
	primary: Comparison
	guards?: readonly Guard[]
	/** In units of the loss, >= 0; 0 by default. */
	margin?: number
	/** 'superior': better by more than the margin. 'non-inferior': not worse by more than the margin. */
	aim?: 'superior' | 'non-inferior'
}

export type GuardState = { name: string; gain: Estimate; state: 'broken' | 'holds' | 'open' }

export type Verdict = {
	verdict: 'promote' | 'keep' | 'not yet'
	reason: string
	/** Champion's loss less challenger's, with its always-valid interval. */
	gain: Estimate
	guards: GuardState[]
	/** Further outcomes until the primary is decided at its present gain; null where `why` says so. */
	moreOutcomes: number | null
	why?: string
}

/**
 * Promote the challenger, keep the champion, or wait; may be asked after every outcome. With k guards some guard is
 * broken by chance in at most k alpha of runs: pass each its share of alpha where that is too much.
 */
export function verdict(question: Question, options: SequenceOptions = {}): Verdict {
	const { primary, margin = 0, aim = 'superior' } = question
	if (!(margin >= 0)) throw new RangeError('a margin is not negative')
	const threshold = aim === 'superior' ? margin : -margin
	const gain = gainSequence(primary, options)
	const guards = (question.guards ?? []).map((guard) => guardState(guard, options))
	const answer = (word: Verdict['verdict'], reason: string, projection: Projection): Verdict => ({
		verdict: word,
		reason,
		gain,
		guards,
		moreOutcomes: projection.moreOutcomes,
		...(projection.moreOutcomes === null ? { why: projection.reason } : {}),
	})
	const broken = guards.filter(({ state }) => state === 'broken').map(({ name }) => name)
	if (broken.length > 0)
		return answer('keep', `the challenger breaks ${broken.join(', ')}`, { moreOutcomes: 0 })
	if (gain.high < threshold) return answer('keep', keepReason(gain, threshold), { moreOutcomes: 0 })
	if (!(gain.low > threshold))
		return answer('not yet', 'the gain may be on either side', projectOutcomes(primary, threshold, options))
	const waiting = (question.guards ?? []).find(
		({ mustHold }, i) => mustHold === true && guards[i]?.state === 'open',
	)
	if (waiting !== undefined)
		return answer(
			'not yet',
			`${waiting.name} is not shown to hold`,
			projectOutcomes(waiting.comparison, -waiting.tolerance, options),
		)
	return answer('promote', promoteReason(aim, margin), { moreOutcomes: 0 })
}

function guardState({ name, comparison, tolerance }: Guard, options: SequenceOptions): GuardState {
	if (!(tolerance >= 0)) throw new RangeError('a tolerance is not negative')
	const gain = gainSequence(comparison, options)
	const state = gain.high < -tolerance ? 'broken' : gain.low > -tolerance ? 'holds' : 'open'
	return { name, gain, state }
}

const keepReason = (gain: Estimate, threshold: number): string =>
	gain.high < 0
		? `the challenger is worse${threshold < 0 ? ' by more than the margin' : ''}`
		: 'the challenger is not better by the margin'

const promoteReason = (aim: Question['aim'], margin: number): string => {
	if (aim === 'non-inferior') return 'the challenger is not worse by more than the margin'
	return margin > 0 ? 'the challenger is better by more than the margin' : 'the challenger is better'
}
