import { expect, test } from 'vitest'
import { seeded } from '../../../src/core/random.ts'
import { explainRows, type ShapValues, shapValues } from '../../../src/explain/shap/explain-rows.ts'
import { planBackground } from '../../../src/explain/shap/interventional.ts'
import { planPaths } from '../../../src/explain/shap/path-dependent.ts'
import { decideAll } from '../../../src/explain/trees/ensemble.ts'
import { openExplainPool } from '../../../src/platform/node/explain-pool.ts'
import { concatTrees, randomRow, randomTrees } from '../../support/random-trees.ts'

const columns = 9
const random = seeded(9)
const e = concatTrees(
	randomTrees(random, { trees: 9, depth: 4, columns, outputs: 3 }),
	randomTrees(random, { trees: 3, depth: 9, columns, outputs: 3, leaf: 0.1 }),
)
const list = Array.from({ length: 1300 }, () => randomRow(random, columns))
const background = list.slice(0, 4)
const rows = Float64Array.from(list.flatMap((row) => [...row]))
const decisions = new Uint8Array(e.feature.length)

function oneByOne(explain: (decisions: Uint8Array) => ShapValues): Float64Array {
	return Float64Array.from(
		list.flatMap((row) => explain(decideAll(e, row, decisions)).contributions.flatMap((c) => [...c])),
	)
}

const paths = planPaths(e)
const plan = planBackground(e, background)
const byPaths = oneByOne((d) => shapValues(paths, d))
const byBackground = oneByOne((d) => shapValues(plan, d))

function expectSame(actual: Float64Array, wanted: Float64Array) {
	expect(Buffer.from(actual.buffer).equals(Buffer.from(wanted.buffer))).toBe(true)
}

test('rows that are explained together get what each gets alone', () => {
	const out = new Float64Array(rows.length * 3).fill(7)
	explainRows(paths, rows, out)
	expectSame(out, byPaths)
	explainRows(plan, rows, out)
	expectSame(out, byBackground)
})

test('threads answer the same, in the order of the rows', async () => {
	const pool = await openExplainPool(e, { threads: 2 })
	try {
		expect(pool.base).toEqual(paths.base)
		const [all, some] = await Promise.all([pool.explain(rows), pool.explain(rows.subarray(0, 5 * columns))])
		expectSame(all, byPaths)
		expectSame(some, all.slice(0, 5 * columns * 3))
		expect(await pool.explain(new Float64Array(0))).toEqual(new Float64Array(0))
		await expect(pool.explain(new Float64Array(4))).rejects.toThrow('rows of 9 columns')
	} finally {
		await pool.close()
	}
	await expect(pool.explain(rows)).rejects.toThrow('closed')
})

test('threads answer against a background', async () => {
	const pool = await openExplainPool(e, { threads: 1, background })
	try {
		expectSame(await pool.explain(rows), byBackground)
	} finally {
		await pool.close()
	}
})

test('a background that cannot be planned is reported by the thread that finds it', async () => {
	await expect(openExplainPool(e, { threads: 2, background: [] })).rejects.toThrow('a background needs a row')
})

test('room of another size is refused', () => {
	expect(() => explainRows(paths, rows, new Float64Array(3))).toThrow(RangeError)
})
