import { windowMs } from '../../../core/time.ts'
import {
	type AttributionMoments,
	attributionNdcg,
	effectiveRows,
	minEffectiveRows,
	shareChanges,
} from '../../../explain/global/attribution-moments.ts'
import { attributionDrift, attributionOrder } from '../../../metrics/drift.ts'
import { failed, type MetricValue, notEnoughData, ok } from '../../../metrics/metric-value.ts'
import type { AttributionResult } from '../../../metrics/result-encoding.ts'
import { benjaminiHochberg } from '../../../stats/multiple-tests.ts'
import type { Window } from '../window-slices.ts'
import type { AttributionReference } from './reference.ts'

/** Why nothing can be said of a window, or undefined. */
function whyNot(
	moments: AttributionMoments,
	reference: AttributionReference | undefined,
	{ size, from }: Window,
	now: number,
): string | undefined {
	if (!reference) return 'no row of the version could be explained'
	if (reference.baseline === null) {
		if (from < reference.until && from + windowMs[size] > reference.from)
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

/** Every feature's change of share since the reference, and how its order agrees. n is the rows that were explained. */
export function compareWindow(
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
	const put = (feature: string, finding: MetricValue) =>
		result.features.set(feature, new Map([[attributionDrift.id, finding]]))
	const isTooLarge = [moments, reference?.moments].some((m) => m && !Number.isFinite(m.totalSquares))
	const why = isTooLarge
		? 'contributions are too large for their squares to be numbers'
		: whyNot(moments, reference, window, now)
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
