import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bytesOf, type PeerCase, readCases } from '../explain/golden/case.ts'
import { plumbline } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()

const file = async (name: string, content: string | Uint8Array) => {
	const path = join(folder, name)
	await writeFile(path, content)
	return path
}
const explain = (artifact: string, rows: string, ...more: string[]) =>
	plumbline(['explain', '--artifact', artifact, '--rows', rows, ...more])
type Line = {
	margin: number
	probability: number | null
	base: number
	contributions: Record<string, number>
	sumError: number
	method: string
	error?: string
	feature?: string | null
}
const linesOf = (out: string): Line[] =>
	out
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line))
const ndjson = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n')

const linear = {
	format: 'linear-json',
	link: 'logit',
	intercept: -1,
	coefficients: { income: -0.5, late: 0.8, region: { '01': 0.2, '02': -0.4 } },
	means: { income: 3, late: 0.5, region: { '01': 0.75, '02': 0.25 } },
}
const rows = [
	{ income: 2, late: 3, region: '02' },
	{ income: 1, late: 0, region: '01' },
	{ income: null, late: 0, region: '01' },
]
const csv = 'income,late,region\n2,3,02\n1,0,01\n,0,01\n'

describe('plumbline explain --artifact', () => {
	it('answers a line a row, in order, that adds up; a row that cannot be scored says why', async () => {
		const model = await file('linear.json', JSON.stringify(linear))
		const { code, out, err } = await explain(model, await file('rows.ndjson', ndjson(rows)), '--json')
		const [first, second, third] = linesOf(out)
		expect(first).toMatchObject({
			method: 'linear-shap',
			contributions: { income: 0.5, late: expect.closeTo(2, 12) },
		})
		expect(first?.margin).toBeCloseTo(-1 - 1 + 2.4 - 0.4, 12)
		expect(first?.probability).toBeCloseTo(0.5, 12)
		const sum = Object.values(second?.contributions ?? {}).reduce((a, b) => a + b, second?.base ?? 0)
		expect(sum).toBeCloseTo(second?.margin as number, 12)
		expect(third).toEqual({ error: expect.stringMatching(/income is missing/), feature: 'income' })
		expect(code).toBe(1)
		expect(err).toBe('1 of 3 rows could not be scored.\n')
	})

	it('answers the same for rows in CSV, JSON, nested and packed', async () => {
		const model = await file('packed.json.gz', gzipSync(JSON.stringify(linear)))
		const wanted = (await explain(model, await file('a.ndjson', ndjson(rows)), '--json')).out
		const nested = rows.map((features, i) => ({ predictionId: `p${i}`, features }))
		for (const path of [
			await file('a.csv', csv),
			await file('b.csv.gz', gzipSync(csv)),
			await file('c.json', JSON.stringify(rows, null, 2)),
			await file('d.ndjson.gz', gzipSync(ndjson(nested))),
			await file('e.json', ndjson(rows)),
		])
			expect((await explain(model, path, '--json')).out, path).toBe(wanted)
	})

	it('states its assumptions', async () => {
		const model = await file('linear.json', JSON.stringify(linear))
		const manifest = await file('misspelt.json', '{"mising":-1}')
		const { err } = await explain(model, await file('rows.csv', csv), '--manifest', manifest)
		expect(err).toMatch(/Note: .*"mising", which is not used. Did you mean "missing"\?/)
	})

	it('compares with a background when there is one', async () => {
		const model = await file('linear.json', JSON.stringify(linear))
		const background = await file('background.csv', 'income,late,region\n4,1,01\n2,3,01\n,1,01\n')
		const { out, err } = await explain(
			model,
			await file('rows.csv', csv),
			'--background',
			background,
			'--json',
		)
		expect(linesOf(out)[0]).toMatchObject({
			method: 'linear-shap/background',
			contributions: { income: 0.5 },
		})
		expect(err).toMatch(
			/1 rows of .*background.csv are left out of the background; the first, row 3: income is missing/,
		)
	})

	it('recognises a scorecard by its content, also in YAML', async () => {
		const card =
			'format: scorecard\nfeatures:\n  late:\n    bins:\n      - { to: 1, points: 40 }\n      - { from: 1, points: 10 }\n'
		const { out, code } = await explain(
			await file('card.txt', card),
			await file('late.csv', 'late\n0\n2\n'),
			'--json',
		)
		expect(linesOf(out)).toMatchObject([
			{ margin: 40, score: 40, probability: null, contributions: { late: 0 } },
			{
				margin: 10,
				score: 10,
				probability: null,
				contributions: { late: -30 },
				method: 'scorecard/points-below-maximum',
			},
		])
		expect(code).toBe(0)
	})

	it('shows people what weighs most', async () => {
		const model = await file('linear.json', JSON.stringify(linear))
		const { out } = await explain(model, await file('rows.csv', csv))
		expect(out).toMatch(/row 1 {2}probability 0\.5, margin [^=]*= base -2\.05/)
		expect(out).toMatch(/late +3 +\+2 +\+{24}\n/)
		expect(out).toMatch(/row 3 {2}not scored: income is missing/)
	})
})

