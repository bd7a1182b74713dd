import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fitNannymlCbpe, type NannymlEstimate } from '../../../src/stats/estimation/nannyml-cbpe.ts'
import { fitNannymlDle, type NannymlLoss } from '../../../src/stats/estimation/nannyml-dle.ts'
import { hasPeers } from '../../support/peers.ts'
import { expectNear } from '../near.ts'
import { readCalifornia, readHouses } from './california.ts'
import { expectAnswers, golden } from './nannyml-golden.ts'

type Losses = { california: { month: string; answers: Record<NannymlLoss, NannymlEstimate> }[] }
const houses: Losses = JSON.parse(readFileSync(new URL('golden/trees.json', import.meta.url), 'utf8'))

describe.runIf(hasPeers('california'))('California housing has, month by month,', () => {
	it('the performance of NannyML’s CBPE', () => {
		const { reference, analysisMonths } = readCalifornia()
		const cbpe = fitNannymlCbpe(reference)
		expect(cbpe.isCalibrated).toBe(golden.california.calibrated)
		expect(analysisMonths.map((m) => m.month)).toEqual(golden.california.months.map((m) => m.month))
		golden.california.months.forEach(({ answers }, i) => {
			const rows = analysisMonths[i]?.rows
			expect(rows).toBeDefined()
			if (rows) expectAnswers((metric) => cbpe.estimate(rows, metric), answers, true)
		})
		const auc = (month: string) => {
			const rows = analysisMonths.find((m) => m.month === month)?.rows
			return rows ? cbpe.estimate(rows, 'roc_auc').value : Number.NaN
		}
		expect(auc('2022-03')).toBeCloseTo(0.829077, 6)
		expect(auc('2022-04')).toBeCloseTo(0.910661, 6)
	})

	it('the losses of NannyML’s DLE', () => {
		const { reference, analysisMonths } = readHouses()
		const estimate = fitNannymlDle(reference)
		expect(analysisMonths.map((m) => m.month)).toEqual(houses.california.map((m) => m.month))
		houses.california.forEach(({ answers }, i) => {
			const rows = analysisMonths[i]?.rows
			expect(rows).toBeDefined()
			for (const metric of ['mae', 'mse', 'rmse'] as const)
				for (const part of ['value', 'samplingError', 'low', 'high'] as const)
					if (rows) expectNear(estimate(rows, metric)[part], answers[metric][part], 1e-9, 1e-9)
		})
	})
})
