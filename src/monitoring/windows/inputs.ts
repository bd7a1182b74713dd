import { windowSizes } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import { sumInputSummaries } from '../../log/read/windows.ts'
import { columnViews } from '../../metrics/compare.ts'
import { effectSize, effectThreshold, farQ, pooledGroups, significance } from '../../metrics/drift-test.ts'
import { applyHistory } from '../../metrics/history.ts'
import type { Reference } from '../../metrics/reference.ts'
import { computeWindowMetrics, type WindowResult } from '../../metrics/window-result.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import { benjaminiHochberg } from '../../stats/multiple-tests.ts'
import { encodeInputSummary } from '../../summaries/inputs/encoding.ts'
import { emptyInputSummary, type InputSummary } from '../../summaries/inputs/input-summary.ts'
import type { ComputedWindow, ComputeInput, ModelSeries, SummaryKind } from './pipeline.ts'
import { inputRecords, type Window } from './records.ts'
import { WindowHistory } from './window-history.ts'

/** Drift, quality and service: from what predictions say alone. */
export const inputs: SummaryKind<WindowResult> = {
	name: 'inputs',
	records: inputRecords,
	sizes: windowSizes,
	dirtyHours: (context, limit, after) => context.log.dirtyInputs(limit, after),
	clearDirty: (context, hours) => context.log.clearDirtyInputs(hours),
	async open(context, { model, version, series }) {
		const reference = await currentReference(context, model, version)
		const history = new WindowHistory(context, reference)
		const ids = series.map((s) => s.id)
		return {
			series,
			sources: {
				days: 'metric_day',
				binsDigest: reference.bins.digest,
				hours: (from, to) => context.log.inputDeltas(ids, reference.bins, from, to),
			},
			compute: (window, input) => computeWindow({ series, reference, history }, window, input),
			onStored: () => history.prune(),
		}
	},
}

type Setting = { series: ModelSeries['series']; reference: Reference; history: WindowHistory }

async function computeWindow(
	{ series, reference, history }: Setting,
	window: Window,
	{ partsOf, before }: ComputeInput<WindowResult>,
): Promise<ComputedWindow<WindowResult>> {
	const baseline = reference.digest === '' ? null : reference.digest
	const results: ComputedWindow<WindowResult>['results'] = []
	const statements: Statement[] = []
	for (const { id } of series) {
		const inputSummary = sumInputSummaries(reference.bins, partsOf(id, window))
		if (inputSummary && window.size === '1d') statements.push(keepDay(id, window.from, inputSummary))
		// A record without a summary was computed on other bins: on these the window has no rows.
		if (!inputSummary && !before.has(id)) {
			history.add(id, window, undefined)
			continue
		}
		const result = computeWindowMetrics(reference, inputSummary ?? emptyInputSummary(reference.bins))
		const past = await history.of(id, window, result)
		if (past) applyHistory(reference, result, past)
		history.add(id, window, result)
		results.push({ series: id, result, baseline })
	}
	adjustForMultipleTests(
		reference,
		results.map((r) => r.result),
	)
	return { results, statements }
}

/** Stores a day's summary for the sum of its week. */
const keepDay = (series: number, day: number, inputSummary: InputSummary): Statement => ({
	sql: 'INSERT OR REPLACE INTO metric_day (series, day_ms, grid, bytes) VALUES (?, ?, ?, ?)',
	params: [series, day, inputSummary.binsDigest, encodeInputSummary(inputSummary, { withDigest: false })],
})

/** q of every column: features, score and decision of all segments in one window are one set of tests. */
export function adjustForMultipleTests(reference: Reference, results: readonly WindowResult[]): void {
	const views = results.flatMap((result) => columnViews(reference, result, reference.digest !== ''))
	const tests = views.map((view) => {
		const tested = pooledGroups(view, '')
		return 'missing' in tested ? undefined : tested.pair
	})
	const q = benjaminiHochberg(tests.map((pair) => (pair ? significance(pair).p : Number.NaN)))
	views.forEach(({ result }, i) => {
		const pair = tests[i]
		result.q = q[i] as number
		result.stoodOut = pair !== undefined && result.q <= farQ && effectSize(pair) >= effectThreshold
	})
}
