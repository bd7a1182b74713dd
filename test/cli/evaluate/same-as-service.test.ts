import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fairnessOf } from '../../../src/cli/evaluate/compare-groups.ts'
import { evaluate } from '../../../src/cli/evaluate/evaluate.ts'
import type { GroupValue } from '../../../src/cli/evaluate/evaluation.ts'
import { metricValuesOf, RowsView } from '../../../src/cli/evaluate/rows-view.ts'
import { metrics } from '../../../src/metrics/index.ts'
import type { MetricValue } from '../../../src/metrics/metric-value.ts'
import { summariseOutcomes } from '../../../src/metrics/outcome-result.ts'
import { OutcomeView } from '../../../src/metrics/outcome-view.ts'
import { addOutcome, addPrediction } from '../../../src/summaries/outcomes/contribute.ts'
import { withPairs } from '../../../src/summaries/outcomes/join-index.ts'
import { sideOf, type Task } from '../../../src/summaries/outcomes/label.ts'
import { emptyOutcomeSummary } from '../../../src/summaries/outcomes/outcome-summary.ts'
import { request, rowsOfCsv } from './support.ts'

type Row = { score: number | null; decision: string; actual: string; g: string; h: string; query: number }

const eighths = fc.integer({ min: 0, max: 8 }).map((k) => k / 8)
/** A ranking's rows stand in the order of their scores: those without one are in no order that two could agree on. */
const scoreOf = (task: Task) => (task === 'ranking' ? eighths : fc.option(eighths, { freq: 12 }))

const cells = (task: Task) =>
	fc.record<Row>({
		score: scoreOf(task),
		decision: task === 'multiclass' ? fc.constantFrom('a', 'b', 'c', '') : fc.constantFrom('1', '0', ''),
		actual:
			task === 'binary'
				? fc.constantFrom('1', '0', '1', '0', '', 'other')
				: task === 'multiclass'
					? fc.constantFrom('a', 'b', 'c', '')
					: fc.constantFrom('0', '1', '2', '3', '', 'none'),
		g: fc.constantFrom('x', 'y', ''),
		h: fc.constantFrom('left', 'right'),
		query: fc.integer({ min: 0, max: 6 }),
	})

const probabilities = (score: number): [string, number][] => [
	['a', score / 2],
	['b', score / 2],
	['c', 1 - score],
]

/** The rows as a window's tally, by the way the service takes. */
function outcomeSummaryOf(task: Task, rows: readonly Row[]) {
	const outcomeSummary = emptyOutcomeSummary()
	const threshold = 0.5
	for (const { score, decision, actual, g, h, query } of rows) {
		const guess = score === null ? '' : score >= threshold ? '1' : '0'
		const isClasses = task === 'multiclass'
		const own = isClasses && score !== null ? probabilities(score) : []
		const likeliest = own.reduce((best, p) => (p[1] > best[1] ? p : best), ['', Number.NEGATIVE_INFINITY])[0]
		const sent = isClasses ? decision || likeliest : task === 'binary' ? decision || guess : ''
		const predicted = {
			score: score === null || isClasses ? Number.NaN : score,
			decision: task === 'binary' ? (sideOf(sent, {}) ?? '') : sent,
			query: String(query),
			probabilities: own as [string, number][],
			groups: withPairs({ g: g || '(missing)', h }),
		}
		addPrediction(outcomeSummary, task, predicted)
		if (actual === '') continue
		const isNumeric = task === 'regression' || task === 'ranking'
		const value = isNumeric ? Number(actual) : Number.NaN
		const text = task === 'binary' ? sideOf(actual, {}) : isNumeric ? actual : actual
		const isLabel = text !== undefined && !(isNumeric && Number.isNaN(value))
		const label = isLabel ? { text: task === 'regression' ? '' : (text as string), value } : undefined
		addOutcome(outcomeSummary, task, predicted, { observed: true, actual: label }, 1)
	}
	return outcomeSummary
}

const csvOf = (task: Task, rows: readonly Row[]) =>
	[
		'score,p,decision,actual,g,h,query',
		...rows.map(({ score, decision, actual, g, h, query }) => {
			const p =
				score === null || task !== 'multiclass'
					? ''
					: JSON.stringify(Object.fromEntries(probabilities(score)))
			return [
				score ?? '',
				p === '' ? '' : `"${p.replaceAll('"', '""')}"`,
				decision,
				actual,
				g,
				h,
				query,
			].join(',')
		}),
	].join('\n')

const asked = (task: Task) =>
	request({
		task,
		score: task === 'multiclass' ? 'p' : 'score',
		prediction: task === 'binary' || task === 'multiclass' ? 'decision' : undefined,
		groups: ['g', 'h'],
		query: 'query',
	})

/** Numbers to the last digits but one: a sum may be taken in another order. */
const rounded = ({ reason: _, groups: __, ...finding }: MetricValue & { groups?: unknown }) =>
	Object.fromEntries(
		Object.entries(finding).map(([k, v]) => [k, typeof v === 'number' ? Number(v.toPrecision(11)) : v]),
	)

const tasks = ['binary', 'multiclass', 'regression', 'ranking'] as const

describe('an evaluation gives the values of the service for the same rows as a window', () => {
	it.each(tasks)('%s', async (task) => {
		await fc.assert(
			fc.asyncProperty(fc.array(cells(task), { minLength: 1, maxLength: 120 }), async (rows) => {
				// Decisions of which none is a class are refused, since they are spelled otherwise.
				fc.pre(task !== 'multiclass' || rows.some((r) => rows.some((o) => o.actual === r.decision)))
				const theirs = summariseOutcomes(new OutcomeView(task, outcomeSummaryOf(task, rows)))
				const { result } = evaluate(asked(task), await rowsOfCsv(asked(task), csvOf(task, rows)), undefined)
				for (const [id, finding] of theirs.values) {
					// Rows without a score have no place among the fifths of the scores, so chance decides there.
					if (id === 'performance.coverage_gap' && rows.some((r) => r.score === null)) continue
					expect(rounded(result.metrics.get(id) as MetricValue), id).toEqual(rounded(finding))
					expect(result.metrics.get(id)?.reason, id).toBe(finding.reason)
				}
				if (task !== 'binary') return
				expect([...result.fairness.keys()].sort()).toEqual([...theirs.attributes.keys()].sort())
				for (const [attribute, { values }] of theirs.attributes)
					for (const [id, finding] of values) {
						const own = result.fairness.get(attribute)?.get(id) as GroupValue
						expect(rounded({ ...own, q: Number.NaN }), `${attribute} ${id}`).toEqual(rounded(finding))
					}
			}),
			{ numRuns: 60 },
		)
	})

	it('has every attribute metric of the registry', () => {
		const ids = metrics.filter((m) => m.subject === 'attribute').map((m) => m.id)
		const asked = { minGroup: 30, favourable: undefined, kind: 'decisions' } as const
		expect([...fairnessOf([], asked).keys()].sort()).toEqual(ids.sort())
	})

	it('is the same whether the scores are sorted in their place or beside it', async () => {
		const rows = fc.sample(cells('binary'), { numRuns: 200, seed: 7 })
		const once = await rowsOfCsv(asked('binary'), csvOf('binary', rows))
		const beside = metricValuesOf(new RowsView(once))
		expect(metricValuesOf(new RowsView(once, { isLast: true }))).toEqual(beside)
	})
})
