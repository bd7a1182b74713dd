import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import { getDeployment } from '../../registry/deployment/get-deployment.ts'
import { findModel } from '../../registry/model/find-model.ts'
import type { Estimate } from '../../stats/estimate.ts'
import { type Comparison, type GuardState, outcomesOf, verdict } from '../../stats/sequential/comparison.ts'
import { modelLabels } from '../../summaries/outcomes/label.ts'
import { type OutcomeSpec, outcomeSpec } from '../../summaries/outcomes/make-join-index.ts'

import { type Compared, comparedRows, type Period } from './compared-rows.ts'
import type { VersionComparison } from './comparison.schema.ts'
import { defaultTolerances, guardsOf, type Tolerances, type VersionGuard } from './comparison-guards.ts'
import { absoluteError, clipLimit, type Loss, lossesOf, matchLosses } from './losses.ts'
import { selectionOf } from './selective-outcomes.ts'

type Numbers = { value: number | null; low: number | null; high: number | null }

export type ComparisonQuery = {
	/** Default: the challenger of the deployment, else its canary. */
	challenger?: string | undefined
	/** Predictions from this time on, ms since the epoch. Default: since the deployment. */
	from?: number | undefined
	margin?: number | undefined
	aim?: 'superior' | 'non-inferior' | undefined
	tolerance?: number | undefined
	groupTolerance?: number | undefined
}

/**
 * Compares a challenger with the champion since they were deployed together. Valid at any time and however often it is
 * read: it promotes a version that is no better in at most one of twenty deployments. Throws `invalid` when there is
 * nothing to compare.
 */
export async function compareVersions(
	context: Context,
	modelName: string,
	environment: string,
	query: ComparisonQuery = {},
): Promise<VersionComparison> {
	const model = await findModel(context, modelName)
	const deployment = await getDeployment(context, model.name, environment)
	const { champion } = deployment
	const challenger = query.challenger ?? deployment.challenger ?? deployment.canary?.version
	if (challenger === undefined || challenger === champion)
		throw new AppError('invalid', `${model.name} has neither challenger nor canary in ${environment}.`, {
			faults: [{ path: 'challenger', message: 'there is none to compare with' }],
			hint: { to: 'set-challenger', model: model.name, environment },
		})
	if (model.task === 'ranking')
		throw new AppError('invalid', `Versions of a ${model.task} model are not compared yet.`, {
			faults: [{ path: 'model', message: `${model.task} models have no loss that adds up row by row` }],
		})
	const from = query.from ?? Date.parse(deployment.since)
	const period = { model, environment, from, to: context.now() + 1 }
	const matches = await matchVersions(context, period, { champion, challenger })
	return {
		model: model.name,
		environment,
		champion,
		challenger,
		since: formatTime(from),
		design: matches.compared.design,
		method: 'empirical-bernstein',
		...decide(matches, query),
	}
}

type Matches = { compared: Compared; spec: OutcomeSpec; losses: Loss[]; since: number }

/** The rows of both versions, and the losses by which they can be compared. */
async function matchVersions(
	context: Context,
	period: Period,
	versions: { champion: string; challenger: string },
): Promise<Matches> {
	const { model, from: since } = period
	const { threshold } = model
	// The champion's bins for both, so that both have the same bands.
	const { bins } = await currentReference(context, model.name, versions.champion)
	const spec = outcomeSpec({ ...model, rule: { ...modelLabels(model), threshold } }, model.bands, bins)
	const compared = await comparedRows(context, period, spec, versions)
	if (model.task !== 'regression')
		return { compared, spec, losses: lossesOf(model.task, compared, undefined), since }
	const { limit, from } = await clipLimit(context, period, spec, versions.champion, compared)
	compared.items = compared.items.filter((item) => ((item.champion ?? item.challenger)?.at ?? 0) >= from)
	return { compared, spec, losses: lossesOf(model.task, compared, limit), since }
}

