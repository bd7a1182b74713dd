import { describe, expect } from 'vitest'
import { startOfTest } from '../../support/context.ts'
import {
	byName,
	explainingServer,
	golden,
	goldenFile,
	recordOf,
	sumOf,
} from '../../support/explaining-server.ts'
import { withServer } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'

const it = withServer(explainingServer)

describe('a model of XGBoost', () => {
	it.beforeAll(async ({ server }) => {
		await server.register(
			{ model: 'trees', task: 'binary', positiveLabel: 'declined', threshold: 0.5, sensitive: ['SEX'] },
			{
				manifest: {
					limits: { late: { direction: 'decrease', min: 0, step: 1 }, limit: { immutable: true } },
				},
			},
			goldenFile('binary'),
			'xgboost-json',
		)
		await server.logRows('trees', (i) => ({
			score: golden.binary.scores[i],
			label: golden.binary.scores[i] >= 0.5 ? 'declined' : 'approved',
		}))
		await server.approve('trees', [
			{ code: 'A', text: 'Delinquent obligations', features: ['late'] },
			{ code: 'B', text: 'Income insufficient for the amount requested', features: ['income'] },
			{ code: 'C', text: 'Amount of credit held already', features: ['limit'] },
		])
	})
	const declined = golden.binary.scores
		.map((score: number, i: number) => (score >= 0.5 ? i : -1))
		.filter((i: number) => i >= 0) as number[]

	it('is explained as the library explains it', async ({ server }) => {
		for (let i = 0; i < 5; i++) {
			const answer = await server.explain('trees', `p${i}`)
			expect(answer).toMatchObject({ replay: { status: 'matched', reason: null }, space: 'log-odds' })
			expect(answer.replay.replayed).toBe(golden.binary.scores[i])
			const theirs = golden.binary.contributions[i]
			byName(answer).forEach((c: number, f: number) => {
				expect(Math.abs(c - theirs[f])).toBeLessThan(2e-6)
			})
			expect(Math.abs(sumOf(answer) - answer.margin)).toBeLessThan(1e-5)
		}
	})

	it('never names a sensitive feature as a reason or as a thing to change', async ({ server }) => {
		for (const i of declined.slice(0, 25)) {
			const answer = await server.explain('trees', `p${i}`)
			expect(['ok', 'failed']).toContain(answer.reasonsStatus.status)
			const named = JSON.stringify([answer.reasons, answer.reasonsStatus, answer.counterfactuals])
			if (answer.reasonsStatus.status === 'ok') expect(named).not.toContain('SEX')
			expect(JSON.stringify(answer.counterfactuals)).not.toMatch(/SEX|limit/)
			for (const { changes, from, score, decision } of answer.counterfactuals) {
				expect([score < 0.5, decision]).toEqual([true, 'approved'])
				for (const name of Object.keys(changes)) expect(from[name]).toBe(recordOf(i)[name])
				if ('late' in changes) expect(changes.late).toBeLessThan(from.late)
				const asked = await server.post(`/v1/models/trees/predictions/p${i}/what-if`, { changes })
				expect(asked.body).toMatchObject({ score, decision: 'approved' })
			}
		}
	})

	it('returns requested interactions, the largest first', async ({ server }) => {
		const { interactions } = await server.explain('trees', 'p0', '?interactions=true')
		expect(interactions.length).toBeGreaterThan(0)
		const sizes = interactions.map((x: Json) => Math.abs(x.value))
		expect(sizes).toEqual([...sizes].sort((a: number, b: number) => b - a))
	})

	it('takes a feature that was not logged as missing and says so', async ({ server }) => {
		const { SEX: _, ...rest } = recordOf(0)
		const at = new Date(startOfTest).toISOString()
		await server.post('/v1/models/trees/predictions', [
			{ predictionId: 'part', version: '1', timestamp: at, features: rest, score: 0.5 },
			{ predictionId: 'odd', version: '1', timestamp: at, features: { ...rest, SEX: 'f' }, score: 0.5 },
			{ predictionId: 'none', version: '1', timestamp: at, features: {}, score: 0.5 },
		])
		for (const id of ['part', 'odd', 'none']) {
			const answer = await server.explain('trees', id)
			expect(['matched', 'mismatched', 'unavailable']).toContain(answer.replay.status)
			expect(answer.reasons).toEqual([])
			if (answer.explanation.status === 'unavailable') expect(answer.contributions).toEqual([])
		}
	})
})

describe('a model of several classes', () => {
	const classes = ['good', 'fair', 'poor']
	const decidedOf = (i: number) => {
		const scores = golden.grades.scores[i] as number[]
		return scores.indexOf(Math.max(...scores))
	}
	it.beforeAll(async ({ server }) => {
		await server.register(
			{ model: 'grades', task: 'multiclass' },
			{ manifest: { classes } },
			goldenFile('grades'),
			'xgboost-json',
		)
		await server.logRows('grades', (i) => ({
			probabilities: Object.fromEntries(classes.map((c, k) => [c, golden.grades.scores[i][k]])),
			...(i % 2 === 0 ? { label: classes[decidedOf(i)] } : {}),
		}))
	})

	it('is explained for the decided class, and for another when asked', async ({ server }) => {
		for (let i = 0; i < 4; i++) {
			const answer = await server.explain('grades', `p${i}`)
			const k = decidedOf(i)
			expect(answer).toMatchObject({
				decision: classes[k],
				output: classes[k],
				adverse: null,
				replay: { status: 'matched' },
				reasonsStatus: { status: 'unavailable' },
				counterfactuals: [],
				probability: null,
			})
			for (const [c, output] of classes.entries()) {
				const other = await server.explain('grades', `p${i}`, `?output=${output}`)
				expect(other.output).toBe(output)
				byName(other).forEach((value: number, f: number) => {
					expect(Math.abs(value - golden.grades.contributions[i][c][f])).toBeLessThan(2e-6)
				})
			}
		}
		const wrong = await server.fetch('/v1/models/grades/predictions/p0/explanation?output=goodd')
		expect([wrong.status, wrong.body.errors[0].path]).toEqual([422, 'output'])
		expect(wrong.body.detail).toContain('"good"')
	})

	it('answers what if with the likeliest class', async ({ server }) => {
		const { body } = await server.post('/v1/models/grades/predictions/p0/what-if', { changes: { late: 0 } })
		expect(classes).toContain(body.decision)
		expect(body.output).toBe(body.decision)
	})
})
