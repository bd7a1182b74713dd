import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { favourableIn, labelOf } from '../../registry/model/favourable.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { missingGroup } from '../../summaries/outcomes/make-join-index.ts'
import { readPoints } from '../windows/read-points.ts'
import {
	type ChosenSeries,
	chooseSeries,
	isEvaluated,
	lastMature,
	readWindows,
	trendWindows,
	type WindowPoints,
} from '../windows/recent-windows.ts'
import { attributesOf } from './audit-scope.ts'

/** `namesSmall` false: groups of few rows are left out. */
export type BiasQuery = {
	attribute?: string | undefined
	window: WindowSize
	environment?: string | undefined
	namesSmall?: boolean
}

/** One attribute in one window: its metrics, in the order of `biasMetrics`, and the selection rates of its groups. */
export type AttributeBias = {
	attribute: string
	points: MetricPoint[]
	rates: MetricPoint[]
}

/** How the groups of a model's sensitive attributes fare, for a message. */
export type ModelBias = {
	model: string
	chosen: ChosenSeries
	at: WindowPoints
	/** The name of the favourable decision; undefined while none is declared. */
	favourable: string | undefined
	attributes: readonly AttributeBias[]
	/** Groups of fewer rows are not compared. */
	minGroup: number
	/** Attributes of the model without a known group in the window. */
	unseen: readonly string[]
	/** Intersections whose groups do not differ by more than chance. */
	alike: readonly string[]
	/** A later window that is over: its selections are final, its outcomes are not. */
	newer: { window: MetricPoint['window']; attributes: AttributeBias[] } | undefined
}

const fourFifths = 'fairness.four_fifths'
const rate = 'fairness.selection_rate'
const biasMetrics = [
	fourFifths,
	'fairness.disparate_impact',
	'fairness.demographic_parity_ratio',
	'fairness.demographic_parity_difference',
	'fairness.equal_opportunity_difference',
	'fairness.equalized_odds_difference',
	'fairness.calibration_gap',
	'fairness.mean_score_difference',
	'fairness.smd',
] as const
const maxPoints = 10_000
const significant = 0.05
const between = ' x '

/** The names that a query may choose an attribute by. */
export const attributeNames = (model: Pick<ModelRow, 'sensitive'>): string[] =>
	attributesOf(model).map(({ name }) => name)

/** Fairness in the last mature window, else in the last one; undefined when nothing was computed. */
export async function readBias(
	context: Context,
	model: ModelRow,
	{ attribute, window, environment, namesSmall = true }: BiasQuery,
): Promise<ModelBias | undefined> {
	const chosen = await chooseSeries(context, model, window, { environment })
	if (!chosen) return undefined
	const { at, over } = await chooseWindow(context, model, chosen)
	if (!at) return undefined
	const side = await favourableIn(context, model, chosen.series.version)
	const all = await readAttributes(context, chosen, at.from, { attribute, namesSmall })
	const wanted = attribute === undefined ? model.sensitive : [attribute]
	const own = wanted.flatMap((name) => all.find((a) => a.attribute === name && isSeen(a)) ?? [])
	const unseen = wanted.filter((name) => !own.some((a) => a.attribute === name))
	const pairs = all.filter(
		(a) =>
			!model.sensitive.includes(a.attribute) &&
			a.attribute !== attribute &&
			!unseen.some((u) => a.attribute.startsWith(u + between) || a.attribute.endsWith(between + u)),
	)
	const differing = pairs.filter((a) => minQ(a) <= significant).sort((a, b) => minQ(a) - minQ(b))
	return {
		model: model.name,
		chosen,
		at,
		favourable: side && labelOf(model, side),
		attributes: [...own, ...differing],
		minGroup: defaultMinGroup,
		unseen,
		alike: pairs.filter((a) => !differing.includes(a)).map((a) => a.attribute),
		newer:
			over && over.from > at.from
				? await readImpacts(context, chosen, over, { wanted, namesSmall })
				: undefined,
	}
}

/** False where the only group is the rows whose value is missing. */
const isSeen = ({ attribute, rates }: AttributeBias): boolean =>
	rates.some((r) => r.subject.group !== `${attribute}=${missingGroup}`)

const minQ = ({ points }: AttributeBias): number => Math.min(...points.map((a) => a.q ?? 1))

/**
 * `at`: the last mature window, of those with outcomes if there are, else the last that is over, else the one that is open.
 * `over`: the last that is over.
 */
async function chooseWindow(context: Context, model: ModelRow, chosen: ChosenSeries) {
	const size = windowMs[chosen.window]
	const end = chosen.newest + size
	const read = (from: number, to: number) => readWindows(context, chosen, model.task, [], { from, to })
	const recent = await read(end - trendWindows * size, end)
	const over = recent.findLast((w) => w.isOver)
	const mature = recent.findLast(isEvaluated) ?? recent.findLast((w) => w.isMature)
	if (mature) return { at: mature, over }
	const earlier = await lastMature(context, chosen, end - trendWindows * size)
	const [past] = earlier === undefined ? [] : await read(earlier, earlier + 1)
	return { at: past ?? over ?? recent.at(-1), over }
}

async function readAttributes(
	context: Context,
	chosen: ChosenSeries,
	from: number,
	{ attribute, namesSmall }: { attribute?: string | undefined; namesSmall: boolean },
	metrics: readonly string[] = [...biasMetrics, rate],
): Promise<AttributeBias[]> {
	const { items } = await readPoints(context, {
		model: chosen.model,
		environment: chosen.series.environment,
		version: chosen.series.version,
		window: chosen.window,
		metrics,
		group: attribute,
		namesSmall,
		from,
		to: from + 1,
		limit: maxPoints,
	})
	// Points come attribute by attribute, each attribute's own before those of its groups.
	const list: AttributeBias[] = []
	for (const point of items) {
		if (point.metric === rate) list.at(-1)?.rates.push(point)
		else if (list.at(-1)?.attribute === point.subject.group) list.at(-1)?.points.push(point)
		else list.push({ attribute: point.subject.group ?? '', points: [point], rates: [] })
	}
	for (const bias of list) bias.points.sort((a, b) => orderOf(a) - orderOf(b))
	return list
}

const orderOf = ({ metric }: MetricPoint): number => (biasMetrics as readonly string[]).indexOf(metric)

async function readImpacts(
	context: Context,
	chosen: ChosenSeries,
	{ from, window }: WindowPoints,
	{ wanted, namesSmall }: { wanted: readonly string[]; namesSmall: boolean },
): Promise<ModelBias['newer']> {
	const all = await readAttributes(context, chosen, from, { namesSmall }, [fourFifths])
	const attributes = wanted.flatMap((name) => all.find((a) => a.attribute === name) ?? [])
	return { window, attributes }
}
