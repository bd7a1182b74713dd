import { describe, expect, it } from 'vitest'
import { openOnnx } from '../../../src/explain/onnx/open-onnx.ts'
import type { OnnxRuntime } from '../../../src/explain/onnx/runtime.ts'
import { hasPeers, onnxRuntime } from '../../support/peers.ts'
import { bytesOf, featuresOf, golden, goldenOf, openGolden } from './golden.ts'

const features = golden.names.map((name) => ({ name }))
const trees = [
	'forest',
	'forest-3',
	'forest-value',
	'extra',
	'tree',
	'boosting',
	'boosting-3',
	'boosting-value',
]
const more = ['hist', 'hist-3', 'scaled-boosting', 'columns-forest', 'xgboost', 'lightgbm']
const linear = ['logistic', 'logistic-3', 'linear', 'columns']

/** Of two classes the runtime answers both and we the second. */
const second = (model: { outputs: number }, row: readonly number[]) =>
	model.outputs === 1 && row.length === 2 ? row.slice(1) : row

describe.runIf(hasPeers('onnxruntime'))('an ONNX model', () => {
	it.each([...trees, ...more, ...linear, 'network'])(
		'%s answers what onnxruntime answers in Python',
		async (name) => {
			const { model, rows, runtime } = await openGolden(name)
			const scores = await model.scores(rows)
			expect(scores.map((s) => [...s])).toEqual(runtime.map((row) => second(model, row)))
			await model.close()
		},
	)

	it('says that columns without names are taken in the order of the declared ones', async () => {
		const [table, named] = [await openGolden('forest'), await openGolden('columns')]
		expect(table.model.advice).toContain('The file does not name its features')
		expect(named.model.advice).toBeUndefined()
	})

	it.each([...trees, ...more])('%s is read, and replayed to the bit', async (name) => {
		const { model, rows, runtime } = await openGolden(name)
		const { exact } = model
		if (!exact) throw new Error(model.reason)
		expect(rows.map((x) => [...exact.score(exact.margin(x))])).toEqual(
			runtime.map((row) => second(model, row)),
		)
	})

	it.each(linear)('%s is read, and replayed but for the last bits of float32', async (name) => {
		const { model, rows, runtime } = await openGolden(name)
		const { exact } = model
		if (!exact) throw new Error(model.reason)
		rows.forEach((x, r) => {
			const wanted = second(model, runtime[r] ?? [])
			exact.score(exact.margin(x)).forEach((score, k) => {
				expect(Math.abs(score - (wanted[k] as number))).toBeLessThan(2e-7)
			})
		})
	})

	it.each([...trees, ...more, ...linear].filter((name) => goldenOf(name).shap))(
		'%s has the contributions of shap on the original model',
		async (name) => {
			const { model, rows, background, shap = [], base = [] } = await openGolden(name)
			const { exact } = model
			if (!exact) throw new Error(model.reason)
			const against = exact.background(background)
			// shap answers both classes of forests, we the second.
			const skipped = shap.length - exact.outputs
			rows.forEach((x, r) => {
				const answer = exact.explain(x, against)
				answer.contributions.forEach((values, k) => {
					expect(Math.abs((answer.base[k] as number) - (base[k + skipped] as number))).toBeLessThan(1e-6)
					values.forEach((value, f) => {
						expect(Math.abs(value - (shap[k + skipped]?.[r]?.[f] as number))).toBeLessThan(1e-6)
					})
				})
				expect(answer.sumError).toBeLessThan(1e-5)
			})
		},
	)

	it('that is linear in columns as they are, such as a year, is explained although float32 loses digits', async () => {
		const { model, rows, background, shap = [] } = await openGolden('unscaled')
		const { exact } = model
		if (!exact) throw new Error(model.reason)
		const against = exact.background(background)
		rows.forEach((x, r) => {
			const { contributions, sumError } = exact.explain(x, against)
			expect(sumError).toBeLessThan(2e-4)
			contributions[0]?.forEach((value, f) => {
				expect(Math.abs(value - (shap[0]?.[r]?.[f] as number))).toBeLessThan(1e-6)
			})
		})
	})

	it('that is a network is explained by every coalition, as shap.KernelExplainer does', async () => {
		const { model, rows, background, shap = [] } = await openGolden('network')
		expect(model.exact).toBeUndefined()
		expect(model.reason).toContain('MatMul')
		for (const [r, x] of rows.entries()) {
			const answer = await model.estimate(x, background)
			expect(answer.method).toBe('exact/kernel-shap')
			answer.contributions[0]?.forEach((value, f) => {
				expect(Math.abs(value - (shap[0]?.[r]?.[f] as number))).toBeLessThan(1e-6)
			})
		}
	})

	it('is estimated with standard errors where the coalitions are too many', async () => {
		const { model, rows, background } = await openGolden('columns-forest')
		const { exact } = model
		const [x] = rows
		if (!exact || !x) throw new Error(model.reason)
		const all = await model.estimate(x, background)
		const some = await model.estimate(x, background, { evaluations: 12, precision: 0, seed: 3 })
		const known = exact.explain(x, exact.background(background)).contributions[0] as Float64Array
		expect(all.method).toBe('exact/kernel-shap')
		all.contributions[0]?.forEach((value, f) => {
			expect(Math.abs(value - (known[f] as number))).toBeLessThan(1e-6)
		})
		expect(some.method).toBe('estimate/kernel-shap')
		expect(some.standardErrors?.[0]).toHaveLength(4)
	})

	it('is estimated against the rows of the background that it answers a number for', async () => {
		const { model, rows, background } = await openGolden('network')
		const x = rows[0] as Float64Array
		const gap = x.map((v, i) => (i === 2 ? Number.NaN : v))
		const clean = await model.estimate(x, background)
		expect((await model.estimate(x, [gap, ...background, gap])).contributions).toEqual(clean.contributions)
		await expect(model.estimate(x, [gap])).rejects.toThrow('give a background of rows')
		await expect(model.estimate(gap, background)).rejects.toThrow('gives no score for this row')
	})

	it('of trees or lines has no contributions without a background', async () => {
		const { model, rows } = await openGolden('boosting')
		expect(() => model.exact?.explain(rows[0] as Float64Array)).toThrow(/give a background/)
	})

	it('names its columns by the manifest, by its own inputs, or by the version, and says when it cannot', async () => {
		const open = (name: string, options: Parameters<typeof openOnnx>[1]) =>
			openOnnx(bytesOf(name), options, onnxRuntime)
		const turned = [...golden.names].reverse()
		expect((await open('tree', { manifest: { features: turned }, features })).features).toEqual(turned)
		expect((await open('columns', {})).features).toEqual(['income', 'age', 'debt', 'region'])
		await expect(open('tree', {})).rejects.toThrow("name them in the manifest's `features`")
		await expect(open('tree', { features: features.slice(1) })).rejects.toThrow(
			'takes 5 columns, but 4 are named',
		)
	})

	it('takes logged categories through the encodings of the manifest, and explains them as one feature', async () => {
		const manifest = {
			features: ['plan=a', 'plan=b', 'debt', 'months', 'tier'],
			encodings: { plan: { oneHot: { a: 'plan=a', b: 'plan=b' } }, tier: { low: 0, high: 1 } },
		}
		const model = await openOnnx(bytesOf('boosting'), { manifest }, onnxRuntime)
		const { exact } = model
		if (!exact) throw new Error(model.reason)
		expect(model.features).toEqual(['plan', 'debt', 'months', 'tier'])
		const row = model.encode({ plan: 'b', debt: 0.5, months: 1, tier: 'high' }).x
		expect([...row]).toEqual([0, 1, 0.5, 1, 1])
		const others = ['a', 'b', 'c'].map((plan) => model.encode({ plan, debt: 0, months: 1, tier: 'low' }).x)
		const answer = exact.explain(row, exact.background(others))
		const margins = (rows: Float64Array[]) => rows.map((r) => exact.margin(r)[0] as number)
		// Only plan, debt and tier move: their values by hand, over the three rows of the background.
		const worth = (set: string[]) => {
			const mixed = others.map((o) =>
				Float64Array.from(o, (v, i) => {
					const of = ['plan', 'plan', 'debt', 'months', 'tier'][i] as string
					return set.includes(of) ? (row[i] as number) : v
				}),
			)
			return margins(mixed).reduce((a, b) => a + b, 0) / 3
		}
		const plan =
			(worth(['plan']) - worth([])) / 3 +
			(worth(['plan', 'debt']) - worth(['debt']) + worth(['plan', 'tier']) - worth(['tier'])) / 6 +
			(worth(['plan', 'debt', 'tier']) - worth(['debt', 'tier'])) / 3
		expect(Math.abs((answer.contributions[0]?.[0] as number) - plan)).toBeLessThan(1e-6)
	})

	it('refuses rows that it cannot take, naming the feature', async () => {
		const { model } = await openGolden('columns')
		const row = featuresOf(goldenOf('columns').rows[0] ?? {})
		const encode = (changes: Record<string, unknown>) => () => model.encode({ ...row, ...changes })
		expect(encode({ income: undefined })).toThrow('income is not among the logged features')
		expect(encode({ income: null })).toThrow('income is missing, and the model has no rule for that')
		expect(encode({ income: 'much' })).toThrow('income is "much"')
		expect(encode({ income: 1e300 })).toThrow('beyond the numbers')
		expect(encode({ region: null })).toThrow('region is missing')
		expect(encode({ region: true })).toThrow('region is not a text')
		expect(encode({ region: 'moon' })().notes.map((n) => n.code)).toEqual(['unseen-category'])
		const forest = (await openGolden('hist')).model
		expect(
			forest.encode({ ...Object.fromEntries(golden.names.map((n) => [n, 1])), debt: null }).notes,
		).toEqual([{ feature: 'debt', code: 'missing', message: 'debt is missing.' }])
		const network = (await openGolden('network')).model
		const gap = network.encode({ ...Object.fromEntries(golden.names.map((n) => [n, 1])), debt: null }).x
		await expect(network.scores([gap])).rejects.toThrow('gives no score')
	})

	it('is not used when the read trees and the runtime differ', async () => {
		const wrong: OnnxRuntime = {
			async open(bytes) {
				const session = await (onnxRuntime as OnnxRuntime).open(bytes)
				return {
					run: async (inputs, output) =>
						(await session.run(inputs, output)).map((row) => row.map((v) => v + 1e-5)),
					close: session.close,
				}
			},
		}
		const model = await openOnnx(bytesOf('forest'), { features }, wrong)
		expect(model.exact).toBeUndefined()
		expect(model.reason).toMatch(/its trees as read give .*, and onnxruntime gives/)
	})

	it('can be asked while it is closed and afterwards', async () => {
		const { model, rows, runtime } = await openGolden('network')
		const asked = model.scores(rows)
		await model.close()
		const wanted = runtime.map((row) => second(model, row))
		expect((await asked).map((s) => [...s])).toEqual(wanted)
		expect((await model.scores(rows)).map((s) => [...s])).toEqual(wanted)
	})
})
