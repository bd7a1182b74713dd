import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { favourableIn, labelOf } from '../../registry/model/favourable.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { defaultMinGroup } from '../../stats/fairness/disparity.ts'
import { maxPaired } from '../../summaries/outcomes/join-index.ts'
import { missingGroup } from '../../summaries/outcomes/make-join-index.ts'
import {
	choosePlace,
	isEvaluated,
	lastMature,
	type Place,
	readWindows,
	trendWindows,
	type WindowAnswers,
} from '../windows/outcomes/recent-windows.ts'
import { readAnswers } from '../windows/read-metrics.ts'

/** `namesSmall` false: groups of too few rows are not named. */
export type BiasQuery = { attribute?: string | undefined; window: WindowSize; namesSmall?: boolean }

/** One attribute in one window: what its groups are like together, in the order of `biasMetrics`, and their selection rates. */
export type AttributeBias = {
	attribute: string
	findings: MetricPoint[]
	rates: MetricPoint[]
}

/** How the groups of a model's sensitive attributes fare: what the blocks of a message are made of. */
export type ModelBias = {
	model: string
	place: Place
	at: WindowAnswers
	/** What the decision is called that is good for the person; undefined while nobody has said. */
	favourable: string | undefined
	attributes: readonly AttributeBias[]
	/** Groups of fewer rows are not compared. */
	minGroup: number
	/** Attributes of the model of which the window knows no group. */
	unseen: readonly string[]
	/** Intersections that were looked at and do not differ by more than chance. */
	alike: readonly string[]
	/** A window after it that is over, whose selections are final while its outcomes are not. */
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
const maxAnswers = 10_000
const significant = 0.05
const between = ' x '

/** The attributes that can be asked for by name: the model's own, and each pair of them where pairs are counted. */
export const attributesOf = ({ sensitive }: Pick<ModelRow, 'sensitive'>): string[] => [
	...sensitive,
	...(sensitive.length > maxPaired
		? []
		: sensitive.flatMap((a, i) => sensitive.slice(i + 1).map((b) => `${a}${between}${b}`))),
]

/** Fairness in the last mature window, or in the last one that there is; undefined when nothing was computed. */
export async function readBias(
	context: Context,
	model: ModelRow,
	{ attribute, window, namesSmall = true }: BiasQuery,
): Promise<ModelBias | undefined> {
	const place = await choosePlace(context, model, window)
	if (!place) return undefined
	const { at, over } = await chooseWindow(context, model, place)
	if (!at) return undefined
	const side = await favourableIn(context, model, place.series.version)
	const all = await readAttributes(context, place, at.from, { attribute, namesSmall })
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
		place,
		at,
		favourable: side && labelOf(model, side),
		attributes: [...own, ...differing],
		minGroup: defaultMinGroup,
		unseen,
		alike: pairs.filter((a) => !differing.includes(a)).map((a) => a.attribute),
		newer:
			over && over.from > at.from
				? await readImpacts(context, place, over, { wanted, namesSmall })
				: undefined,
	}
}

/** Rows whose value is missing are a group; alone they say nothing of the attribute. */
const isSeen = ({ attribute, rates }: AttributeBias): boolean =>
	rates.some((r) => r.subject.group !== `${attribute}=${missingGroup}`)

const minQ = ({ findings }: AttributeBias): number => Math.min(...findings.map((a) => a.q ?? 1))

/**
 * `at`: the last mature window, of those with outcomes if there are, else the last that is over, else the one that is open.
 * `over`: the last that is over.
 */
async function chooseWindow(context: Context, model: ModelRow, place: Place) {
	const size = windowMs[place.window]
	const end = place.newest + size
	const read = (from: number, to: number) => readWindows(context, place, model.task, [], { from, to })
	const recent = await read(end - trendWindows * size, end)
	const over = recent.findLast((w) => w.isOver)
	const mature = recent.findLast(isEvaluated) ?? recent.findLast((w) => w.isMature)
	if (mature) return { at: mature, over }
	const earlier = await lastMature(context, place, end - trendWindows * size)
	const [past] = earlier === undefined ? [] : await read(earlier, earlier + 1)
	return { at: past ?? over ?? recent.at(-1), over }
}

async function readAttributes(
	context: Context,
	place: Place,
	from: number,
	{ attribute, namesSmall }: { attribute?: string | undefined; namesSmall: boolean },
	metrics: readonly string[] = [...biasMetrics, rate],
): Promise<AttributeBias[]> {
	const { items } = await readAnswers(context, {
		model: place.model,
		environment: place.series.environment,
		version: place.series.version,
		window: place.window,
		metrics,
		group: attribute,
		namesSmall,
		from,
		to: from + 1,
		limit: maxAnswers,
	})
	// Attribute by attribute: its own figures come before those of its groups.
	const list: AttributeBias[] = []
	for (const answer of items) {
		if (answer.metric === rate) list.at(-1)?.rates.push(answer)
		else if (list.at(-1)?.attribute === answer.subject.group) list.at(-1)?.findings.push(answer)
		else list.push({ attribute: answer.subject.group ?? '', findings: [answer], rates: [] })
	}
	for (const bias of list) bias.findings.sort((a, b) => placeOf(a) - placeOf(b))
	return list
}

const placeOf = ({ metric }: MetricPoint): number => (biasMetrics as readonly string[]).indexOf(metric)

async function readImpacts(
	context: Context,
	place: Place,
	{ from, window }: WindowAnswers,
	{ wanted, namesSmall }: { wanted: readonly string[]; namesSmall: boolean },
): Promise<ModelBias['newer']> {
	const all = await readAttributes(context, place, from, { namesSmall }, [fourFifths])
	const attributes = wanted.flatMap((name) => all.find((a) => a.attribute === name) ?? [])
	return { window, attributes }
}
