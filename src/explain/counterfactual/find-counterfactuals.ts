import type { FeatureLimit } from '../manifest.ts'
import type { DeclaredFeature, Model } from '../model.ts'
import { additiveSpace } from './additive-space.ts'
import { type Axis, axisOf, changed } from './axis.ts'
import { movableFeatures, type Observed } from './movable.ts'
import { type Budget, changesAt, costOf, greedy, type Landing, type Space, search } from './search.ts'
import { type Aim, aimOf, type Target } from './target.ts'
import { treeSpace } from './tree-space.ts'

export type CounterfactualInput = {
	model: Model
	/** The features as logged. */
	row: Readonly<Record<string, unknown>>
	target: Target
	/** How far features may change: the manifest's `limits`. */
	limits?: Readonly<Record<string, FeatureLimit>> | undefined
	/** The features that may change. Default: all. */
	movable?: readonly string[] | undefined
	/** The model's sensitive attributes. */
	frozen: readonly string[]
	declared?: readonly DeclaredFeature[] | undefined
	/** The features of logged rows: `observe(rows, model.features)`. */
	observed: ReadonlyMap<string, Observed>
	/** The maximum number of features that change together. Default 3. */
	maxChanges?: number
	/** The number of answers, each with other features. Default 3. */
	answers?: number
	/** `ms` and `steps` bound the search; a search cut short returns what it has found. */
	budget: Budget
}

/** A change that reverses the decision, replayed by the model. */
export type FoundCounterfactual = {
	changes: Record<string, unknown>
	/** The same features as logged. */
	from: Record<string, unknown>
	/** Sum of |change| / typical distance (1 for another category), plus 0.1 for every changed feature. */
	distance: number
	score: number
	margin: number
	/** No nearer change exists within the limits, except changes of all the features of an earlier answer. */
	proven: boolean
}

export type Counterfactuals =
	| { status: 'found'; counterfactuals: FoundCounterfactual[] }
	/** `proven`: no change within these limits reverses the decision. Else the search was cut short or is not exact. */
	| { status: 'none'; proven: boolean; reason: string }

/** Changing one feature fewer is worth a tenth of a typical distance. */
const changeCost = 0.1

/**
 * The nearest changes of a row that bring its score to the other side of the threshold. Exact for linear models, scorecards
 * and trees with one output, by best-first branch and bound; other models are tried at values of other rows. Protected,
 * immutable, linked and missing features never change. Throws FeatureError for a row that cannot be scored.
 */
export function findCounterfactuals(input: CounterfactualInput): Counterfactuals {
	const { model, row, target, maxChanges = 3, answers = 3, budget, observed } = input
	if (model.outputs !== 1)
		return none(false, 'the model has several classes, and a threshold does not say which score is to change')
	const aim = aimOf(model, row, target)
	if (aim === 'there') return none(true, 'the score is already on that side of the threshold')
	if (aim === 'beyond') return none(true, `the model gives no score ${words(target)}`)
	const bounds = { ...input, limits: input.limits ?? {}, declared: input.declared ?? [] }
	const movable = movableFeatures(bounds)
	const axes = movable.flatMap((m) => {
		const seen = observed.get(m.feature)
		return axisOf(model, row, m, seen?.kind === 'number' ? seen.values : []) ?? []
	})
	if (axes.length === 0) return none(true, 'no feature may change within these limits')
	const space = spaceOf(model, row, axes, aim)
	const { landings, complete } = search(space, maxChanges, answers, budget)
	const isExact = model.structure !== undefined
	if (landings.length > 0)
		return { status: 'found', counterfactuals: landings.map((l) => replayed(row, aim, l, isExact)) }
	if (complete && isExact)
		return none(true, `no change of at most ${maxChanges} features within these limits reverses the decision`)
	const other = complete ? undefined : greedy(space, row, aim, maxChanges, { ...budget, ms: budget.ms / 2 })
	if (other) return { status: 'found', counterfactuals: [replayed(row, aim, other, false)] }
	return none(
		false,
		complete
			? `no change of at most ${maxChanges} features to values of other rows reverses the decision`
			: 'the search ran out of time',
	)
}

const none = (proven: boolean, reason: string): Counterfactuals => ({ status: 'none', proven, reason })

const words = ({ threshold, side }: Target) => `${side === 'below' ? 'below' : 'of at least'} ${threshold}`

function spaceOf(model: Model, row: CounterfactualInput['row'], axes: readonly Axis[], aim: Aim): Space {
	const { structure } = model
	if (structure?.kind === 'additive') return additiveSpace(row, axes, aim, changeCost)
	if (structure?.kind === 'trees') return treeSpace(model, structure, row, axes, aim, changeCost)
	const space: Space = {
		axes,
		changeCost,
		gain: (box) => aim.sign * (aim.marginOf(changed(row, changesAt(axes, box))) - aim.margin),
		lower: (box) => costOf(space, box),
		land(box) {
			const changes = changesAt(axes, box)
			return aim.reached(changed(row, changes)) && { changes, cost: costOf(space, box) }
		},
	}
	return space
}

function replayed(
	row: CounterfactualInput['row'],
	aim: Aim,
	{ changes, cost }: Landing,
	proven: boolean,
): FoundCounterfactual {
	const at = aim.reached(changed(row, changes))
	if (!at) throw new Error('a counterfactual did not replay')
	return {
		changes: Object.fromEntries(changes),
		from: Object.fromEntries(changes.map(([name]) => [name, row[name]])),
		distance: cost,
		...at,
		proven,
	}
}