describe('models of other libraries', () => {
	const cases = ['golden', 'xgboost-3.4.1'].flatMap((name) =>
		readCases(readFileSync(new URL(`../explain/golden/${name}.ndjson.gz`, import.meta.url))),
	)
	const named = [
		'xgboost 3.2.0 binary:logistic (json)',
		'xgboost 3.4.1 multi:softprob (ubj)',
		'xgboost 3.2.0 set splits (json)',
		'xgboost 3.2.0 missing=-1 (json)',
		'lightgbm 4.7.0 set splits',
		'lightgbm 4.7.0 regression',
	]
	it.each(named)('%s: margins and contributions are those of the library', async (name) => {
		const one = cases.find((c) => c.name === name) as PeerCase
		const manifest =
			one.manifest === undefined
				? []
				: ['--manifest', await file('manifest.json', JSON.stringify(one.manifest))]
		const { out, err } = await explain(
			await file('model', bytesOf(one)),
			await file('peer.ndjson', ndjson(one.rows)),
			...manifest,
			'--json',
		)
		const lines = linesOf(out)
		expect(lines.length, err).toBe(one.rows.length)
		lines.forEach((line, i) => {
			const [margins, theirs] = [one.margin[i], one.contributions[i]].map((v) => (Array.isArray(v) ? v : [v]))
			const byClass = Array.isArray(theirs?.[0]) ? (theirs as number[][]) : [theirs as number[]]
			const each = (value: unknown): number[] => (Array.isArray(value) ? value : [value as number])
			each(line.margin).forEach((m, k) => {
				expect(m).toBeCloseTo(margins?.[k] as number, 9)
			})
			Object.values(line.contributions).forEach((values, f) => {
				each(values).forEach((value, k) => {
					expect(Math.abs(value - (byClass[k]?.[f] as number))).toBeLessThan(2e-5)
				})
			})
		})
	})

	it('many rows are explained by threads, and alike', async () => {
		const one = cases.find((c) => c.name === named[4]) as PeerCase
		const model = await file('model.txt', bytesOf(one))
		const few = linesOf((await explain(model, await file('few.ndjson', ndjson(one.rows)), '--json')).out)
		const copies = Array.from({ length: 2400 }, (_, i) => one.rows[i % one.rows.length])
		const many = linesOf((await explain(model, await file('many.ndjson', ndjson(copies)), '--json')).out)
		expect(many.length).toBe(2400)
		many.forEach((line, i) => {
			const other = few[i % few.length] as Line
			expect(line).toMatchObject({ margin: other.margin, method: other.method })
			for (const [name, c] of Object.entries(line.contributions))
				expect(c).toBeCloseTo(other.contributions[name] as number, 9)
		})
	})
})

describe('what cannot be done ends with a hint', () => {
	const ofRows = () => file('rows.csv', csv)
	it.each<[string, string | Uint8Array, RegExp]>([
		['a pickle', Uint8Array.of(0x80, 4, 0x95, 0), /Python pickle.*are refused.*ONNX/],
		['a file that is nothing known', 'hello', /the format cannot be detected.*--format/],
		[
			'a broken model',
			'{"format":"linear-json","link":"logit","intercept":"1","coefficients":{"a":1}}',
			/intercept must be a finite number/,
		],
	])('%s', async (_, content, message) => {
		const { code, err } = await explain(await file('bad', content), await ofRows())
		expect([code, err]).toEqual([2, expect.stringMatching(message)])
	})

	it('missing files, other extensions, options that do not fit', async () => {
		const model = await file('linear.json', JSON.stringify(linear))
		const cases: [string[], RegExp][] = [
			[['--artifact', join(folder, 'nothing.json'), '--rows', await ofRows()], /there is no such file/],
			[['--artifact', model, '--rows', await file('rows.xlsx', '')], /\.csv, \.ndjson or \.json/],
			[['--artifact', model], /--rows is required/],
			[['--artifact', model, '--rows', await ofRows(), '--format', 'onyx'], /--format must be one of/],
			[['--artifact', model, '--rows', await file('empty.csv', 'income\n')], /has no rows/],
			[
				[
					'--artifact',
					model,
					'--rows',
					await ofRows(),
					'--manifest',
					await file('m.json', '{"link":"probit"}'),
				],
				/m\.json: link/,
			],
			[['credit-risk'], /The id of the prediction is missing/],
			[['credit-risk', 'p1', '--rows', 'x.csv'], /--rows needs --artifact/],
		]
		for (const [args, message] of cases) {
			const { code, err } = await plumbline(['explain', ...args])
			expect([code, err]).toEqual([2, expect.stringMatching(message)])
		}
	})
})
