import type { Context } from '../../context.ts'
import { type WindowSize, windowMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import type { Series } from '../../log/prediction-log.ts'
import { columnViews } from '../../metrics/column-views.ts'
import { effectOf, effectThreshold, evidenceOf, farQ } from '../../metrics/gates.ts'
import { applyHistory } from '../../metrics/history.ts'
import type { Reference } from '../../metrics/reference.ts'
import { testable } from '../../metrics/tested-groups.ts'
import { summariseWindow, type WindowResult } from '../../metrics/window-result.ts'
import { emptyProfile } from '../../profile/accumulate.ts'
import { benjaminiHochberg } from '../../stats/benjamini-hochberg.ts'
import { currentReference } from '../baseline/current-grid.ts'
import { type Computation, closedSince } from './compute-dirty.ts'
import { FamilyHistory } from './family-history.ts'
import { changeStatement, currentRecords, recordStatements } from './records.ts'
import { keepDay, windowProfile } from './window-profile.ts'

/** A version in an environment, with its series: over all rows first, then by segment. */
export type Family = { model: string; version: string; environment: string; series: Series[] }
export type Window = { size: WindowSize; from: number }

/** Drift, quality and service: from what predictions say alone. */
export const profileComputation: Computation = {
	dirtyHours: (context, limit, after) => context.log.dirtyHours(limit, after),
	clearDirty: (context, hours) => context.log.clearDirty(hours),
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
	return inCommits(
		context,
		windows,
		(window) => computeWindow(context, { family, reference, history }, window),
		onWindow,
	)
}

/** What a window's computation is going to store, and how many records that changes. */
export type Computed = { statements: Statement[]; changed: number }

const statementsAtOnce = 200

/**
 * Computes windows in order, and stores several in one commit: what is written to disk safely takes longer than what is
 * computed. A week is summed from its days, so what was computed before it is stored first.
 */
export async function inCommits(
	context: Context,
	windows: readonly Window[],
	compute: (window: Window) => Promise<Computed>,
	onWindow: () => void,
): Promise<number> {
	let changed = 0
	let waiting: Statement[] = []
	const store = async () => {
		if (waiting.length > 0) await context.sql.batch(waiting)
		waiting = []
	}
	for (const window of windows) {
		if (window.size === '7d' || waiting.length >= statementsAtOnce) await store()
		const computed = await compute(window)
		waiting.push(...computed.statements)
		changed += computed.changed
		onWindow()
	}
	await store()
	return changed
}

async function computeWindow(
	context: Context,
	{ family, reference, history }: { family: Family; reference: Reference; history: FamilyHistory },
	{ size, from }: Window,
): Promise<Computed> {
	const to = from + windowMs[size]
	const now = context.now()
	const before = await currentRecords(
		context,
		family.series.map((s) => s.id),
		size,
		from,
	)
	const results: { series: Series; result: WindowResult }[] = []
	const statements: Statement[] = []
	for (const series of family.series) {
		const profile = await windowProfile(context, series.id, reference.grid, { size, from })
		if (profile && size === '1d') statements.push(keepDay(series.id, from, profile))
		// On another grid there may have been rows: then zeros are what is known on this one.
		if (!profile && !before.has(series.id)) continue
		const result = summariseWindow(reference, profile ?? emptyProfile(reference.grid))
		const past = await history.of(series.id, { size, from }, result)
		if (past) applyHistory(reference, result, past)
		history.add(series.id, { size, from }, result)
		results.push({ series, result })
	}
	fillFamily(
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

/** q for every subject of the family: all features, score, decision and segments of one window are one set of tests. */
export function fillFamily(reference: Reference, results: readonly WindowResult[]): void {
	const views = results.flatMap((result) => columnViews(reference, result, reference.digest !== ''))
	const tests = views.map((view) => {
		const tested = testable(view, '')
		return 'missing' in tested ? undefined : tested.pair
	})
	const q = benjaminiHochberg(tests.map((pair) => (pair ? evidenceOf(pair).p : Number.NaN)))
	views.forEach(({ result }, i) => {
		const pair = tests[i]
		result.q = q[i] as number
		result.stoodOut = pair !== undefined && result.q <= farQ && effectOf(pair) >= effectThreshold
	})
}
