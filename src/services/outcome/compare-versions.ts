import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import type { Bounds } from '../../stats/sequential/bounded.ts'
import { type Comparison, outcomesOf } from '../../stats/sequential/comparison.ts'
import { type Guard, type Verdict, verdict } from '../../stats/sequential/verdict.ts'
import { currentReference } from '../baseline/current-grid.ts'
import { findModel } from '../model/find-model.ts'
import { getDeployment } from '../model/get-deployment.ts'
import { type Losses, type LossName, lossesOf, lossNames } from './losses.ts'
import { pairedGains } from './paired-gains.ts'

export type VersionComparison = {
	model: string
	environment: string
	champion: string
	challenger: string
	since: string
	/** `paired`: both scored the same requests. `split`: each has requests of its own. */
	design: Comparison['design']
	outcomes: number
	loss: LossName
	verdict: Verdict['verdict']
	reason: string
	gain: { value: number | null; low: number | null; high: number | null }
	guards: { name: string; state: string; value: number | null; low: number | null; high: number | null }[]
	moreOutcomes: number | null
	note: string | null
}

export type ComparisonQuery = {
	/** Default: the challenger of the deployment, else its canary. */
	challenger?: string | undefined
	/** Predictions from this time on, ms since the epoch. Default: since the deployment. */
	from?: number | undefined
	margin?: number | undefined
	aim?: 'superior' | 'non-inferior' | undefined
}

const bounds: Partial<Record<LossName, Bounds>> = { brier: { low: 0, high: 1 }, error: { low: 0, high: 1 } }
const guardTolerance = 0.01

/**
 * A challenger against the champion since they were deployed together: may be asked at any time, as often as one likes,
 * and is wrong in at most one of twenty deployments. Throws `invalid` when there is nothing to compare.
 */
export async function compareVersions(
	context: Context,
	modelName: string,
	environment: string,
	query: ComparisonQuery = {},
): Promise<VersionComparison> {
	const model = await findModel(context, modelName)
	const deployment = await getDeployment(context, model.name, environment)
	const challenger = query.challenger ?? deployment.challenger ?? deployment.canary?.version
	if (challenger === undefined || challenger === deployment.champion)
		throw new AppError(
			'invalid',
			`${model.name} has neither challenger nor canary in ${environment}. Name one with PUT …/deployments/${environment}.`,
			{ faults: [{ path: 'challenger', message: 'there is none to compare with' }] },
		)
	const from = query.from ?? Date.parse(deployment.since)
	const period = { model, environment, from, to: context.now() + 1 }
	const paired = await pairedGains(context, period, deployment.champion, challenger)
	const [a, b] = [
		await lossesOf(context, period, deployment.champion),
		await lossesOf(context, period, challenger),
	]
	const names = lossNames(model.task, a, b)
	const comparisons = names.map((name) => comparisonOf(name, paired, a, b))
	const [primary, ...others] = comparisons
	if (!primary || !names[0])
		throw new AppError('invalid', `Versions of a ${model.task} model are not compared yet.`, {
			faults: [{ path: 'model', message: `${model.task} models have no loss that adds up row by row` }],
		})
	const guards: Guard[] = [
		...others.map((comparison, i) => ({
			name: names[i + 1] as string,
			comparison,
			tolerance: guardTolerance,
		})),
		{
			name: 'no answer',
			comparison: await unanswered(context, period, deployment.champion, challenger),
			tolerance: guardTolerance,
		},
	]
	const margin = query.margin ?? 0
	const said = verdict({ primary, guards, margin, ...(query.aim ? { aim: query.aim } : {}) })
	return {
		model: model.name,
		environment,
		champion: deployment.champion,
		challenger,
		since: formatTime(from),
		design: primary.design,
		outcomes: outcomesOf(primary),
		loss: names[0],
		verdict: said.verdict,
		reason: said.reason,
		gain: finite(said.gain),
		guards: said.guards.map(({ name, state, gain }) => ({ name, state, ...finite(gain) })),
		moreOutcomes: said.moreOutcomes,
		note: said.why ?? noteOf(primary, a, b, formatTime(from)),
	}
}

function comparisonOf(
	name: LossName,
	paired: Partial<Losses> | undefined,
	champion: Partial<Losses>,
	challenger: Partial<Losses>,
): Comparison {
	const own = bounds[name]
	const gains = paired?.[name]
	if (gains)
		return { design: 'paired', gains, ...(own ? { bounds: { low: -own.high, high: own.high } } : {}) }
	const none = { n: 0, sum: 0, squares: 0 }
	return {
		design: 'split',
		champion: champion[name] ?? none,
		challenger: challenger[name] ?? none,
		...(own ? { bounds: own } : {}),
	}
}

type Period = Parameters<typeof lossesOf>[1]

/** Requests that a version gave no answer to. */
async function unanswered(context: Context, period: Period, a: string, b: string): Promise<Comparison> {
	const sums = async (version: string) => {
		const series = (await context.log.series(period.model.name)).find(
			(s) => s.version === version && s.environment === period.environment && s.segment === '',
		)
		const { grid } = await currentReference(context, period.model.name, version)
		const profile = series && (await context.log.profile(series.id, grid, period.from, period.to))
		const errors = profile?.errors ?? 0
		return { n: profile?.rows ?? 0, sum: errors, squares: errors }
	}
	return { design: 'split', champion: await sums(a), challenger: await sums(b), bounds: { low: 0, high: 1 } }
}

const finite = ({ value, low, high }: { value: number; low: number; high: number }) => {
	const orNull = (x: number) => (Number.isFinite(x) ? x : null)
	return { value: orNull(value), low: orNull(low), high: orNull(high) }
}

function noteOf(primary: Comparison, a: Partial<Losses>, b: Partial<Losses>, since: string): string | null {
	if (outcomesOf(primary) > 0) return null
	const known = (losses: Partial<Losses>) => Math.max(0, ...Object.values(losses).map(({ n }) => n))
	return `outcomes of predictions since ${since}: ${known(a)} of the champion, ${known(b)} of the challenger`
}
