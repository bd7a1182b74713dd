import { describe, expect, it } from 'vitest'
import { checkSentAttributions } from '../../src/explain/sent-attributions.ts'
import { rankAgreement } from '../../src/stats/ranks.ts'

const logistic = (m: number) => 1 / (1 + Math.exp(-m))
const sent = { income: -0.8123456, debt: 1.25, age: 0.0345678 }
const margin = -1.5 + 1.25 + 0.0345678 - 0.8123456

describe('attributions that were sent with a prediction', () => {
	it('add up in whichever space they are', () => {
		const attributions = { ...sent, base: -1.5 }
		expect(checkSentAttributions({ attributions, score: logistic(margin) })).toMatchObject({
			status: 'additive',
			reason: null,
			space: 'log-odds',
			base: -1.5,
			contributions: sent,
		})
		expect(checkSentAttributions({ attributions, score: margin }).space).toBe('score')
		expect(checkSentAttributions({ attributions, score: Math.exp(margin) }).space).toBe('log')
		expect(checkSentAttributions({ attributions, score: null, margin }).space).toBe('margin')
	})

	it('may call their base what the libraries call it, unless that is a feature', () => {
		for (const name of ['base', 'bias', 'expected_value', 'base_value'])
			expect(checkSentAttributions({ attributions: { ...sent, [name]: -1.5 }, score: margin }).status).toBe(
				'additive',
			)
		const attributions = { ...sent, bias: 0.1 }
		const check = checkSentAttributions({ attributions, score: margin + 0.1, features: ['bias'], base: -1.5 })
		expect(check).toMatchObject({ status: 'additive', base: -1.5, contributions: attributions })
	})

	it('without a base begin from that of the registered artefact, where it is known', () => {
		const features = Object.keys(sent)
		const ours = { features, contributions: Object.values(sent), space: 'log-odds', base: -1.5, margin }
		const score = logistic(margin)
		expect(checkSentAttributions({ attributions: sent, score, ours })).toMatchObject({
			status: 'additive',
			reason: null,
			compared: { sameSpace: true, largest: { difference: 0 } },
		})
		const doubled = Object.fromEntries(features.map((f, i) => [f, 2 * (Object.values(sent)[i] as number)]))
		expect(checkSentAttributions({ attributions: doubled, score, ours })).toMatchObject({
			status: 'not-additive',
			reason: expect.stringContaining("the registered artefact's base -1.5"),
			compared: { largest: { feature: 'debt', difference: 1.25 } },
		})
	})

	it('are allowed the digits that were logged, and no more', () => {
		const attributions = { ...sent, base: -1.5 }
		const rounded = Number(logistic(margin).toFixed(4))
		expect(checkSentAttributions({ attributions, score: rounded }).status).toBe('additive')
		expect(checkSentAttributions({ attributions, score: rounded + 0.003 }).status).toBe('not-additive')
		const few = { base: -1.5, income: -1, debt: 1, age: 0 }
		expect(checkSentAttributions({ attributions: few, score: logistic(margin) }).status).toBe('not-additive')
	})

	it('that do not add up are reported, with the difference in each space', () => {
		const check = checkSentAttributions({ attributions: { ...sent, base: 3 }, score: logistic(margin) })
		expect(check.status).toBe('not-additive')
		expect(check.reason).toContain("from the score's log-odds -1.02778")
		expect(check.sumError).toBeGreaterThan(0.1)
		expect(check.contributions).toEqual(sent)
	})

	it('cannot be checked without a base or a score', () => {
		expect(checkSentAttributions({ attributions: sent, score: 0.3 })).toMatchObject({
			status: 'unknown',
			reason: expect.stringContaining('send it among them as `base`'),
		})
		expect(checkSentAttributions({ attributions: { ...sent, base: 1 }, score: null }).reason).toContain(
			'no score',
		)
	})

	it('that are no numbers are refused', () => {
		for (const attributions of [null, 'x', [1, 2], {}, { income: '1' }, { income: Number.NaN }])
			expect(checkSentAttributions({ attributions, score: 0.5 }).status).toBe('malformed')
	})

	it('are compared with ours: the largest difference, the order, and what is missing', () => {
		const ours = {
			features: ['income', 'debt', 'age', 'months'],
			contributions: Float64Array.of(-0.81, 1.2, 0.03, 0.5),
			space: 'log-odds',
		}
		const attributions = { ...sent, base: -1.5, colour: 0 }
		const { compared } = checkSentAttributions({ attributions, score: logistic(margin), ours })
		expect(compared).toMatchObject({
			sameSpace: true,
			largest: { feature: 'debt', sent: 1.25, ours: 1.2 },
			rankAgreement: 1,
			notSent: ['months'],
			unknown: ['colour'],
		})
		const other = checkSentAttributions({
			attributions,
			score: logistic(margin),
			ours: { ...ours, space: 'probability' },
		})
		expect(other.compared).toMatchObject({ sameSpace: false, largest: null, rankAgreement: 1 })
	})

	it('have a rank agreement as SciPy computes it', () => {
		// scipy.stats.spearmanr, 1.17.1
		expect(rankAgreement([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 14)
		expect(rankAgreement([1, 2, 2, 0], [3, 2, 1, 1])).toBeCloseTo(1 / 18, 14)
		expect(rankAgreement([1, 2], [1, 2])).toBeNull()
		expect(rankAgreement([1, 1, 1], [1, 2, 3])).toBeNull()
		expect(() => rankAgreement([1], [])).toThrow(RangeError)
	})
})
