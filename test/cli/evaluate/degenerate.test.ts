import { describe, expect, it } from 'vitest'
import { evaluate } from '../../../src/cli/evaluate/evaluate.ts'
import { evaluationJson } from '../../../src/cli/evaluate/evaluation.ts'
import type { Request } from '../../../src/cli/evaluate/options.ts'
import { evaluationPage } from '../../../src/cli/evaluate/page.ts'
import { request, rowsOfCsv } from './support.ts'

const table = (rows: number, line: (i: number) => string) =>
	`score,actual,g\n${Array.from({ length: rows }, (_, i) => line(i)).join('\n')}\n`

async function answer(more: Partial<Request>, csv: string) {
	const asked = request({ score: 'score', groups: ['g'], ...more })
	const rows = await rowsOfCsv(asked, csv)
	const { result, view } = evaluate(asked, rows, undefined)
	// Whatever the rows are, there is a page of them too.
	const page = evaluationPage({ request: asked, result, view, rows, file: 'x.csv' })
	expect(page).not.toMatch(/NaN|Infinity|undefined/)
	return JSON.parse(JSON.stringify(evaluationJson(result)))
}

describe('rows without a metric', () => {
	it.each([
		[
			'one class only',
			(i: number) => `0.${i % 10},1,x`,
			'performance.roc_auc',
			/all 40 outcomes are positive/,
		],
		['unusable labels', (i: number) => `0.${i % 10},maybe,x`, 'performance.accuracy', /no outcome is known/],
		['no outcomes', (i: number) => `0.${i % 10},,x`, 'performance.brier', /no row has both/],
		['no scores', () => ',1,x', 'performance.roc_auc', /no row has both/],
		['scores above 1', (i: number) => `${i},${i % 2},x`, 'performance.log_loss', /outside \[0, 1\]/],
	])('%s', async (_, line, id, reason) => {
		const { metrics } = await answer({}, table(40, line))
		expect(metrics[id]).toMatchObject({ status: 'insufficient', value: null })
		expect(metrics[id].reason).toMatch(reason)
	})

	it('all ties have an AUC of a half, and say why', async () => {
		const { metrics } = await answer(
			{},
			table(40, (i) => `0.5,${i % 2},x`),
		)
		expect(metrics['performance.roc_auc']).toMatchObject({ value: 0.5, reason: 'every score is the same' })
	})

	it('one group, or a group of one row, is not compared', async () => {
		const one = await answer(
			{},
			table(40, (i) => `0.${i % 10},${i % 2},x`),
		)
		expect(one.fairness.g['fairness.demographic_parity_ratio']).toMatchObject({
			status: 'insufficient',
			value: null,
			groups: [],
		})
		const two = await answer(
			{},
			table(81, (i) => `0.${i % 10},${i % 2},${i === 0 ? '' : 'x'}`),
		)
		expect(two.groups.map((g: { group: { g: string }; n: number }) => [g.group.g, g.n])).toEqual([
			['(missing)', 1],
			['x', 80],
		])
		expect(two.fairness.g['fairness.selection_rate']).toBeUndefined()
		expect(two.fairness.g['fairness.disparate_impact'].reason).toMatch(/left out: \(missing\)/)
	})

	it('--min-group decides which groups are', async () => {
		const csv = table(80, (i) => `0.${i % 10},${i % 2},${i < 10 ? 'few' : 'many'}`)
		const id = 'fairness.demographic_parity_difference'
		expect((await answer({}, csv)).fairness.g[id].status).toBe('insufficient')
		expect((await answer({ minGroup: 5 }, csv)).fairness.g[id].status).toBe('ok')
	})

	it('probabilities that do not sum to 1 are no probabilities', async () => {
		const csv = `pa,pb,pc,actual,g\n${Array.from({ length: 40 }, (_, i) => `0.5,0.4,0.${i % 10},${'abc'[i % 3]},x`).join('\n')}`
		const classScores = ['a', 'b', 'c'].map((name) => ({ name, column: `p${name}` }))
		const { metrics } = await answer({ task: 'multiclass', score: undefined, classScores }, csv)
		expect(metrics['performance.log_loss']).toMatchObject({ status: 'insufficient', value: null })
		expect(metrics['performance.log_loss'].reason).toMatch(/do not sum to 1/)
		expect(metrics['performance.accuracy'].status).toBe('ok')
	})

	it.each(['regression', 'ranking', 'multiclass'] as const)(
		'a %s without usable rows gives a report',
		async (task) => {
			const { metrics } = await answer(
				{ task, query: task === 'ranking' ? 'g' : undefined },
				table(5, () => 'x,,y'),
			)
			for (const [id, finding] of Object.entries(metrics) as [string, { status: string; reason?: string }][])
				if (!id.includes('coverage')) expect(finding, id).toMatchObject({ status: 'insufficient' })
		},
	)

	it('labels other than 0 and 1 come with a hint about --positive', async () => {
		const csv = table(60, (i) => `0.${i % 10},${i % 2 ? 'good' : 'bad'},x`)
		expect((await answer({}, csv)).notes.join()).toMatch(
			/"bad", "good"\); name the positive one with --positive/,
		)
		const { metrics } = await answer({ positive: 'bad' }, csv)
		expect(metrics['performance.outcome_coverage'].value).toBe(1)
	})

	it('numbers that are no codes are groups in bands', async () => {
		const csv = table(500, (i) => `0.${i % 10},${i % 2},${20 + (i % 50)}`)
		const { groups, notes } = await answer({}, csv)
		expect(groups.map((g: { group: { g: string } }) => g.group.g)).toEqual([
			'30 to below 40',
			'40 to below 50',
			'50 to below 60',
			'60 and above',
			'below 30',
		])
		expect(notes).toEqual(['"g" has 50 values: its groups are 5 bands.'])
	})
})
