import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Manifest } from '../../../src/explain/manifest.ts'
import { ArtifactError, FeatureError } from '../../../src/explain/model.ts'
import { openModel } from '../../../src/explain/open-model.ts'
import { bytesOf, openCase, type PeerCase, readCases } from '../golden/case.ts'

const golden = readCases(readFileSync(new URL('../golden/golden.ndjson.gz', import.meta.url)))
function named(name: string): PeerCase {
	const found = golden.find((one) => one.name === name)
	if (found === undefined) throw new Error(`no golden model ${name}`)
	return found
}

const xgboost = named('xgboost 3.2.0 small (json)')
const lightgbm = named('lightgbm 4.7.0 small')
const unnamed = (one: PeerCase): Uint8Array => {
	const file = JSON.parse(one.text ?? '')
	file.learner.feature_names = []
	file.learner.feature_types = []
	return Buffer.from(JSON.stringify(file))
}
const plain = named('xgboost 3.2.0 monotone (json)')
const names = Object.keys(plain.rows[0] ?? {})
const row = { ...xgboost.rows[0], purpose: 'car', branch: 107, member: true, rate: 0.1 }

const open = (one: PeerCase, manifest: unknown = {}, features: string[] = []) =>
	openModel(one.format, bytesOf(one), {
		manifest: Manifest.parse(manifest),
		features: features.map((name) => ({ name, type: 'numeric' })),
	})
const at = (one: PeerCase, feature: string) => Object.keys(one.rows[0] ?? {}).indexOf(feature)

describe('a logged row becomes the input of the model', () => {
	const model = openCase(xgboost)

	test('in the precision of the model, categories and truth as numbers', () => {
		const { x, notes } = model.encode(row)
		expect(x[at(xgboost, 'rate')]).toBe(Math.fround(0.1))
		expect(x[at(xgboost, 'member')]).toBe(1)
		expect(x[at(xgboost, 'purpose')]).toBe(0)
		expect(x[at(xgboost, 'branch')]).toBe(1)
		expect(notes.filter((note) => note.code !== 'missing')).toEqual([])
		expect(openCase(lightgbm).encode(row).x[at(lightgbm, 'rate')]).toBe(0.1)
	})

	test('null is missing and noted; a feature that was not logged is refused by name', () => {
		const { x, notes } = model.encode({ ...row, rate: null })
		expect(x[at(xgboost, 'rate')]).toBeNaN()
		expect(notes).toContainEqual({ feature: 'rate', code: 'missing', message: 'rate is missing.' })
		const { rate: _, ...without } = row
		expect(() => model.encode(without)).toThrow(FeatureError)
		expect(() => model.encode(without)).toThrow('rate is not among the logged features')
		expect(() => model.encode({ ...without, rate: undefined })).toThrow('rate is not among')
	})

	test('an integer code is the same category as text, or as a float without a fraction', () => {
		for (const branch of ['107', '107.0']) expect(model.encode({ ...row, branch })).toEqual(model.encode(row))
		const { notes } = model.encode({ ...row, branch: '107.5' })
		expect(notes).toContainEqual(expect.objectContaining({ feature: 'branch', code: 'unseen-category' }))
	})

	test('a category that the model does not know is missing and noted', () => {
		for (const one of [model, openCase(lightgbm)]) {
			const { x, notes } = one.encode({ ...row, purpose: 'boat' })
			expect(x[at(xgboost, 'purpose')]).toBeNaN()
			expect(notes.map((note) => [note.feature, note.code])).toContainEqual(['purpose', 'unseen-category'])
		}
	})

	test('a category is the same as number and as text', () => {
		expect(model.encode({ ...row, branch: '107' }).x).toEqual(model.encode(row).x)
	})

	test.each([
		['rate', '0.1', 'Send it as a number'],
		['rate', 'high', '`encodings` of the manifest'],
		['rate', 1e300, 'beyond the range of numbers'],
		['rate', [1], 'the model takes a number there'],
		['purpose', { name: 'car' }, 'a list or an object'],
	])('%s of %j is refused', (feature, value, reason) => {
		expect(() => model.encode({ ...row, [feature]: value })).toThrow(reason)
		expect(() => model.encode({ ...row, [feature]: value })).toThrow(FeatureError)
	})

	test('categories that an old XGBoost cut off are refused rather than guessed', () => {
		const file = JSON.parse(xgboost.text ?? '')
		const { enc } = file.learner.gradient_booster.model.cats
		// "ärzte" and "car" as XGBoost 3.2 writes them: bounds in characters, bytes cut off.
		enc[at(xgboost, 'purpose')] = {
			offsets: [0, 5, 8],
			values: [...Buffer.from('ärzteca')].map((b) => (b << 24) >> 24),
		}
		const cut = openModel('xgboost-json', Buffer.from(JSON.stringify(file)))
		expect(() => cut.encode(row)).toThrow('truncates names of categories with non-ASCII characters')
		const encodings = { purpose: { ärzte: 0, car: 1 } }
		const told = openModel('xgboost-json', Buffer.from(JSON.stringify(file)), { manifest: { encodings } })
		expect(told.encode(row).x[at(xgboost, 'purpose')]).toBe(1)
	})
})

