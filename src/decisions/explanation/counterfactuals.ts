import { mean } from 'simple-statistics'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import {
	type Counterfactuals,
	type FoundCounterfactual,
	findCounterfactuals,
} from '../../explain/counterfactual/find-counterfactuals.ts'
import { type Observed, observe } from '../../explain/counterfactual/movable.ts'
import type { FeatureLimit } from '../../explain/manifest.ts'
import type { Model } from '../../explain/model.ts'
import { didYouMean } from '../../registry/model/find-model.ts'
import { type FoundBackground, recordsOf } from './background.ts'
import { wouldDecide } from './decision.ts'
import type {
	CounterfactualsStatus,
	Explanation,
	PartStatus,
	Reason,
	UsedBackground,
} from './explanation.schema.ts'
import { type ReadDecision, shapeOf } from './read-decision.ts'

type Part = Pick<Explanation, 'counterfactuals' | 'counterfactualsStatus'>

/** Bounds the search while a user waits; in steps, so that equal requests have equal answers. */
const searchSteps = 300
/** For models so large that even these steps take too long; the answer then says that the search was cut short. */
const searchMs = 60

const without = (status: CounterfactualsStatus, reason: string | null): Part => ({
	counterfactuals: [],
	counterfactualsStatus: { status, reason },
})

/** Why there is no search; undefined when there is one. */
function whyUnavailable(read: ReadDecision): PartStatus<CounterfactualsStatus> | undefined {
	const { adverse, replayed, opened, rule } = read
	if (adverse === false)
		return { status: 'not-adverse', reason: 'The decision did not go against the person.' }
	if (replayed.status === 'mismatched')
		return {
			status: 'withheld',
			reason:
				'The registered artefact did not give the logged score, so a change of its decision may not change that of the served model.',
		}
	if (replayed.status === 'unavailable')
		return { status: 'unavailable', reason: `The decision cannot be replayed: ${replayed.reason}.` }
	if (adverse === null)
		return {
			status: 'unavailable',
			reason: 'It is unknown whether the decision went against the person.',
		}
	if (rule.threshold === null) return { status: 'unavailable', reason: 'The model has no threshold.' }
	if (!('model' in opened))
		return {
			status: 'unavailable',
			reason: 'The model can only be run by its runtime, so the nearest change cannot be found.',
		}
	return undefined
}

type Named = {
	/** The features that may be changed. Default: those with limits. */
	movable: readonly string[] | undefined
	/** The reasons of the same explanation, and whom they compare with. */
	reasons: readonly Reason[]
	kind: UsedBackground['kind'] | undefined
	/** Only steps end the search, so that the answer is the same on any machine. */
	bySteps?: boolean
}

/**
 * The nearest changes that reverse an adverse decision. Only features with limits, or those named in `movable`, change;
 * sensitive features never do, and none against the direction of a reason. Each change is replayed before it is shown.
 * Throws `invalid` for a movable feature that the model does not have.
 */
export function counterfactualsOf(
	context: Context,
	read: ReadDecision,
	found: FoundBackground,
	named: Named,
): Part {
	const shape = shapeOf(read.opened)
	if (named.movable && shape) checkMovable(named.movable, shape.features)
	const blocked = whyUnavailable(read)
	if (blocked) return { counterfactuals: [], counterfactualsStatus: blocked }
	const { opened, stored, moment, row, rule } = read
	if (!('model' in opened) || rule.threshold === null || !stored.features) return without('unavailable', null)
	const { model, manifest } = opened
	const movable = named.movable ?? Object.keys(manifest.limits ?? {})
	if (movable.length === 0) return without('none', noLimits)
	// A knock-out rule decides by its own features, whatever the score is.
	if (named.reasons.some((r) => r.contribution === null)) return without('none', knockedOut)
	// A threshold on logged margins is also one on scores, since scores increase with their margin.
	const threshold =
		manifest.logged === 'margin'
			? (model.score(Float64Array.of(rule.threshold))[0] as number)
			: rule.threshold
	const answer = findCounterfactuals({
		model,
		row: stored.features,
		target: { threshold, side: rule.adverse === 'high' ? 'below' : 'at-or-above' },
		limits: withReasons(manifest.limits ?? {}, stored.features, found, named),
		movable,
		frozen: moment.sensitive,
		declared: row.features,
		observed: observedOf(model, found),
		budget: { now: named.bySteps ? () => 0 : context.now, ms: searchMs, steps: searchSteps },
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

const noLimits =
	'No feature has limits in the manifest of the version: name the features that a person can change with movable.'
const knockedOut = 'A knock-out rule decided, and no change of the score reverses that.'

function checkMovable(movable: readonly string[], features: readonly string[]): void {
	const unknown = movable.find((name) => !features.includes(name))
	if (unknown === undefined) return
	const message = `${JSON.stringify(unknown)} is not a feature of the model.${didYouMean(unknown, features, `It has ${features.slice(0, 20).join(', ')}.`)}`
	throw new AppError('invalid', `movable: ${message}`, { faults: [{ path: 'movable', message }] })
}

/**
 * The limits, with a direction for each feature of a reason: towards the mean of those whom reasons compare with. A feature
 * whose stated direction is the opposite does not move.
 */
function withReasons(
	limits: Readonly<Record<string, FeatureLimit>>,
	row: Readonly<Record<string, unknown>>,
	{ content }: FoundBackground,
	{ reasons, kind }: Named,
): Record<string, FeatureLimit> {
	const compared = kind === 'all-applicants' ? content.all : content.near
	const directed = reasons
		.flatMap((r) => r.features)
		.map((feature): [string, FeatureLimit] => {
			const limit = Object.hasOwn(limits, feature) ? (limits[feature] as FeatureLimit) : {}
			const column = content.features.indexOf(feature)
			const numbers = compared.map((values) => values[column]).filter((v) => typeof v === 'number')
			const value = row[feature]
			if (numbers.length === 0 || typeof value !== 'number') return [feature, limit]
			const direction = value > mean(numbers) ? 'decrease' : 'increase'
			const isOpposed = limit.direction !== undefined && limit.direction !== direction
			return [feature, isOpposed ? { immutable: true } : { ...limit, direction }]
		})
	return { ...limits, ...Object.fromEntries(directed) }
}

// The features of a background are observed once.
const known = new WeakMap<FoundBackground['content'], ReadonlyMap<string, Observed>>()

function observedOf(model: Model, { content }: FoundBackground): ReadonlyMap<string, Observed> {
	const before = known.get(content)
	if (before) return before
	const made = observe(recordsOf(content, content.all), model.features)
	known.set(content, made)
	return made
}
