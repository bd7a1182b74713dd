import { Chance } from '../../src/demo/random.ts'
import { gainSequence } from '../../src/stats/sequential/comparison.ts'
import { lossVariance } from '../../src/stats/sequential/confidence-sequence.ts'
import { type Item, lossBlocks } from '../../src/stats/sequential/matched.ts'

export type PeekingRow = {
	loss: string
	allocation: string
	/** Share of runs of two equal versions in which some look promotes one: by a t-test, and by the comparison. */
	tTest: number
	equal: number
	/** Share of runs that promote a version whose errors are 20% smaller, and the median of the rows that it took. */
	better: number
	rows: number
}
export type PeekingOptions = { seed: number; runs: number; looks?: number; rowsPerLook?: number }

/** `scale` multiplies the spread of the version's errors. */
type Draw = (chance: Chance, scale: number) => number

const t3 = (chance: Chance) =>
	chance.normal() / Math.sqrt([0, 0, 0].reduce((sum) => sum + chance.normal() ** 2, 0) / 3)

const losses: Record<string, Draw> = {
	lognormal: (chance, scale) => scale * Math.exp(chance.normal()),
	'rare large': (chance, scale) =>
		scale * (Math.abs(chance.normal()) + (chance.uniform() < 0.01 ? 100 * (1 + chance.uniform()) : 0)),
	t3: (chance, scale) => scale * Math.abs(t3(chance)),
	Brier: (chance, scale) => {
		const p = chance.uniform()
		const score = Math.min(1, Math.max(0, p + 0.25 * scale * chance.normal()))
		return (score - (chance.uniform() < p ? 1 : 0)) ** 2
	},
}

/** Share of rows that go to the challenger at a look; `paired`: both score each. */
type Allocation = {
	share: (look: number) => number
	isPaired?: true
	isLate?: true
	hard?: (look: number) => boolean
}
const week = (look: number) => Math.floor(look / 50) % 2
const allocations: Record<string, Allocation> = {
	'5%': { share: () => 0.05 },
	'50%': { share: () => 0.5 },
	'95%': { share: () => 0.95 },
	paired: { share: () => 0.5, isPaired: true },
	// A twentieth of the traffic while errors are small, and half of it while they are twice as large; and the other way round.
	'5% easy, 50% hard': {
		share: (look) => [0.05, 0.5][week(look)] as number,
		hard: (look) => week(look) === 1,
	},
	'50% easy, 5% hard': {
		share: (look) => [0.5, 0.05][week(look)] as number,
		hard: (look) => week(look) === 1,
	},
	// Outcomes of large errors come up to 40 looks later.
	'5%, late outcomes': { share: () => 0.05, isLate: true },
}

/** Looks at two equal versions, and at one that is better, again and again: how often a version is promoted. */
export function peekingTable({ seed, runs, looks = 200, rowsPerLook = 100 }: PeekingOptions): PeekingRow[] {
	return Object.entries(losses).flatMap(([loss, draw]) =>
		Object.entries(allocations).map(([allocation, how]) => {
			const run = (i: number, scale: number) => {
				const chance = new Chance(seed + 7919 * i)
				const most = loss === 'Brier' ? 1 : limitOf(Array.from({ length: 1000 }, () => draw(chance, 1)))
				return look({ chance, draw, how, most, scale, looks, rowsPerLook })
			}
			const all = Array.from({ length: runs }, (_, i) => ({ equal: run(i + 1, 1), better: run(i + 1, 0.8) }))
			const share = (isSo: (r: (typeof all)[number]) => boolean) => all.filter(isSo).length / runs
			const times = all.flatMap(({ better }) => better.promoted ?? []).sort((a, b) => a - b)
			return {
				loss,
				allocation,
				tTest: share(({ equal }) => equal.byTTest),
				equal: share(({ equal }) => equal.promoted !== undefined),
				better: times.length / runs,
				rows: times[Math.floor(times.length / 2)] ?? Number.NaN,
			}
		}),
	)
}

/** Twice the 95th percentile of earlier errors, as the service sets it. */
const limitOf = (errors: number[]): number =>
	2 * (errors.sort((a, b) => a - b)[Math.floor(0.95 * errors.length)] as number)

type Run = {
	chance: Chance
	draw: Draw
	how: Allocation
	most: number
	scale: number
	looks: number
	rowsPerLook: number
}

function look(run: Run): { promoted: number | undefined; byTTest: boolean } {
	const { how, most } = run
	const waiting: (Item<number> & { due: number })[] = []
	const clipped = (loss: number) => Math.min(loss, most)
	let blocks = lossBlocks(clipped)
	let [byTTest, promoted] = [false, undefined as number | undefined]
	for (let at = 0; at < run.looks && promoted === undefined; at++) {
		const items = itemsOf(run, at)
		if (how.isLate) {
			waiting.push(...items)
			blocks = lossBlocks(clipped)
			for (const item of waiting) if (item.due <= at) blocks.add(item)
		} else for (const item of items) blocks.add(item)
		const { gains } = blocks.matched()
		// No sequence is narrower than the fixed interval: only beyond that it has to be worked out.
		if (gains.n < 20 || gains.sum <= 1.96 * Math.sqrt(gains.n * lossVariance(gains))) continue
		byTTest = true
		if (gainSequence({ gains, bounds: { low: -most, high: most } }).low > 0)
			promoted = (at + 1) * run.rowsPerLook
	}
	return { promoted, byTTest }
}

function itemsOf(
	{ chance, draw, how, scale, rowsPerLook, most }: Run,
	at: number,
): (Item<number> & { due: number })[] {
	const hardness = how.hard?.(at) ? 2 : 1
	return Array.from({ length: rowsPerLook }, () => {
		const isChallenger = chance.uniform() < how.share(at)
		const champion = how.isPaired || !isChallenger ? hardness * draw(chance, 1) : undefined
		const challenger = how.isPaired || isChallenger ? hardness * draw(chance, scale) : undefined
		const delay = Math.min(40, Math.floor((40 * ((challenger ?? champion) as number)) / most))
		return { period: Math.floor(at / 24), champion, challenger, due: at + delay }
	})
}
