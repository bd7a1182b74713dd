import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { fitCalibration } from '../../../src/stats/estimation/calibration.ts'
import { estimateMulticlass } from '../../../src/stats/estimation/estimate-multiclass.ts'
import { covers, labelled, OutcomeSummary, realised, tableOf } from './made-windows.ts'

const classes = ['a', 'b', 'c'] as const

/** Rows of a softmax over three normals; truth is drawn at half the sharpness, so the scores are overconfident. */
function makeClasses(chance: Chance, rows: number, shift: number) {
	const sides = classes.map((name) => ({
		name,
		scores: [] as number[],
		predictions: [] as number[],
		actual: [] as number[],
	}))
	for (let i = 0; i < rows; i++) {
		const logits = classes.map((_, k) => 1.5 * chance.normal() + shift * k)
		const softmax = (sharpness: number) => {
			const raw = logits.map((l) => Math.exp(sharpness * l))
			const total = raw.reduce((a, b) => a + b, 0)
			return raw.map((r) => r / total)
		}
		const scores = softmax(1)
		const [first = 0, second = 0] = softmax(0.5)
		const u = chance.uniform()
		const truth = u < first ? 0 : u < first + second ? 1 : 2
		const predicted = scores.indexOf(Math.max(...scores))
		sides.forEach((side, k) => {
			side.scores.push(scores[k] as number)
			side.predictions.push(Number(predicted === k))
			side.actual.push(Number(truth === k))
		})
	}
	return sides
}

const byName = <T>(sides: ReturnType<typeof makeClasses>, of: (side: (typeof sides)[number]) => T) =>
	Object.fromEntries(sides.map((side) => [side.name, of(side)]))

describe('the estimate for several classes', () => {
	it('covers accuracy, the macro averages and each class in nine windows of ten', () => {
		const outcomeSummary = new OutcomeSummary()
		for (let seed = 0; seed < 24; seed++) {
			const chance = new Chance(seed)
			const past = makeClasses(chance, seed % 2 ? 600 : 3000, 0)
			const window = makeClasses(chance, seed % 3 ? 500 : 2000, seed % 4 ? 0 : 0.5)
			const estimates = estimateMulticlass(
				byName(window, tableOf),
				byName(past, (side) => fitCalibration(labelled(side))),
				() => chance.uniform(),
			)
			const known = window.map(realised)
			const hits = window.flatMap((s) => s.actual.filter((a, i) => a === 1 && s.predictions[i] === 1)).length
			outcomeSummary.add('accuracy', covers(estimates.accuracy, hits / (window[0]?.scores.length ?? 0)))
			for (const metric of ['roc_auc', 'precision', 'recall', 'f1'] as const) {
				const macro = known.reduce((sum, k) => sum + k[metric], 0) / 3
				outcomeSummary.add('macro', covers(estimates[metric], macro))
				window.forEach((side, k) => {
					const estimate = estimates.classes[side.name]?.[metric]
					outcomeSummary.add('class', !!estimate && covers(estimate, known[k]?.[metric] ?? Number.NaN))
				})
			}
		}
		expect(outcomeSummary.of('accuracy')).toBe(24)
		for (const name of outcomeSummary.names)
			expect(outcomeSummary.share(name), name).toBeGreaterThanOrEqual(0.9)
	})

	it('is not defined without rows, and refuses a class without a calibration', () => {
		const chance = new Chance(1)
		const past = makeClasses(chance, 300, 0)
		const calibrations = byName(past, (side) => fitCalibration(labelled(side)))
		const none = byName(past, () => tableOf({ scores: [], predictions: [], actual: [] }))
		const estimates = estimateMulticlass(none, calibrations, () => chance.uniform())
		expect(estimates.accuracy.value).toBeNaN()
		expect(estimates.classes.a?.f1.value).toBeNaN()
		expect(() => estimateMulticlass(byName(past, tableOf), {}, () => 0.5)).toThrow(RangeError)
	})
})
