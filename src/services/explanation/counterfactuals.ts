import type { Context } from '../../context.ts'
import {
	type Counterfactuals,
	type FoundCounterfactual,
	findCounterfactuals,
} from '../../explain/counterfactual/find-counterfactuals.ts'
import { type Observed, observe } from '../../explain/counterfactual/observed.ts'
import type { Model } from '../../explain/model.ts'
import { recordsOf } from './background.ts'
import { wouldDecide } from './decision.ts'
import type { CounterfactualsStatus, Explanation, PartStatus } from './explanation.ts'
import type { FoundBackground } from './find-background.ts'
import type { ReadDecision } from './read-decision.ts'

type Part = Pick<Explanation, 'counterfactuals' | 'counterfactualsStatus'>

/** Bounds the search, since somebody waits; by steps, so that the same question has the same answer. */
const searchSteps = 300
/** For models so large that even these take too long: then the answer says that it was cut short. */
const searchMs = 60

const without = (status: CounterfactualsStatus, reason: string | null): Part => ({
	counterfactuals: [],
	counterfactualsStatus: { status, reason },
})

/** Why none are searched for; undefined when they are. */
function obstacle(read: ReadDecision): PartStatus<CounterfactualsStatus> | undefined {
	const { adverse, replayed, opened, rule } = read
	if (adverse === false)
		return { status: 'not-adverse', reason: 'The decision did not go against the person.' }
	if (replayed.status === 'mismatched')
		return {
			status: 'withheld',
			reason:
				'The registered artefact did not give the logged score: what changes its answer need not change that of the served model.',
		}
	if (replayed.status === 'unavailable')
		return { status: 'unavailable', reason: `The decision cannot be replayed: ${replayed.reason}.` }
	if (adverse === null)
		return {
			status: 'unavailable',
			reason: 'It cannot be told whether the decision went against the person.',
		}
	if (rule.threshold === null)
		return { status: 'unavailable', reason: 'The model has no threshold that a score could be brought over.' }
	if (!('model' in opened))
		return {
			status: 'unavailable',
			reason: 'The model is only run by its runtime: nothing nearest can be shown.',
		}
	return undefined
}

/**
 * The nearest changes that turn an adverse decision, of features that a person can move; sensitive ones never. Each is
 * replayed before it is shown.
 */
export function counterfactualsOf(context: Context, read: ReadDecision, found: FoundBackground): Part {
	const blocked = obstacle(read)
	if (blocked) return { counterfactuals: [], counterfactualsStatus: blocked }
	const { opened, stored, moment, row, rule } = read
	if (!('model' in opened) || rule.threshold === null || !stored.features) return without('unavailable', null)
	const { model, manifest } = opened
	// A threshold on logged margins is one on scores too: scores grow with their margin.
	const threshold =
		manifest.logged === 'margin'
			? (model.score(Float64Array.of(rule.threshold))[0] as number)
			: rule.threshold
	const answer = findCounterfactuals({
		model,
		row: stored.features,
		target: { threshold, side: rule.adverse === 'high' ? 'below' : 'at-or-above' },
		limits: manifest.limits,
		frozen: moment.sensitive,
		declared: row.features,
		observed: observedOf(model, found),
		budget: { now: context.now, ms: searchMs, steps: searchSteps },
	})
	return toPart(answer, (c) => {
		const score = manifest.logged === 'margin' ? c.margin : c.score
		return { ...c, score, decision: wouldDecide(rule, score, found.content.opposite).decision }
	})
}

function toPart(
	answer: Counterfactuals,
	decided: (found: FoundCounterfactual) => FoundCounterfactual & { decision: string | null },
): Part {
	if (answer.status === 'none') return without('none', `None found within these limits: ${answer.reason}.`)
	return {
		counterfactuals: answer.counterfactuals
			.map(decided)
			.map(({ changes, from, score, decision, proven }) => ({
				changes,
				from,
				score,
				decision: decision ?? '',
				proven,
			})),
		counterfactualsStatus: { status: 'ok', reason: null },
	}
}

// What features are like is read off a background once.
const known = new WeakMap<FoundBackground['content'], ReadonlyMap<string, Observed>>()

function observedOf(model: Model, { content }: FoundBackground): ReadonlyMap<string, Observed> {
	const before = known.get(content)
	if (before) return before
	const made = observe(recordsOf(content, content.all), model.features)
	known.set(content, made)
	return made
}
