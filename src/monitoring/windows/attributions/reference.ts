import type { Context } from '../../../context.ts'
import { seeded } from '../../../core/random.ts'
import { dayMs, weekMs } from '../../../core/time.ts'
import {
	type AttributionMoments,
	addMoments,
	decodeMoments,
	emptyMoments,
	momentsOf,
} from '../../../explain/global/attribution-moments.ts'
import { baselineRows } from '../../../registry/baseline/baseline-rows.ts'
import { explainRows } from '../../importance/explained-sample.ts'
import type { RowExplainer } from '../../importance/row-explainer.ts'

/** What a window's contributions are compared with. */
export type AttributionReference =
	| { baseline: string; moments: AttributionMoments }
	/** The first week of the version in this environment; `until` is its end. */
	| { baseline: null; moments: AttributionMoments; from: number; until: number }

type Place = { model: string; version: string; series: number }

// Explaining a baseline takes longer than a window: the last ones are kept. A version never changes, nor do a digest's rows.
const kept = new Map<string, AttributionMoments>()
const maxKept = 128

/**
 * The kept rows of the baseline in force, explained by the version's own model; where there are none that can be, the rows
 * of the version's first seven days.
 */
export async function attributionReference(
	context: Context,
	explainer: RowExplainer,
	{ model, version, series }: Place,
): Promise<AttributionReference | undefined> {
	const baseline = explainer.model ? await baselineRows(context, model, version) : undefined
	if (baseline) {
		const key = JSON.stringify([model, version, baseline.digest, explainer.source])
		const moments = kept.get(key) ?? (await explainBaseline(context, explainer, baseline))
		if (kept.size >= maxKept) kept.delete(kept.keys().next().value as string)
		kept.set(key, moments)
		if (moments.sampled > 0) return { baseline: baseline.digest, moments }
	}
	const [first] = (await context.sql.values({
		sql: 'SELECT min(hour_ms) FROM attribution_hour WHERE series = ? AND source = ?',
		params: [series, explainer.source],
	})) as unknown as [number | null][]
	const hour = first?.[0] ?? null
	if (hour === null) return undefined
	const from = Math.floor(hour / dayMs) * dayMs
	const until = from + weekMs
	const moments = await periodMoments(context, series, explainer, from, until)
	return { baseline: null, moments, from, until }
}

/** In an order of chance, always the same: where time does not do for all, what was explained is a fair sample. */
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

/** The sum of the hours in [from, to) that were explained by the same source. */
export async function periodMoments(
	context: Context,
	series: number,
	{ source, features }: RowExplainer,
	from: number,
	to: number,
): Promise<AttributionMoments> {
	const rows = (await context.sql.values({
		sql: 'SELECT bytes FROM attribution_hour WHERE series = ? AND hour_ms >= ? AND hour_ms < ? AND source = ?',
		params: [series, from, to, source],
	})) as unknown as [Uint8Array][]
	const sum = emptyMoments(features.length)
	for (const [bytes] of rows) addMoments(sum, decodeMoments(bytes))
	return sum
}