type Decision = Omit<
	VersionComparison,
	'model' | 'environment' | 'champion' | 'challenger' | 'since' | 'design' | 'method'
>

const nothing: Estimate = { value: Number.NaN, low: Number.NaN, high: Number.NaN }

function decide({ compared, spec, losses, since }: Matches, query: ComparisonQuery): Decision {
	const [loss] = losses
	const base = { ...clipping(compared, loss), loss: loss?.name ?? ('absolute' as const) }
	const tolerances: Tolerances = {
		all: query.tolerance ?? defaultTolerances.all,
		group: query.groupTolerance ?? defaultTolerances.group,
	}
	const guards = guardsOf(compared, spec, losses, tolerances)
	const primary = loss ? primaryOf(compared, loss) : nothingYet
	const { margin = 0, aim } = query
	const unit = loss?.unit ?? 1
	const result = verdict({ primary, guards, margin: margin / unit, ...(aim ? { aim } : {}) })
	const common = { ...base, outcomes: outcomesOf(primary) }
	const selection = selectionOf(compared)
	if (selection?.state === 'selective')
		return {
			...common,
			verdict: 'selective',
			reason: selection.reason,
			gain: finite(nothing, 1),
			guards: [],
			moreOutcomes: null,
			note: 'compare them on rows whose outcomes are known whatever was decided, or score the same requests with both',
		}
	const isOpen = selection !== undefined || !loss
	return {
		...common,
		verdict: isOpen ? 'not-yet' : result.verdict,
		reason:
			selection?.reason ??
			(loss ? result.reason : 'a limit for errors needs 100 of the champion, not nearly all of them 0'),
		gain: finite(result.gain, unit),
		guards: result.guards.map(toGuard),
		moreOutcomes: isOpen ? null : result.moreOutcomes,
		note: result.why ?? noteOf(primary, compared, since),
	}
}

const nothingYet: Comparison = { gains: { n: 0, sum: 0, squares: 0 }, bounds: { low: -1, high: 1 } }

function primaryOf(compared: Compared, { of }: Loss): Comparison {
	const { gains, rows } = matchLosses(compared, of)
	return { gains, bounds: { low: -1, high: 1 }, outcomes: rows }
}

function clipping({ items }: Compared, loss: Loss | undefined): Pick<Decision, 'clippedAt' | 'clipped'> {
	if (loss?.name !== 'absolute') return { clippedAt: null, clipped: null }
	const errors = items
		.flatMap(({ champion, challenger }) => [champion, challenger].filter((row) => row !== undefined))
		.map(absoluteError)
		.filter(Number.isFinite)
	const beyond = errors.filter((error) => error > loss.unit).length
	return { clippedAt: loss.unit, clipped: errors.length > 0 ? beyond / errors.length : null }
}

const toGuard = ({ guard, gain, state }: GuardState<VersionGuard>): VersionComparison['guards'][number] => ({
	metric: guard.metric,
	...(guard.group === undefined ? {} : { group: guard.group }),
	name: guard.name,
	champion: orNull(guard.champion * guard.unit),
	challenger: orNull(guard.challenger * guard.unit),
	...finite(gain, guard.unit),
	tolerance: guard.tolerance * guard.unit,
	state,
	holds: state === 'holds',
})

const orNull = (x: number): number | null => (Number.isFinite(x) ? x : null)
const finite = ({ value, low, high }: Estimate, unit: number): Numbers => ({
	value: orNull(value * unit),
	low: orNull(low * unit),
	high: orNull(high * unit),
})

function noteOf(primary: Comparison, { items }: Compared, since: number): string | null {
	if (primary.gains.n > 0) return null
	const known = (side: 'champion' | 'challenger') => items.filter((item) => item[side]?.actual).length
	return `outcomes of predictions since ${formatTime(since)}: ${known('champion')} of the champion, ${known('challenger')} of the challenger`
}
