import type { Context } from '../../context.ts'
import { seeded } from '../../core/random.ts'
import { dayMs, hourMs } from '../../core/time.ts'
import { scanFirst } from '../../log/read/sample-rows.ts'
import { labelsOf } from '../../registry/baseline/collect-baseline.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import type { Item } from '../../stats/sequential/matched.ts'
import { cellKind, type RowBatch, textHash } from '../../summaries/inputs/columns.ts'
import { groupsAt, textOf } from '../../summaries/outcomes/join-index.ts'
import { type Actual, actualOf } from '../../summaries/outcomes/label.ts'
import { makeJoinIndex, missingGroup, type OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'

export type Period = { model: ModelRow; environment: string; from: number; to: number }

export type ComparedRow = {
	id: string
	at: number
	/** Identifies the request by subject and time; '' without a subject. */
	request: string
	/** Random in [0, 1), the same for both rows of a request: decides the sample, and the order within an hour. */
	draw: number
	score: number
	decision: string
	isAnswered: boolean
	/** In the order of the spec's attributes. */
	groups: readonly string[]
	/** Undefined without an outcome that the task can use. */
	actual: Actual | undefined
}

/** `paired`: both versions scored the same requests. `split`: each has requests of its own. */
export type Compared = { design: 'paired' | 'split'; items: Item<ComparedRow>[] }

/** Rows of a version that are kept, and read from the oldest on. More would change little. */
const maxRows = { kept: 50_000, scanned: 2_000_000 }
const idsAtOnce = 5000

/** The rows of two versions, matched by request or side by side, in the order in which they are compared. */
export async function comparedRows(
	context: Context,
	period: Period,
	spec: OutcomeSpec,
	versions: { champion: string; challenger: string },
): Promise<Compared> {
	const champion = await readRows(context, period, spec, versions.champion)
	const challenger = await readRows(context, period, spec, versions.challenger)
	const pairs = pairsOf(champion, challenger)
	// A few requests that both scored do not make a canary a shadow deployment.
	if (pairs.length > 0 && pairs.length >= Math.min(champion.length, challenger.length) / 2) {
		const items = inOrder(pairs, ([row]) => row).map(([a, b]) => {
			const actual = a.actual ?? b.actual
			return { period: dayOf(a), champion: { ...a, actual }, challenger: { ...b, actual, groups: a.groups } }
		})
		return { design: 'paired', items }
	}
	const sides = [
		...champion.map((row) => ({ period: dayOf(row), champion: row })),
		...challenger.map((row) => ({ period: dayOf(row), challenger: row })),
	]
	return {
		design: 'split',
		items: inOrder(sides, (item) => ('champion' in item ? item.champion : item.challenger)),
	}
}

const dayOf = ({ at }: ComparedRow): number => Math.floor(at / dayMs)

/** By hour, and within an hour in an order that depends on neither version nor outcome. */
const inOrder = <T>(list: readonly T[], rowOf: (item: T) => ComparedRow): T[] =>
	list
		.map((item) => ({ item, hour: Math.floor(rowOf(item).at / hourMs), draw: rowOf(item).draw }))
		.sort((a, b) => a.hour - b.hour || a.draw - b.draw)
		.map(({ item }) => item)

/** Requests that each version scored once: of several rows it is unknown which belong together. */
function pairsOf(a: readonly ComparedRow[], b: readonly ComparedRow[]): [ComparedRow, ComparedRow][] {
	const byRequest = (rows: readonly ComparedRow[]) => {
		const map = new Map<string, ComparedRow | 'several'>()
		for (const row of rows)
			if (row.request !== '') map.set(row.request, map.has(row.request) ? 'several' : row)
		return map
	}
	const others = byRequest(b)
	const pairs: [ComparedRow, ComparedRow][] = []
	for (const [request, row] of byRequest(a)) {
		const other = others.get(request)
		if (row !== 'several' && other !== undefined && other !== 'several') pairs.push([row, other])
	}
	return pairs
}

/** The rows of a version with the lowest draws, with their outcomes. */
export async function readRows(
	context: Context,
	{ model, environment, from, to }: Period,
	spec: OutcomeSpec,
	version: string,
	{ kept: maxKept, scanned } = maxRows,
): Promise<ComparedRow[]> {
	let kept: ComparedRow[] = []
	let limit = 1
	const cut = () => {
		if (kept.length <= maxKept) return
		limit = kept.map(({ draw }) => draw).sort((a, b) => a - b)[maxKept] as number
		kept = kept.filter(({ draw }) => draw < limit)
	}
	const query = { model: model.name, version, environment, from, to }
	await scanFirst(context, query, scanned, async (batch, _, lateGroups) => {
		const late = spec.attributes.length > 0 ? await lateGroups() : () => undefined
		for (const row of rowsOf(batch, spec, late)) if (row.draw < limit) kept.push(row)
		if (kept.length > 2 * maxKept) cut()
	})
	cut()
	for (let i = 0; i < kept.length; i += idsAtOnce) {
		const part = kept.slice(i, i + idsAtOnce)
		const ids = part.map(({ id }) => id)
		const { labels, strings } = labelsOf(await context.log.actuals(model.name, ids))
		part.forEach((row, k) => {
			row.actual = actualOf(spec.task, spec.rule, labels, k, strings)
		})
	}
	return kept
}

function rowsOf(
	batch: RowBatch,
	spec: OutcomeSpec,
	late: (row: number) => Readonly<Record<string, string>> | undefined,
): ComparedRow[] {
	const rows = Int32Array.from({ length: batch.rows }, (_, r) => r)
	const joinIndex = makeJoinIndex(batch, rows, spec, new Uint32Array(batch.rows))
	return Array.from(rows, (r) => {
		const [id, at] = [batch.ids[r] as string, batch.timestamps[r] as number]
		const subject = batch.strings[batch.subjects[r] as number]
		const request = subject === undefined ? '' : `${at} ${subject}`
		const groups = groupsAt(joinIndex, r, late(r))
		return {
			id,
			at,
			request,
			draw: seeded(textHash(request || id))(),
			score: joinIndex.scores[r] as number,
			decision: textOf(joinIndex.decisions, r),
			isAnswered: !isUnanswered(batch, r),
			groups: spec.attributes.map(({ name }) => groups[name] ?? missingGroup),
			actual: undefined,
		}
	})
}

/** As `service.error_rate` counts them. */
const isUnanswered = (batch: RowBatch, r: number): boolean =>
	Number.isNaN(batch.scores[r]) && batch.labels.kinds[r] === cellKind.absent && batch.extras[r] === -1
