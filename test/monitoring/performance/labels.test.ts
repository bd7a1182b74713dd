import { describe, expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { outcomeRows, predictionRows, registerModel } from '../../support/rows.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServerPerTest()

const start = startOfTest - 2 * dayMs
const register = (server: TestServer, more: object, manifest?: object) =>
	registerModel(server, { task: 'binary', threshold: 0.5, ...more }, [], manifest ? { manifest } : {})
const predict = async (server: TestServer, rows: readonly object[]) => {
	const sent = predictionRows(rows, { start, step: 1 })
	expect((await server.post('/v1/models/m/predictions', sent)).body.rejectedCount).toBe(0)
}
/** One request: outcomes of the predictions from `first` on. */
const outcomes = async (
	server: TestServer,
	first: number,
	actuals: readonly unknown[],
	at = start + dayMs / 2,
) => {
	const sent = outcomeRows(actuals, { at, first, step: 1 })
	expect((await server.post('/v1/models/m/outcomes', sent)).body).toMatchObject({ accepted: actuals.length })
}
const read = async (server: TestServer, metric: string): Promise<Json> => {
	await compute.run(server.context)
	const { body } = await server.fetch(`/v1/models/m/metrics?window=1d&metric=performance.${metric}`)
	return body.items[0]
}
const scores = [0.9, 0.8, 0.7, 0.95, 0.85, 0.3, 0.2, 0.1].map((score) => ({ score }))
const actuals = ['bad', 'bad', 'good', 'unknown', 'NA', 'bad', 'good', 'good']

describe('an outcome that is neither the positive nor the negative label', () => {
	it('is accepted, marked, and counted in nothing but the coverage', async ({ server }) => {
		await register(server, { positiveLabel: 'bad' })
		await predict(server, scores)
		await outcomes(server, 0, actuals)
		expect((await read(server, 'accuracy')).value).toBeCloseTo(2 / 3, 12)
		expect((await read(server, 'roc_auc')).value).toBeCloseTo(8 / 9, 12)
		expect(await read(server, 'outcome_coverage')).toMatchObject({
			value: 0.75,
			reason: '2 outcomes are not a label of this task, such as "NA", "unknown"',
		})
		const { body } = await server.fetch('/v1/models/m/predictions/p3')
		expect(body.quality).toEqual([
			{
				code: 'unknown-label',
				path: 'outcome.actual',
				message: '"unknown" is neither "bad" nor "good": it counts as unknown',
			},
		])
	})

	it('is the same whatever comes first, and known once it is corrected', async ({ server }) => {
		await register(server, { positiveLabel: 'bad' })
		await predict(server, scores)
		for (const i of [4, 3, 7, 6, 5, 2, 1, 0]) await outcomes(server, i, [actuals[i]])
		expect((await read(server, 'roc_auc')).value).toBeCloseTo(8 / 9, 12)
		await outcomes(server, 3, ['good', 'Bad'], start + dayMs)
		expect(await read(server, 'outcome_coverage')).toMatchObject({ value: 1, reason: '2 were corrected' })
		expect((await read(server, 'fp')).value).toBe(2)
		await outcomes(server, 3, ['refer'], start + dayMs + 1000)
		expect((await read(server, 'outcome_coverage')).reason).toContain(
			'1 outcomes are not a label of this task, such as "refer"',
		)
		expect((await read(server, 'fp')).value).toBe(1)
	})

	it('may come before its prediction', async ({ server }) => {
		await register(server, { positiveLabel: 'bad' })
		await outcomes(server, 0, actuals)
		await predict(server, scores)
		expect((await read(server, 'accuracy')).value).toBeCloseTo(2 / 3, 12)
		expect((await read(server, 'outcome_coverage')).value).toBe(0.75)
	})

	it.for([
		['1 and 2 by name', { positiveLabel: '1', negativeLabel: '2' }, [1, 2, 2, 0, '', 1]],
		[
			'yes and never',
			{ positiveLabel: 'yes', negativeLabel: 'never' },
			['yes', 'never', 'Never', 'no', 'nan', 'YES'],
		],
		[
			'true and none',
			{ positiveLabel: true, negativeLabel: 'none' },
			[true, 'none', 'none', false, 'x', 'true'],
		],
		['1 and 2 of which the positive is named', { positiveLabel: '1' }, [1, 2, 2, 'nan', '', 1]],
		[
			'yes and never of which the positive is named',
			{ positiveLabel: 'yes' },
			['yes', 'never', 'Never', 'unknown', 'nan', 'YES'],
		],
		[
			'true and none of which the positive is named',
			{ positiveLabel: 'true' },
			[true, 'none', 'None', 'unknown', '', 'true'],
		],
		['1 and 0, where -1 is not known', { positiveLabel: '1' }, [1, 0, false, -1, 'unknown', 'true']],
		[
			'a favourable one that names the negative',
			{ positiveLabel: 'bad', favourable: 'ok' },
			['bad', 'ok', 'ok', 'good', 'fine', 'bad'],
		],
	] as const)('%s', async ([_, labels, list], { server }) => {
		await register(server, labels)
		await predict(server, [
			{ score: 0.9 },
			{ score: 0.8 },
			{ score: 0.1 },
			{ score: 0.9 },
			{ score: 0.1 },
			{ score: 0.1 },
		])
		await outcomes(server, 0, list)
		expect((await read(server, 'accuracy')).value).toBe(0.5)
		expect((await read(server, 'outcome_coverage')).value).toBeCloseTo(4 / 6, 12)
	})

	it('is never a word beside a number, nor a second number', async ({ server }) => {
		await register(server, { positiveLabel: '1' })
		await predict(
			server,
			Array.from({ length: 5 }, () => ({ score: 0.9 })),
		)
		await outcomes(server, 0, [1, 'refer', 'refer'])
		expect((await read(server, 'outcome_coverage')).value).toBeCloseTo(1 / 5, 12)
		await outcomes(server, 3, [2, 3])
		expect((await read(server, 'outcome_coverage')).value).toBeCloseTo(2 / 5, 12)
	})

	it('is one that the actuals of a baseline do not have', async ({ server }) => {
		await register(server, { positiveLabel: '1' })
		const rows = Array.from({ length: 60 }, (_, i) => ({
			features: {},
			score: (i % 10) / 10,
			actual: i % 3 ? 2 : 1,
		}))
		await server.fetch('/v1/models/m/versions/1/baseline', { method: 'PUT', json: rows })
		await predict(server, [{ score: 0.9 }, { score: 0.8 }, { score: 0.1 }, { score: 0.9 }])
		await outcomes(server, 0, [1, 2, 2, 0])
		expect((await read(server, 'accuracy')).value).toBeCloseTo(2 / 3, 12)
		expect((await read(server, 'outcome_coverage')).value).toBe(0.75)
	})

	it('is "None" beside 1 and 0, though it comes first', async ({ server }) => {
		await register(server, { positiveLabel: '1' })
		await predict(server, [{ score: 0.9 }, { score: 0.8 }, { score: 0.1 }])
		for (const [i, actual] of ['None', 0, 1].entries()) await outcomes(server, i, [actual])
		expect((await read(server, 'outcome_coverage')).value).toBeCloseTo(2 / 3, 12)
	})

	it('of a multiclass model without declared classes is a word that says unknown', async ({ server }) => {
		await register(server, { task: 'multiclass', threshold: null })
		await predict(
			server,
			['a', 'b', 'c', 'a', 'b'].map((label) => ({ label })),
		)
		await outcomes(server, 0, ['a', 'a', 'c', 'unknown', 'nan'])
		expect((await read(server, 'accuracy')).value).toBeCloseTo(2 / 3, 12)
		expect((await read(server, 'outcome_coverage')).value).toBe(0.6)
	})

	it('of a multiclass model is a class that nobody declared', async ({ server }) => {
		await register(server, { task: 'multiclass', threshold: null }, { classes: ['a', 'b', 'c'] })
		await predict(
			server,
			['a', 'b', 'c', 'a'].map((label) => ({ label })),
		)
		await outcomes(server, 0, ['a', 'a', 'c', 'unknown'])
		expect((await read(server, 'accuracy')).value).toBeCloseTo(2 / 3, 12)
		expect((await read(server, 'outcome_coverage')).value).toBe(0.75)
	})
})

describe('a decision that is neither label', () => {
	it('counts as none when it is spelt in other words than outcomes', async ({ server }) => {
		await register(server, { positiveLabel: 'bad', threshold: null })
		await predict(
			server,
			[1, 1, 1, 0, 0, 0].map((label, i) => ({ label, score: 1 - i / 10 })),
		)
		await outcomes(server, 0, ['bad', 'bad', 'good', 'bad', 'good', 'good'])
		expect(await read(server, 'accuracy')).toMatchObject({ status: 'insufficient', value: null })
		expect((await read(server, 'accuracy')).reason).toContain('no row with an outcome has a decision')
		expect((await read(server, 'roc_auc')).value).toBeCloseTo(8 / 9, 12)
		const { body } = await server.fetch('/v1/models/m/predictions/p0')
		expect(body.quality).toMatchObject([{ code: 'unknown-label', path: 'label' }])
	})

	it('is reported where no decision is the positive label', async ({ server }) => {
		await register(server, { positiveLabel: 'bad', threshold: null })
		await predict(
			server,
			['approve', 'decline', 'decline', 'approve'].map((label) => ({ label })),
		)
		await outcomes(server, 0, ['good', 'bad', 'bad', 'good'])
		expect(await read(server, 'recall')).toMatchObject({
			value: 0,
			reason: 'no decision with an outcome is the positive label',
		})
	})

	it('is distinguished from the commonest negative decision', async ({ server }) => {
		await register(server, { positiveLabel: 'bad', threshold: null, favourable: null })
		await predict(
			server,
			['bad', 'good', 'good', 'refer'].map((label) => ({ label })),
		)
		await outcomes(server, 0, ['bad', 'good', 'bad', 'good'])
		expect(await read(server, 'accuracy')).toMatchObject({ n: 3 })
		expect((await read(server, 'accuracy')).value).toBeCloseTo(2 / 3, 12)
	})
})

it('a model keeps labels and favourable decision in its record, and refuses what contradicts them', async ({
	server,
}) => {
	const made = await server.post('/v1/models', {
		model: 'm',
		task: 'binary',
		positiveLabel: 'bad',
		negativeLabel: 'good',
		favourable: 'good',
	})
	expect(made).toMatchObject({ status: 201, body: { negativeLabel: 'good', favourable: 'good' } })
	const patch = (json: object) => server.fetch('/v1/models/m', { method: 'PATCH', json })
	for (const [json, path] of [
		[{ favourable: 'ok' }, 'favourable'],
		[{ negativeLabel: 'BAD' }, 'negativeLabel'],
	] as const)
		expect(await patch(json)).toMatchObject({ status: 422, body: { errors: [{ path }] } })
	const post = (more: object) => server.post('/v1/models', { model: 'x', ...more })
	expect((await post({ task: 'regression', favourable: '1' })).status).toBe(422)
	expect((await post({ task: 'binary', favourable: 'approve' })).status).toBe(422)
})
