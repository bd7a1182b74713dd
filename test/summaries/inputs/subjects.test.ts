import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BatchBuilder } from '../../../src/summaries/inputs/batch-builder.ts'
import {
	addSubjects,
	independentRows,
	mergeSubjects,
	noSubjects,
} from '../../../src/summaries/inputs/subjects.ts'

function subjectsOf(names: readonly (string | undefined)[]) {
	const builder = new BatchBuilder(Math.max(1, names.length))
	names.forEach((subject, i) => {
		builder.add({ id: `${i}`, timestamp: 0, subject })
	})
	const subjects = noSubjects()
	addSubjects(subjects, builder.finish(), Int32Array.from(names.keys()))
	return { rows: names.length, subjects }
}

it('a subject counts once, however many rows it has, and a row without a subject counts as one', () => {
	expect(independentRows(subjectsOf(['a', 'b', 'a', 'a', undefined, undefined]))).toBe(4)
	expect(independentRows(subjectsOf([]))).toBe(0)
})

it('subjects are counted exactly up to 500, and within 15% above', () => {
	const names = (count: number) => Array.from({ length: 3 * count }, (_, i) => `customer-${i % count}`)
	expect(independentRows(subjectsOf(names(500)))).toBe(500)
	for (const count of [2000, 20_000, 100_000]) {
		const found = independentRows(subjectsOf(names(count)))
		expect(found / count).toBeGreaterThan(0.85)
		expect(found / count).toBeLessThan(1.15)
	}
})

it('sketches of parts merge to that of the whole, in any order', () => {
	fc.assert(
		fc.property(fc.array(fc.tuple(fc.nat(800), fc.nat(2)), { maxLength: 1500 }), (rows) => {
			const whole = subjectsOf(rows.map(([s]) => `s${s}`)).subjects
			const merged = noSubjects()
			for (const part of [2, 0, 1])
				mergeSubjects(merged, subjectsOf(rows.filter(([, p]) => p === part).map(([s]) => `s${s}`)).subjects)
			expect(merged).toEqual(whole)
		}),
		{ numRuns: 30 },
	)
})