describe('the manifest adds what the file lacks', () => {
	test('the sentinel of a missing value, also where false is one', () => {
		const { x, notes } = open(plain, { missing: 0 }).encode({ ...plain.rows[0], rate: 0, member: false })
		expect(x[names.indexOf('rate')]).toBeNaN()
		expect(x[names.indexOf('member')]).toBeNaN()
		expect(notes.map((note) => note.feature)).toContain('rate')
	})

	test('codes of categories', () => {
		const model = open(plain, { encodings: { late: { never: 0, 'once or more': 1 } } })
		expect(model.encode({ ...plain.rows[0], late: 'once or more' }).x[names.indexOf('late')]).toBe(1)
		expect(model.encode({ ...plain.rows[0], late: 'ever' }).notes.at(-1)?.code).toBe('unseen-category')
	})

	test('one-hot columns, whose contributions and interactions add up to the logged feature', () => {
		const oneHot = { small: 'count', large: 'late', none: 'member' }
		const model = open(plain, { encodings: { size: { oneHot } } })
		expect(model.features).toEqual(['amount', 'share', 'rate', 'zeros', 'size'])
		const logged = { ...plain.rows[0], size: 'large', rate: 0.3 }
		const { x, notes } = model.encode(logged)
		expect([x[names.indexOf('count')], x[names.indexOf('late')], x[names.indexOf('member')]]).toEqual([
			0, 1, 0,
		])
		expect(notes.filter((note) => note.feature === 'size')).toEqual([])
		expect(model.encode({ ...logged, size: 'huge' }).notes.at(-1)?.message).toContain('all its columns are 0')
		expect(model.encode({ ...logged, size: null }).x.slice(4)).toEqual(new Float64Array(3))

		const byColumn = open(plain).explain(x)
		const folded = model.explain(x)
		const [c = [], f = []] = [byColumn.contributions[0], folded.contributions[0]].map((list) => [
			...(list ?? []),
		])
		expect(f.slice(0, 4)).toEqual(c.slice(0, 4))
		expect(f[4]).toBeCloseTo((c[4] ?? 0) + (c[5] ?? 0) + (c[6] ?? 0), 12)
		const pairs = model.interactions?.(x)?.[0] ?? new Float64Array()
		expect(pairs.length).toBe(25)
		expect(pairs.reduce((a, b) => a + b)).toBeCloseTo((folded.margin[0] ?? 0) - (folded.base[0] ?? 0), 6)
	})

	test('names, and the link of an objective that has none', () => {
		const raw = named('xgboost 3.2.0 binary:logitraw (ubj)')
		const margin = Float64Array.of(0)
		expect([...open(raw).score(margin)]).toEqual([0])
		expect([...open(raw, { link: 'logit' }).score(margin)]).toEqual([0.5])
		const other = names.map((name) => `the ${name}`)
		expect(openModel('xgboost-json', unnamed(plain), { manifest: { features: other } }).features).toEqual(
			other,
		)
	})

	test('the boosting rounds that count', () => {
		const margins = [1, 2].map((rounds) => open(lightgbm, { rounds }).margin(new Float64Array(9))[0])
		expect(margins[1]).toBe(open(lightgbm).margin(new Float64Array(9))[0])
		expect(margins[0]).not.toBe(margins[1])
		expect(() => open(lightgbm, { rounds: 3 })).toThrow('Lower `rounds`')
		expect(() => open(xgboost, { rounds: 3 })).toThrow('Lower `rounds`')
	})

	test('early stopping is a warning: the file of a Booster does not say whether it counts', () => {
		const file = JSON.parse(xgboost.text ?? '')
		file.learner.attributes.best_iteration = '0'
		const booster = openModel('xgboost-json', Buffer.from(JSON.stringify(file)))
		expect(booster.advice).toContain('set `rounds` to 1')
		expect(booster.margin(new Float64Array(9))).toEqual(openCase(xgboost).margin(new Float64Array(9)))
		expect(openCase(xgboost).advice).toBeUndefined()
	})

	test('the file of a scikit-learn class stops at the best round, as the class does', () => {
		const file = JSON.parse(xgboost.text ?? '')
		file.learner.attributes = { best_iteration: '0', scikit_learn: '{}' }
		const bytes = Buffer.from(JSON.stringify(file))
		const x = new Float64Array(9)
		expect(openModel('xgboost-json', bytes).margin(x)).toEqual(open(xgboost, { rounds: 1 }).margin(x))
		expect(openModel('xgboost-json', bytes).advice).toContain('these are used here')
		const all = openModel('xgboost-json', bytes, { manifest: { rounds: 2 } })
		expect(all.margin(x)).toEqual(openCase(xgboost).margin(x))
		expect(all.advice).toBeUndefined()
		file.learner.attributes.best_iteration = '7'
		const cut = openModel('xgboost-json', Buffer.from(JSON.stringify(file)))
		expect([cut.margin(x), cut.advice]).toEqual([openCase(xgboost).margin(x), undefined])
	})
})

