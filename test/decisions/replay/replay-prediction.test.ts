import { describe, expect, it } from 'vitest'
import { compareScores } from '../../../src/decisions/replay/compare-scores.ts'
import { type Registered, replayPrediction } from '../../../src/decisions/replay/replay-prediction.ts'
import type { Manifest } from '../../../src/explain/manifest.ts'
import { openModel } from '../../../src/explain/open-model.ts'
import { linearFile, linearScore } from '../../support/linear-model.ts'

const binary: Registered = { task: 'binary', positiveLabel: 'yes' }
const features = { income: 4, debt: 1 }
const exact = linearScore(features)
const opened = (manifest: Manifest = {}) => ({
	model: openModel('linear-json', new TextEncoder().encode(linearFile()), { manifest }),
	manifest,
	digest: '',
})
const replay = (prediction: object, manifest: Manifest = {}) =>
	replayPrediction(opened(manifest), binary, { features, ...prediction })

describe('a logged score', () => {
	it('matches to the bit, without a word', async () => {
		const replayed = await replay({ score: exact })
		expect(replayed).toMatchObject({ status: 'matched', logged: exact, replayed: exact, reason: null })
		expect([...(replayed.margin ?? [])]).toEqual([0.75])
	})

	it('matches in single precision, and at the decimals that were logged, and says so', async () => {
		expect(await replay({ score: Math.fround(exact) })).toMatchObject({
			status: 'matched',
			reason: 'equal in single precision (float32)',
		})
		for (const decimals of [3, 4, 6])
			expect(await replay({ score: Number(exact.toFixed(decimals)) })).toMatchObject({
				status: 'matched',
				reason: `equal at the ${decimals} logged decimals`,
			})
	})

	it('mismatches by however little that its digits can show, and says by how much', async () => {
		for (const by of [1e-3, 1e-6, 1e-9]) {
			const { status, reason } = await replay({ score: exact + by })
			expect([by, status]).toEqual([by, by > 1e-8 ? 'mismatched' : 'matched'])
			if (by > 1e-8) expect(reason).toMatch(/differ.*apart/)
		}
		expect(await replay({ score: 0.681 })).toMatchObject({ status: 'mismatched' })
	})

	it('of one or two digits can contradict, but not confirm', async () => {
		expect(await replay({ score: 0.68 })).toMatchObject({ status: 'unavailable', logged: 0.68 })
		expect((await replay({ score: 0.68 })).reason).toContain('too few digits')
		expect(await replay({ score: 1 })).toMatchObject({ status: 'unavailable' })
		expect(await replay({ score: 0.7 })).toMatchObject({ status: 'unavailable' })
		expect(await replay({ score: 0.9 })).toMatchObject({ status: 'mismatched' })
		expect(await replay({ score: 0 })).toMatchObject({ status: 'mismatched' })
	})

	it('mismatches with what the file advises: early stopping may be why', async () => {
		const early = opened()
		const model = { ...early.model, advice: 'Set `rounds` to 7 in the manifest.' }
		const told = (score: number) => replayPrediction({ ...early, model }, binary, { features, score })
		expect((await told(exact + 0.01)).reason).toMatch(/apart\. Set `rounds` to 7 in the manifest\.$/)
		expect((await told(exact)).reason).toBeNull()
	})

	it('may be the margin, when the manifest says so', async () => {
		expect(await replay({ score: 0.75 }, { logged: 'margin' })).toMatchObject({
			status: 'matched',
			replayed: 0.75,
		})
		expect(await replay({ score: exact }, { logged: 'margin' })).toMatchObject({ status: 'mismatched' })
	})

	it('may be logged as probabilities', async () => {
		for (const probabilities of [{ no: 1 - exact, yes: exact }, { yes: exact }, [1 - exact, exact]])
			expect(await replay({ probabilities })).toMatchObject({ status: 'matched', logged: exact })
		expect(await replay({ probabilities: { no: exact, yes: 1 - exact } })).toMatchObject({
			status: 'mismatched',
		})
	})
})

