import { seeded } from '../../src/core/random.ts'
import type { Estimate } from '../../src/stats/estimate.ts'
import { drawGamma, drawNormal } from '../../src/stats/estimation/draws.ts'
import { multiclassBrierScore } from '../../src/stats/performance/probability-losses.ts'
import { bias, mae, momentsOf, r2, rmse } from '../../src/stats/performance/regression.ts'
import { multiclassRocAuc } from '../../src/stats/performance/roc.ts'
import { countScores } from '../../src/stats/score-counts.ts'

/** How often 95% intervals of samples of `rows` rows hold the true value. */
export type CoverageRow = { metric: string; data: string; rows: number; runs: number; covered: number }

type Chance = () => number
/** A draw, its mean square and its mean size. */
type Errors = { draw: (random: Chance) => number; square: number; size: number }

const root = Math.sqrt(2 / Math.PI)
const drawExponential = (random: Chance) => -Math.log(1 - random())

/** Errors of a regression, all of mean 0. */
export const errors: Readonly<Record<string, Errors>> = {
	normal: { draw: drawNormal, square: 1, size: root },
	exponential: { draw: (random) => drawExponential(random) - 1, square: 1, size: 2 / Math.E },
	lognormal: {
		draw: (random) => Math.exp(drawNormal(random)) - Math.exp(0.5),
		square: (Math.E - 1) * Math.E,
		size: 1.2626540567,
	},
	t3: {
		draw: (random) => drawNormal(random) / Math.sqrt((2 * drawGamma(1.5, random)) / 3),
		square: 3,
		size: (2 * Math.sqrt(3)) / Math.PI,
	},
	heteroskedastic: {
		draw: (random) => drawNormal(random) * drawExponential(random),
		square: 2,
		size: root,
	},
	'rare, ten times larger': {
		draw: (random) => drawNormal(random) * (random() < 0.01 ? 10 : 1),
		square: 1.99,
		size: 1.09 * root,
	},
}

type Scope = { random: Chance; rows: number; runs: number }

/** A regression with these errors whose predictions explain four fifths of the variance. */
export function regressionCoverage(data: string, scope: Scope): CoverageRow[] {
	const { draw, square, size } = errors[data] as Errors
	const truths = { mae: size, rmse: Math.sqrt(square), r2: 0.8, bias: 0 }
	return covered(data, scope, truths, ({ random, rows }) => {
		const predicted = Array.from({ length: rows }, () => 2 * Math.sqrt(square) * drawNormal(random))
		const moments = momentsOf(
			predicted.map((p) => p - draw(random)),
			predicted,
		)
		return { mae: mae(moments), rmse: rmse(moments), r2: r2(moments), bias: bias(moments) }
	})
}

/** Rows in the population whose values stand for the truth. */
const population = 40_000

/** A softmax model of several classes whose log-odds are off by noise; `weights` are the classes' odds. */
export function multiclassCoverage(weights: readonly number[], scope: Scope): CoverageRow[] {
	const sample = (random: Chance, rows: number) => measureClasses(weights, drawClasses(weights, random, rows))
	const truth = sample(scope.random, population)
	const truths = { brier: truth.brier.value, roc_auc: truth.roc_auc.value }
	return covered(`${weights.length} classes, ${weights.join(':')}`, scope, truths, ({ random, rows }) =>
		sample(random, rows),
	)
}

type Classified = { probabilities: number[]; actual: number }[]

function drawClasses(weights: readonly number[], random: Chance, rows: number): Classified {
	const shares = (logits: readonly number[]) => {
		const odds = logits.map(Math.exp)
		const sum = odds.reduce((a, b) => a + b, 0)
		return odds.map((o) => o / sum)
	}
	return Array.from({ length: rows }, () => {
		const logits = weights.map((w) => Math.log(w) + 1.5 * drawNormal(random))
		const chances = shares(logits.map((l) => l + 0.5 * drawNormal(random)))
		const drawn = random()
		const at = chances.findIndex((_, k) => drawn < chances.slice(0, k + 1).reduce((a, b) => a + b, 0))
		return { probabilities: shares(logits), actual: at === -1 ? weights.length - 1 : at }
	})
}

function measureClasses(weights: readonly number[], rows: Classified) {
	const counts = weights.map((_, k) =>
		countScores(
			rows.map((row) => row.probabilities[k] as number),
			rows.map((row) => row.actual === k),
		),
	)
	const sums = { n: rows.length, sum: 0, squares: 0 }
	for (const { probabilities, actual } of rows) {
		const brier = probabilities.reduce((sum, p, k) => sum + (p - (k === actual ? 1 : 0)) ** 2, 0)
		sums.sum += brier
		sums.squares += brier * brier
	}
	return { brier: multiclassBrierScore(counts, sums), roc_auc: multiclassRocAuc(counts) }
}

function covered<Name extends string>(
	data: string,
	scope: Scope,
	truths: Readonly<Record<Name, number>>,
	measure: (scope: Scope) => Record<Name, Estimate>,
): CoverageRow[] {
	const names = Object.keys(truths) as Name[]
	const held = names.map(() => 0)
	for (let run = 0; run < scope.runs; run++) {
		const found = measure(scope)
		names.forEach((name, i) => {
			if (found[name].low <= truths[name] && truths[name] <= found[name].high)
				held[i] = (held[i] as number) + 1
		})
	}
	return names.map((name, i) => ({
		metric: `performance.${name}`,
		data,
		rows: scope.rows,
		runs: scope.runs,
		covered: (held[i] as number) / scope.runs,
	}))
}

/** The whole table: every kind of error and of classes at three sizes. */
export function coverageRows(seed: number, runs = 1000): CoverageRow[] {
	const random = seeded(seed)
	const sizes = [200, 1000, 5000]
	const scopes = sizes.map((rows) => ({ random, rows, runs: rows === 5000 ? Math.ceil(runs / 4) : runs }))
	const kinds = [
		[1, 1, 1],
		[6, 3, 1],
		[5, 4, 3, 2, 1],
		[1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
	]
	return [
		...Object.keys(errors).flatMap((data) => scopes.flatMap((scope) => regressionCoverage(data, scope))),
		...kinds.flatMap((weights) =>
			scopes
				.filter(({ rows }) => rows < 5000)
				.flatMap((scope) => multiclassCoverage(weights, { ...scope, rows: scope.rows === 200 ? 500 : 1000 })),
		),
	]
}
