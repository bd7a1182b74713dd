import type { Context } from '../../context.ts'
import { BoundedCache } from '../../core/bounded-cache.ts'
import { seeded } from '../../core/random.ts'
import { dayMs, weekMs } from '../../core/time.ts'
import {
	type AttributionMoments,
	addMoments,
	attributionNdcg,
	decodeMoments,
	effectiveRows,
	emptyMoments,
	minEffectiveRows,
	momentsOf,
	shareChanges,
} from '../../explain/global/attribution-moments.ts'
import type { HourDelta, Series } from '../../log/prediction-log.ts'
import { attributionDrift, attributionOrder } from '../../metrics/drift.ts'
import { failed, type MetricValue, notEnoughData, ok } from '../../metrics/metric-value.ts'
import type { AttributionResult } from '../../metrics/result-encoding.ts'
import { baselineRows } from '../../registry/baseline/baseline-rows.ts'
import { benjaminiHochberg } from '../../stats/multiple-tests.ts'
import { explainRows } from '../importance/explained-sample.ts'
import type { RowExplainer } from '../importance/row-explainer.ts'
import { endOf, type Window } from './records.ts'

/** What a window's attributions are compared with. */
export type AttributionReference =
	| { baseline: string; moments: AttributionMoments }
	/** The first week of the version in this environment, [from, until). */
	| { baseline: null; moments: AttributionMoments; from: number; until: number }

// Explaining a baseline takes longer than a window, so the latest are kept. Versions and the rows of a digest never change.
const kept = new BoundedCache<string, AttributionMoments>({ max: 128 })

/**
 * The stored rows of the baseline in force, explained by the version's own model; where none can be explained, the rows
 * of the version's first seven days.
 */
export async function attributionReference(
	context: Context,
	explainer: RowExplainer,
	{ model, version, id }: Series,
): Promise<AttributionReference | undefined> {
	const baseline = explainer.model ? await baselineRows(context, model, version) : undefined
	if (baseline) {
		const key = JSON.stringify([model, version, baseline.digest, explainer.source])
		const moments = kept.get(key) ?? (await explainBaseline(context, explainer, baseline))
		kept.set(key, moments)
		if (moments.sampled > 0) return { baseline: baseline.digest, moments }
	}
	const [row] = await context.sql.all<{ first: number | null }>({
		sql: 'SELECT min(hour_ms) AS first FROM attribution_hour WHERE series = ? AND source = ?',
		params: [id, explainer.source],
	})
	const first = row?.first ?? null
	if (first === null) return undefined
	const from = Math.floor(first / dayMs) * dayMs
	const until = from + weekMs
	const moments = sumMoments(explainer, await hourMoments(context, id, explainer, from, until))
	return { baseline: null, moments, from, until }
}

/** In a random order that is always the same: where time does not suffice for all, those explained are a fair sample. */
async function explainBaseline(
	context: Context,
	explainer: RowExplainer,
	{ rows, kept: list }: { rows: number; kept: Record<string, unknown>[] },
): Promise<AttributionMoments> {
	const order = list
		.map((features, i) => ({ features, draw: seeded(i)() }))
		.sort((a, b) => a.draw - b.draw)
		.map(({ features }) => async () => ({ features }))
	const { sampled, explained } = await explainRows(context, explainer, order)
	const contributions = explained.map((e) => e.contributions)
	return momentsOf(explainer.features.length, contributions, (rows * explained.length) / sampled)
}

/** The sums of the hours in [from, to) that the same source explained, oldest first. */
export const hourMoments = (
	context: Context,
	series: number,
	{ source }: RowExplainer,
	from: number,
	to: number,
): Promise<HourDelta[]> =>
	context.sql.all<HourDelta>({
		sql: `SELECT series, hour_ms AS hour, bytes FROM attribution_hour
			WHERE series = ? AND hour_ms >= ? AND hour_ms < ? AND source = ? ORDER BY hour_ms`,
		params: [series, from, to, source],
	})

export function sumMoments(
	{ features }: RowExplainer,
	parts: readonly { bytes: Uint8Array }[],
): AttributionMoments {
	const sum = emptyMoments(features.length)
	for (const { bytes } of parts) addMoments(sum, decodeMoments(bytes))
	return sum
}

/** Every feature's change of share since the reference, and how well the order of features agrees. n is the explained rows. */
export function compareAttributions(
	features: readonly string[],
	moments: AttributionMoments,
	reference: AttributionReference | undefined,
	window: Window,
	now: number,
): AttributionResult {
	const n = moments.sampled
	const result: AttributionResult = {
		reference: reference?.moments.sampled ?? 0,
		values: new Map(),
		features: new Map(),
	}
	const put = (feature: string, value: MetricValue) =>
		result.features.set(feature, new Map([[attributionDrift.id, value]]))
	const isTooLarge = [moments, reference?.moments].some((m) => m && !Number.isFinite(m.totalSquares))
	const why = isTooLarge
		? 'contributions are too large for their squares to be numbers'
		: whyNotComparable(moments, reference, window, now)
	if (why !== undefined || !reference) {
		const none = (isTooLarge ? failed : notEnoughData)(n, why ?? '')
		result.values.set(attributionOrder.id, none)
		for (const feature of features) put(feature, none)
		return result
	}
	const sampled = `${n} of ${Math.round(moments.rows)} rows explained`
	const order = attributionNdcg(moments.absolute, reference.moments.absolute)
	const whole = ok({ value: order, low: Number.NaN, high: Number.NaN }, n)
	result.values.set(attributionOrder.id, { ...whole, reason: sampled })
	const changes = shareChanges(moments, reference.moments)
	const q = benjaminiHochberg(changes.map((c) => c.p))
	features.forEach((feature, j) => {
		const change = changes[j] as (typeof changes)[number]
		put(feature, { ...ok(change, n), q: q[j] as number, reason: sampled })
	})
	return result
}

/** Why a window cannot be compared with its reference; undefined when it can. */
function whyNotComparable(
	moments: AttributionMoments,
	reference: AttributionReference | undefined,
	window: Window,
	now: number,
): string | undefined {
	if (!reference) return 'no row of the version could be explained'
	if (reference.baseline === null) {
		if (window.from < reference.until && endOf(window) > reference.from)
			return 'it is part of the first week, which later windows are compared with; a baseline would be the reference'
		if (reference.until > now) return 'the first week, which windows are compared with, is not over'
	}
	const [n, m] = [effectiveRows(moments), effectiveRows(reference.moments)]
	if (n < minEffectiveRows)
		return `${minEffectiveRows} explained rows are needed; the window's count for ${Math.floor(n)}`
	if (m < minEffectiveRows)
		return `${minEffectiveRows} explained rows are needed; the reference's count for ${Math.floor(m)}`
	if (!(moments.total > 0 && reference.moments.total > 0)) return 'all contributions are 0'
	return undefined
}