describe('what is missing', () => {
	it('is named where the model has a value to stand for it, and the score differs', async () => {
		const file = { ...JSON.parse(linearFile()), missing: 'mean' }
		const model = openModel('linear-json', new TextEncoder().encode(JSON.stringify(file)), {})
		const replayed = await replayPrediction({ model, manifest: {}, digest: '' }, binary, {
			features: { income: 4 },
			score: exact,
		})
		expect(replayed.status).toBe('mismatched')
		expect(replayed.reason).toContain(
			'debt is missing; the model uses 2 instead (it is not among the logged features)',
		)
	})

	it('is named: the artefact, the features, one of them, the score', async () => {
		const cases = [
			[await replayPrediction({ unavailable: 'no file' }, binary, { features, score: 1 }), 'no file'],
			[await replay({ features: null, score: 1 }), 'no feature log'],
			[await replay({ features: { income: 1 }, score: exact }), 'debt is missing'],
			[await replay({ features: { income: 'much', debt: 1 }, score: exact }), 'income'],
			[await replay({}), 'no score is logged'],
			[await replay({ score: undefined, probabilities: 'none' }), 'no score is logged'],
		] as const
		for (const [{ status, reason }, word] of cases)
			expect([status, reason]).toEqual(['unavailable', expect.stringContaining(word)])
	})
})

describe('scores are compared', () => {
	it.each([
		[0.5, 0.5, 'equal'],
		[612, 612.4, 'decimals'],
		[600, 600.4, 'decimals'],
		[612, 613.1, 'different'],
		[12, 12.3, 'too-few-digits'],
		[0.123, 0.12349, 'decimals'],
		[0.1235, 0.12345, 'decimals'],
		[0.123, 0.1237, 'different'],
		[1.23e-7, 1.2301e-7, 'decimals'],
		[1e-7, 1.01e-7, 'too-few-digits'],
		[0.1 + 0.2, 0.3, 'float32'],
		[0.7234567890123, 0.7234567890123 + 1.5e-7, 'last-bits'],
		[0.7234567890123, 0.7234567890123 + 4e-7, 'different'],
		[0.5, Number.NaN, 'different'],
		[0.5, Number.POSITIVE_INFINITY, 'different'],
		[0, -0, 'equal'],
	] as const)('%d and %d: %s', (logged, replayed, kind) => {
		expect(compareScores(logged, replayed)).toMatchObject({ kind })
	})
})

it('a small probability that is what others leave of 1 may differ in the last bits of 1', () => {
	const [logged, replayed] = [0.02352309226989746, 0.023523151874542236]
	expect(compareScores(logged, replayed)).toMatchObject({ kind: 'different' })
	expect(compareScores(logged, replayed, 1)).toMatchObject({ kind: 'last-bits' })
	expect(compareScores(logged, replayed + 1e-6, 1)).toMatchObject({ kind: 'different' })
})

describe('a model of several classes', () => {
	const file = JSON.stringify({ format: 'linear-json' })
	const model = {
		...opened().model,
		outputs: 3,
		classes: ['a', 'b', 'c'],
		margin: () => Float64Array.of(0, 0, 0),
		score: () => Float64Array.of(0.2, 0.5123, 0.2877),
	}
	const three = { model, manifest: {}, digest: file }
	const multiclass: Registered = { task: 'multiclass', positiveLabel: null }
	const of = (prediction: object) => replayPrediction(three, multiclass, { features, ...prediction })

	it('is compared class by class, or by the score of the class that was logged', async () => {
		const probabilities = { a: 0.2, b: 0.5123, c: 0.2877 }
		expect(await of({ probabilities, label: 'c' })).toMatchObject({ status: 'matched', logged: 0.2877 })
		expect(await of({ probabilities: Object.values(probabilities) })).toMatchObject({
			status: 'matched',
			logged: 0.5123,
		})
		expect(await of({ probabilities: { ...probabilities, a: 0.27 } })).toMatchObject({
			status: 'mismatched',
			logged: 0.27,
			replayed: 0.2,
		})
		expect(await of({ score: 0.2877, label: 'c' })).toMatchObject({ status: 'matched' })
		expect(await of({ score: 0.2877, label: 'b' })).toMatchObject({ status: 'mismatched' })
		expect(await of({ score: 0.5123 })).toMatchObject({ status: 'matched' })
		expect(await of({ label: 'b' })).toMatchObject({ status: 'unavailable' })
	})
})
