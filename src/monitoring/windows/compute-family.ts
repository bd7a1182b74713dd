import type { Context } from '../../context.ts'
import type { Statement } from '../../db/sql.ts'
import type { Series } from '../../log/prediction-log.ts'
import { sumInputSummaries } from '../../log/read/windows.ts'
import { columnViews } from '../../metrics/compare.ts'
import { effectSize, effectThreshold, farQ, pooledGroups, significance } from '../../metrics/drift-test.ts'
import { applyHistory } from '../../metrics/history.ts'
import type { Reference } from '../../metrics/reference.ts'
import { computeWindowMetrics, type WindowResult } from '../../metrics/window-result.ts'
import { currentReference } from '../../registry/baseline/current-bins.ts'
import { benjaminiHochberg } from '../../stats/multiple-tests.ts'
import { encodeInputSummary } from '../../summaries/inputs/encoding.ts'
import { emptyInputSummary, type InputSummary } from '../../summaries/inputs/input-summary.ts'
import { type Computation, closedSince } from './compute-dirty.ts'
import { FamilyHistory } from './family-history.ts'
import { changeStatement, currentRecords, type MetricRecord, recordStatements } from './records.ts'
import {
	type Computed,
	endOf,
	inSlices,
	type PartsOf,
	partsOfSlice,
	recordsOfSlice,
	type Sources,
	type Stages,
	type Window,
} from './window-slices.ts'

/** A version in an environment, with its series: over all rows first, then by segment. */
export type Family = { model: string; version: string; environment: string; series: Series[] }

/** Drift, quality and service: from what predictions say alone. */
export const inputComputation: Computation = {
	dirtyHours: (context, limit, after) => context.log.dirtyInputs(limit, after),
	clearDirty: (context, hours) => context.log.clearDirtyInputs(hours),
	due: (context) => closedSince(context, 'metric_record'),
	computeFamily,
}

/** Computes and stores windows of a family, in the order given. Answers how many records changed. */
export async function computeFamily(
	context: Context,
	family: Family,
	windows: readonly Window[],
	onWindow: () => void = () => {},
): Promise<number> {
	const reference = await currentReference(context, family.model, family.version)
	const history = new FamilyHistory(context, reference)
	const setting = { family, reference, history }
	const stages: Stages<Read> = {
		read: (slice) => readSlice(context, family, reference, slice),
		compute: (window, read) => computeWindow(context, setting, window, read),
		stored: () => history.prune(),
	}
	return inSlices(context, windows, stages, onWindow)
}

/** What windows of a slice are computed from: parts of their profiles, and the records that are in force. */
type Read = { parts: PartsOf; before: (window: Window) => ReadonlyMap<number, MetricRecord> }

async function readSlice(
	context: Context,
	family: Family,
	{ bins }: Reference,
	slice: readonly Window[],
): Promise<Read> {
	const ids = family.series.map((s) => s.id)
	const sources: Sources = {
		days: 'metric_day',
		bins: bins.digest,
		hours: (from, to) => context.log.inputDeltas(ids, bins, from, to),
	}
	return {
		parts: await partsOfSlice(context, slice, ids, sources),
		before: await recordsOfSlice(slice, (size, froms) => currentRecords(context, ids, size, froms)),
	}
}

type Setting = { family: Family; reference: Reference; history: FamilyHistory }

async function computeWindow(
	context: Context,
	{ family, reference, history }: Setting,
	window: Window,
	read: Read,
): Promise<Computed> {
	const { size, from } = window
	const to = endOf(window)
	const now = context.now()
	const before = read.before(window)
	const results: { series: Series; result: WindowResult }[] = []
	const statements: Statement[] = []
	for (const series of family.series) {
		const inputSummary = sumInputSummaries(reference.bins, read.parts(series.id, window))
		if (inputSummary && size === '1d') statements.push(keepDay(series.id, from, inputSummary))
		// On another grid there may have been rows: then zeros are what is known on this one.
		if (!inputSummary && !before.has(series.id)) {
			history.add(series.id, window, undefined)
			continue
		}
		const result = computeWindowMetrics(reference, inputSummary ?? emptyInputSummary(reference.bins))
		const past = await history.of(series.id, window, result)
		if (past) applyHistory(reference, result, past)
		history.add(series.id, window, result)
		results.push({ series, result })
	}
	adjustForMultipleTests(
		reference,
		results.map((r) => r.result),
	)
	let changed = 0
	for (const { series, result } of results) {
		const baseline = reference.digest === '' ? null : reference.digest
		const next = {
			series: series.id,
			window: size,
			from,
			computedAt: now,
			provisional: to > now,
			baseline,
			result,
		}
		const own = recordStatements(next, before.get(series.id))
		if (own.length > 0) changed++
		statements.push(...own)
	}
	const overall = family.series[0]
	if (changed > 0 && overall) statements.push(changeStatement(overall.id, size, from))
	return { statements, changed }
}

/** Keeps a day's profile for the week that it is in. */
const keepDay = (series: number, day: number, inputSummary: InputSummary): Statement => ({
	sql: 'INSERT OR REPLACE INTO metric_day (series, day_ms, grid, bytes) VALUES (?, ?, ?, ?)',
	params: [series, day, inputSummary.binsDigest, encodeInputSummary(inputSummary, { withDigest: false })],
})

/** q for every subject of the family: all features, score, decision and segments of one window are one set of tests. */
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
