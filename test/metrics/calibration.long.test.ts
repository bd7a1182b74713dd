import { describe, expect, it } from 'vitest'
import type { ColumnView } from '../../src/metrics/descriptor.ts'
import { drift } from '../../src/metrics/drift.ts'
import { alpha } from '../../src/metrics/drift-test.ts'
import type { FeatureSpec } from '../../src/summaries/inputs/bins.ts'
import { compare, type Draw, missing, poisson, rowsOf, seeded, uniformly, zipf } from './samples.ts'

const normal: Draw = (c) => c.normal()
const lognormal: Draw = (c) => Math.exp(c.normal())
const zeroInflated: Draw = (c) => (c.uniform() < 0.7 ? 0 : Math.exp(c.normal()))

const numeric: Record<string, Draw> = {
	normal,
	lognormal,
	zeroInflated,
	uniform: (c) => c.uniform(),
	poisson: poisson(3),
	rounded: (c) => Math.round(c.normal() * 10),
	geometric: (c) => Math.floor(Math.log(1 - c.uniform()) / Math.log(0.9)),
	constant: () => 7,
	tenthMissing: missing(0.1, normal),
	rarelyMissing: missing(0.005, lognormal),
}
const categorical: Record<string, Draw> = {
	two: uniformly(2),
	rare: (c) => (c.uniform() < 0.02 ? 'a' : 'b'),
	six: uniformly(6),
	twenty: uniformly(20),
	hundred: uniformly(100),
	thousand: uniformly(1000),
	longTail: zipf(1000),
	identifiers: uniformly(1e9),
}
const draws = { ...numeric, ...categorical }
const specs: FeatureSpec[] = Object.keys(draws).map((name) => ({
	name,
	type: name in numeric ? 'numeric' : 'categorical',
}))

function measure(id: string, view: ColumnView) {
	const metric = drift.find((m) => m.id === id)
	if (metric?.subject !== 'feature') throw new Error(`${id} is not a metric of a column`)
	return metric.measure(view)
}

type Measured = 'p' | 'ks' | 'detected'
const isHit: Record<Measured, (view: ColumnView) => boolean> = {
	p: (view) => (measure('drift.p', view).value ?? 1) <= alpha,
	ks: (view) => (measure('drift.ks', view).p ?? 1) <= alpha,
	detected: (view) => measure('drift.detected', view).value === 1,
}

/** Share of repetitions in which each subject, and any subject, was a hit. */
async function hits(
	[m, n, times]: readonly [number, number, number],
	window: Record<string, Draw>,
	seed: number,
) {
	const shares: Record<Measured, Record<string, number>> = { p: {}, ks: {}, detected: {} }
	let families = 0
	const chance = seeded(seed)
	for (let i = 0; i < times; i++) {
		const views = await compare(specs, rowsOf(chance, m, draws), rowsOf(chance, n, window))
		for (const which of ['p', 'ks', 'detected'] as const)
			for (const [name, view] of views)
				shares[which][name] = (shares[which][name] ?? 0) + (isHit[which](view) ? 1 : 0)
		if ([...views.values()].some(isHit.detected)) families++
	}
	for (const share of Object.values(shares))
		for (const name in share) share[name] = (share[name] ?? 0) / times
	return { shares, families: families / times }
}

/** The most that a true share of `rate` shows in so many draws, four standard errors above it. */
const most = (rate: number, times: number) => rate + 4 * Math.sqrt((rate * (1 - rate)) / times)

const sizes = [
	[50, 50, 250],
	[50, 1000, 250],
	[50, 10_000, 50],
	[100, 1000, 250],
	[200, 200, 250],
	[500, 50, 250],
	[500, 500, 150],
	[1000, 10_000, 40],
	[10_000, 50, 50],
	[10_000, 10_000, 30],
] as const

describe('without drift', () => {
	it.each(sizes)('a baseline of %i and a window of %i rows stay silent', async (m, n, times) => {
		const { shares, families } = await hits([m, n, times], draws, m * 31 + n)
		for (const which of ['p', 'ks'] as const)
			for (const [name, share] of Object.entries(shares[which]))
				expect(share, `${which} of ${name}`).toBeLessThanOrEqual(most(alpha, times))
		for (const [name, share] of Object.entries(shares.detected))
			expect(share, `detected in ${name}`).toBeLessThanOrEqual(most(0.01, times))
		// Benjamini-Hochberg: without any drift, the chance of any alarm in the whole family is at most alpha.
		expect(families).toBeLessThanOrEqual(most(alpha, times))
		const all = Object.values(shares.p)
		const mean = all.reduce((a, b) => a + b, 0) / all.length
		expect(mean, 'over all subjects').toBeLessThanOrEqual(most(alpha, times * all.length))
	})
})

describe('with drift', () => {
	const drifted: Record<string, Draw> = {
		...draws,
		normal: (c) => c.normal() + 0.5,
		lognormal: (c) => Math.exp(c.normal()) * 1.6,
		zeroInflated: (c) => (c.uniform() < 0.5 ? 0 : Math.exp(c.normal())),
		uniform: (c) => c.uniform() * 1000,
		constant: () => 8,
		tenthMissing: missing(0.3, normal),
		rarelyMissing: missing(0.08, lognormal),
		two: (c) => (c.uniform() < 0.7 ? 'c0' : 'c1'),
		six: (c) => (c.uniform() < 0.3 ? 'new' : `c${Math.floor(c.uniform() * 6)}`),
		hundred: (c) => (c.uniform() < 0.3 ? 'new' : `c${Math.floor(c.uniform() * 100)}`),
		longTail: (c) => (c.uniform() < 0.3 ? 'new' : (zipf(1000)(c) as string)),
	}
	const changed = Object.keys(drifted).filter((name) => drifted[name] !== draws[name as keyof typeof draws])

	/** Least share of repetitions in which a change is found. What has not changed must stay silent all the same. */
	it.each([
		[[500, 500, 60], { default: 0.98, hundred: 0.4, longTail: 0.65 }],
		[[2000, 1000, 30], { default: 1, longTail: 0.9 }],
		[[100, 100, 60], { default: 0.5, rarelyMissing: 0.15, hundred: 0, longTail: 0.05 }],
	] as const)('%j finds what has changed, and nothing else', async (size, least) => {
		const { shares } = await hits(size, drifted, 7)
		for (const name of changed) {
			const floor = (least as Record<string, number>)[name] ?? least.default
			expect(shares.detected[name], name).toBeGreaterThanOrEqual(floor)
		}
		for (const [name, share] of Object.entries(shares.detected))
			if (!changed.includes(name)) expect(share, name).toBeLessThanOrEqual(most(alpha, size[2]))
	})
})
