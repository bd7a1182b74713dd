import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { aucBlocks, lossBlocks } from '../../../src/stats/sequential/matched.ts'

const loss = (x: number) => x

describe('losses in matched blocks', () => {
	it('are compared in the shortest runs in which both versions have a row', () => {
		const blocks = lossBlocks(loss)
		for (const item of [
			{ champion: 1 },
			{ champion: 3 },
			{ challenger: 1 },
			{ challenger: 5 },
			{ champion: 4 },
		])
			blocks.add({ period: 0, ...item })
		expect(blocks.matched()).toEqual({
			gains: { n: 2, sum: 1 - 1, squares: 2 },
			champion: 3,
			challenger: 3,
			rows: 5,
		})
	})

	it('never across periods', () => {
		const blocks = lossBlocks(loss)
		blocks.add({ period: 0, champion: 1 })
		blocks.add({ period: 1, challenger: 9 })
		expect(blocks.matched().gains.n).toBe(0)
	})

	it('of a pair are a block, and half a pair is none', () => {
		const blocks = lossBlocks(loss)
		blocks.add({ period: 0, champion: 2, challenger: 1.5 })
		blocks.add({ period: 0, champion: Number.NaN, challenger: 7 })
		expect(blocks.matched()).toEqual({
			gains: { n: 1, sum: 0.5, squares: 0.25 },
			champion: 2,
			challenger: 1.5,
			rows: 1,
		})
	})

	it('do not gain by a share of traffic that follows how hard a week is, which plain means do', () => {
		const chance = new Chance(5)
		const blocks = lossBlocks(loss)
		const sums = { champion: { n: 0, sum: 0 }, challenger: { n: 0, sum: 0 } }
		for (let day = 0; day < 14; day++)
			for (let i = 0; i < 1000; i++) {
				const side = chance.uniform() < (day < 7 ? 0.05 : 0.5) ? 'challenger' : 'champion'
				const x = chance.uniform() < (day < 7 ? 0.4 : 0.1) ? 1 : 0
				blocks.add({ period: day, [side]: x })
				sums[side].n++
				sums[side].sum += x
			}
		const { gains } = blocks.matched()
		const plain = sums.champion.sum / sums.champion.n - sums.challenger.sum / sums.challenger.n
		expect(plain).toBeGreaterThan(0.1)
		expect(Math.abs(gains.sum / gains.n)).toBeLessThan(0.03)
	})
})

describe('ROC AUC in matched blocks', () => {
	it('is that of the rows of a block, ties half', () => {
		const blocks = aucBlocks()
		const row = (score: number, isPositive: boolean) => ({ score, isPositive })
		for (const [champion, challenger] of [
			[row(0.9, false), row(0.5, false)],
			[row(0.2, false), row(0.5, false)],
			[row(0.6, true), row(0.5, true)],
		] as const)
			blocks.add({ period: 0, champion, challenger })
		expect(blocks.matched()).toEqual({
			gains: { n: 1, sum: 0, squares: 0 },
			champion: 0.5,
			challenger: 0.5,
			rows: 3,
		})
	})

	it('shows that a constant score ranks worse, and that a calibrated one ranks as well as it did', () => {
		const chance = new Chance(6)
		const [constant, calibrated] = [aucBlocks(), aucBlocks()]
		for (let i = 0; i < 4000; i++) {
			const p = chance.uniform()
			const isPositive = chance.uniform() < p
			const champion = { score: p / 2, isPositive }
			constant.add({ period: 0, champion, challenger: { score: 0.5, isPositive } })
			calibrated.add({ period: 0, champion, challenger: { score: p, isPositive } })
		}
		const { gains, champion, challenger } = constant.matched()
		expect(champion).toBeGreaterThan(0.8)
		expect(challenger).toBe(0.5)
		expect(gains.sum / gains.n).toBeLessThan(-0.3)
		expect(calibrated.matched().gains).toMatchObject({ sum: 0, squares: 0 })
	})
})
