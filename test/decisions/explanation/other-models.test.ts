import { describe, expect } from 'vitest'
import { stringify } from 'yaml'
import { startOfTest } from '../../support/context.ts'
import {
	explainingServer,
	golden,
	goldenCount,
	goldenFile,
	recordOf,
	sumOf,
} from '../../support/explaining-server.ts'
import { withServer } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'

const it = withServer(explainingServer)

describe('a regression', () => {
	it('has no decision without a threshold', async ({ server }) => {
		await server.register({ model: 'value', task: 'regression' }, {}, goldenFile('value'), 'xgboost-json')
		await server.logRows('value', (i) => ({ score: golden.value.scores[i] }))
		const answer = await server.explain('value', 'p0')
		expect(answer).toMatchObject({
			decision: null,
			adverse: null,
			threshold: null,
			space: 'value',
			replay: { status: 'matched' },
			explanation: { status: 'exact' },
			reasonsStatus: { status: 'unavailable' },
			counterfactualsStatus: { status: 'unavailable' },
		})
		expect(answer.base).toBeCloseTo(golden.value.contributions[0].at(-1), 5)
	})
})

describe('a scorecard', () => {
	const bins = (edges: number[], points: number[]) =>
		points.map((p, i) => ({
			...(i > 0 ? { from: edges[i - 1] } : {}),
			...(i < edges.length ? { to: edges[i] } : {}),
			points: p,
			share: 1 / points.length,
		}))
	const card = {
		format: 'scorecard',
		basePoints: 400,
		features: {
			late: { bins: bins([1, 3], [80, 40, 5]) },
			limit: { bins: bins([50000, 100000], [10, 25, 45]) },
			income: { bins: bins([30000, 50000], [10, 30, 60]) },
		},
	}
	const binOf = (edges: number[], x: number) => edges.filter((e) => x >= e).length
	const pointsOf = (r: Record<string, number>) =>
		400 +
		([80, 40, 5][binOf([1, 3], r.late as number)] as number) +
		([10, 25, 45][binOf([50000, 100000], r.limit as number)] as number) +
		([10, 30, 60][binOf([30000, 50000], r.income as number)] as number)

	it('declines below its threshold, in points', async ({ server }) => {
		await server.register(
			{ model: 'card', task: 'binary', positiveLabel: 'good', threshold: 480 },
			{},
			new TextEncoder().encode(stringify(card)),
			'scorecard',
		)
		await server.logRows('card', (i) => ({ score: pointsOf(recordOf(i)) }))
		await server.approve('card', [
			{ code: 'A', text: 'Delinquent obligations', features: ['late'] },
			{ code: 'B', text: 'Income insufficient for the amount requested', features: ['income'] },
			{ code: 'C', text: 'Limited credit experience', features: ['limit'] },
		])
		const low = Array.from({ length: goldenCount }, (_, i) => i).find(
			(i) => pointsOf(recordOf(i)) < 480 && (recordOf(i).late as number) >= 3,
		) as number
		const answer = await server.explain('card', `p${low}`, '?movable=late,limit,income')
		expect(answer).toMatchObject({
			space: 'points',
			decision: 'not good',
			adverse: true,
			score: pointsOf(recordOf(low)),
			replay: { status: 'matched' },
			reasonsStatus: { status: 'ok' },
		})
		expect(answer.reasons.map((r: Json) => r.code)).toContain('A')
		for (const { contribution } of answer.reasons) expect(contribution).toBeLessThan(0)
		expect(sumOf(answer)).toBeCloseTo(answer.margin, 9)
		expect(answer.counterfactuals.length).toBeGreaterThan(0)
		for (const { score, decision } of answer.counterfactuals)
			expect([score >= 480, decision]).toEqual([true, 'good'])
	})
})

describe('too few logged decisions', () => {
	it('are reported with their number, and suffice once more have arrived', async ({ server }) => {
		await server.register(
			{ model: 'new', task: 'binary', positiveLabel: '1', threshold: 0.5 },
			{},
			goldenFile('binary'),
			'xgboost-json',
		)
		await server.approve(
			'new',
			golden.names
				.filter((feature: string) => feature !== 'SEX')
				.map((feature: string, i: number) => ({
					code: `R${i}`,
					text: `About your credit file, part ${i}`,
					features: [feature],
				})),
		)
		const declined = golden.binary.scores.findIndex(
			(s: number, i: number) => s >= 0.5 && (recordOf(i).late as number) >= 4,
		)
		const at = new Date(startOfTest).toISOString()
		const row = (id: string, i: number) => ({
			predictionId: id,
			version: '1',
			timestamp: at,
			features: recordOf(i),
			score: golden.binary.scores[i],
		})
		await server.post('/v1/models/new/predictions', [row('one', declined), row('two', 0), row('three', 1)])
		const few = await server.explain('new', 'one')
		expect(few).toMatchObject({
			explanation: { status: 'exact' },
			reasons: [],
			reasonsStatus: { status: 'insufficient', reason: expect.stringContaining('at least 30') },
			background: null,
		})
		expect(few.contributions.every((c: Json) => c.percentile === null)).toBe(true)
		await server.logRows('new', (i) => ({ score: golden.binary.scores[i] }))
		expect(await server.explain('new', 'one')).toMatchObject({ reasonsStatus: { status: 'ok' } })
	})
})
