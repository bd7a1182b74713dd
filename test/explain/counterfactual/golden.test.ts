import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findCounterfactuals } from '../../../src/explain/counterfactual/find-counterfactuals.ts'
import { observe } from '../../../src/explain/counterfactual/movable.ts'
import { openCase, readCases } from '../golden/case.ts'

// A threshold on one of several classes is not a decision.
const cases = readCases(readFileSync(new URL('../golden/golden.ndjson.gz', import.meta.url))).filter(
	(one) => !Array.isArray(one.margin[0]),
)
const budget = { now: () => 0, ms: 1, steps: 3000 }

describe.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
	const model = openCase(one)
	const scoreOf = (row: Record<string, unknown>) =>
		model.score(model.margin(model.encode(row).x))[0] as number
	const scores = one.rows.map(scoreOf)
	const threshold = [...scores].sort((a, b) => a - b)[Math.floor(scores.length / 2)] as number
	const observed = observe(one.rows, model.features)
	const frozen = model.features.slice(0, 1)
	const sides = scores.map((s) => (s >= threshold ? ('below' as const) : ('at-or-above' as const)))
	const isThere = (score: number, i: number) =>
		sides[i] === 'below' ? score < threshold : score >= threshold
	const findAll = () =>
		one.rows.map((row, i) => {
			const target = { threshold, side: sides[i] as 'below' | 'at-or-above' }
			return findCounterfactuals({ model, row, target, frozen, observed, budget })
		})

	const categorical = model.features.filter(
		(_, f) => model.structure?.kind === 'trees' && model.structure.sources[f]?.categories,
	)
	const isKnown = (row: Record<string, unknown>, name: string) =>
		!model.encode(row).notes.some((n) => n.feature === name)

	/** The nearest change of one feature, from and to what is not missing, to a value that another row has. */
	const nearestOfOthers = (row: Record<string, unknown>, i: number): number => {
		let best = Number.POSITIVE_INFINITY
		for (const name of model.features.filter((f) => !frozen.includes(f) && isKnown(row, f)))
			for (const other of one.rows) {
				const to = other[name]
				const from = row[name]
				const changed = { ...row, [name]: to }
				if (to === from || !isKnown(changed, name) || !isThere(scoreOf(changed), i)) continue
				const seen = observed.get(name)
				const isNumber = seen?.kind === 'number' && !categorical.includes(name)
				const distance = isNumber ? Math.abs(Number(to) - Number(from)) / seen.scale : 1
				best = Math.min(best, distance + 0.1)
			}
		return best
	}

	it('every counterfactual flips the decision, and leaves what is frozen or missing', () => {
		findAll().forEach((found, i) => {
			for (const { changes, from, score } of found.status === 'found' ? found.counterfactuals : []) {
				expect(scoreOf({ ...one.rows[i], ...changes })).toBe(score)
				expect(isThere(score, i)).toBe(true)
				expect(Object.keys(changes)).not.toContain(frozen[0])
				expect(Object.values(from)).not.toContain(null)
			}
		})
	})

	it('none that is called the nearest is beaten by a value of another row', () => {
		findAll().forEach((found, i) => {
			const best = nearestOfOthers(one.rows[i] as Record<string, unknown>, i)
			if (found.status === 'none' && found.proven) expect(best).toBe(Number.POSITIVE_INFINITY)
			if (found.status === 'found' && found.counterfactuals[0]?.proven)
				expect(found.counterfactuals[0].distance).toBeLessThanOrEqual(best + 1e-9)
		})
	})
})