describe('a file that does not name its features', () => {
	const declare = (list: readonly string[]) =>
		openModel('xgboost-json', unnamed(plain), {
			features: list.map((name) => ({ name, type: 'numeric' as const })),
		})
	const own = names.map((_, i) => `f${i}`)

	test('is read by the names that the library gives, whatever their order and beside others', () => {
		const model = declare(['id', ...own.toReversed()])
		expect(model.features).toEqual(own)
		expect(model.advice).toBeUndefined()
	})

	test('is read in the order of other names, and says so', () => {
		const model = declare(names.toReversed())
		expect(model.features).toEqual(names.toReversed())
		expect(model.advice).toContain('does not name its features')
		const told = openModel('xgboost-json', unnamed(plain), { manifest: { features: names } })
		expect(told.advice).toBeUndefined()
	})
})

describe('a manifest that contradicts the file is refused', () => {
	test.each([
		[{ features: names.slice(1) }, 'names 6 features and the file has 7'],
		[{ features: [...names].reverse() }, 'feature 1 is "member" and the file\'s is "amount"'],
		[{ link: 'identity' }, 'the link is identity, and the file\'s objective is "binary:logistic"'],
		[{ classes: ['a', 'b', 'c'] }, 'names 3 classes'],
		[{ encodings: { colour: { red: 1 } } }, 'encodes "colour"'],
		[{ encodings: { size: { oneHot: { small: 'nowhere' } } } }, "not among the model's inputs"],
		[{ encodings: { a: { oneHot: { x: 'rate' } }, b: { oneHot: { x: 'rate' } } } }, 'also one of "a"'],
	])('%j', (manifest, reason) => {
		expect(() => open(plain, manifest)).toThrow(reason)
		expect(() => open(plain, manifest)).toThrow(ArtifactError)
	})

	test('a file without names needs them', () => {
		expect(() => openModel('xgboost-json', unnamed(plain))).toThrow('Give `features` in the manifest')
		const features = names.map((name) => ({ name, type: 'numeric' as const }))
		expect(openModel('xgboost-json', unnamed(plain), { features }).features).toEqual(names)
		const twice = names.map(() => 'a')
		expect(() => openModel('xgboost-json', unnamed(plain), { manifest: { features: twice } })).toThrow(
			'names "a" twice',
		)
	})
})

test('a background of another model is refused', () => {
	const [one, two] = [openCase(plain), openCase(plain)]
	const x = one.encode(plain.rows[0] ?? {}).x
	expect(() => two.explain(x, one.background([x]))).toThrow(RangeError)
})
