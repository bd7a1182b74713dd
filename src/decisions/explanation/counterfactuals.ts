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

/** Bounds the search, since somebody waits; by steps, so that the same question has the same answer. */
const searchSteps = 300
/** For models so large that even these take too long: then the answer says that it was cut short. */
const searchMs = 60

const without = (status: CounterfactualsStatus, reason: string | null): Part => ({
	counterfactuals: [],
	counterfactualsStatus: { status, reason },
})

/** Why none are searched for; undefined when they are. */
function whyUnavailable(read: ReadDecision): PartStatus<CounterfactualsStatus> | undefined {
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

type Named = {
	/** The features that may be moved. Default: those with limits. */
	movable: readonly string[] | undefined
	/** The reasons of the same answer, and whom they compare with. */
	reasons: readonly Reason[]
	kind: UsedBackground['kind'] | undefined
}

/**
 * The nearest changes that turn an adverse decision. Only features move that have limits or were asked for; sensitive ones
 * never, and none away from what a reason asks for. Each is replayed before it is shown. Throws `invalid` for a movable
 * feature that the model does not have.
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
	// A knock-out rule turns on its own features, whatever the score is.
	if (named.reasons.some((r) => r.contribution === null)) return without('none', knockedOut)
	// A threshold on logged margins is one on scores too: scores grow with their margin.
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

const noLimits =
	'No feature has limits in the manifest of the version: name those that a person can change with movable.'
const knockedOut = 'A knock-out rule decided, and no change of the score turns that.'

function checkMovable(movable: readonly string[], features: readonly string[]): void {
	const unknown = movable.find((name) => !features.includes(name))
	if (unknown === undefined) return
	const message = `${JSON.stringify(unknown)} is no feature of the model.${didYouMean(unknown, features, `It has ${features.slice(0, 20).join(', ')}.`)}`
	throw new AppError('invalid', `movable: ${message}`, { faults: [{ path: 'movable', message }] })
}

/**
 * Limits that keep a feature which is a reason on the way that the reason asks for: towards the mean of those whom reasons
 * compare with. Where the stated direction is the other one, it stays.
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

// What features are like is read off a background once.
const known = new WeakMap<FoundBackground['content'], ReadonlyMap<string, Observed>>()

function observedOf(model: Model, { content }: FoundBackground): ReadonlyMap<string, Observed> {
	const before = known.get(content)
	if (before) return before
	const made = observe(recordsOf(content, content.all), model.features)
	known.set(content, made)
	return made
}
