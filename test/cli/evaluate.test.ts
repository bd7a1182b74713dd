import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteFile } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { plumbline } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()

const evaluate = (...args: string[]) => plumbline(['evaluate', ...args])
const file = async (name: string, content: string | Uint8Array) => {
	const path = join(folder, name)
	await writeFile(path, content)
	return path
}

type Line = { score: number | null; actual: number | null; sex: string | null; age: number }
const lines = Array.from(
	{ length: 600 },
	(_, i): Line => ({
		score: i % 50 === 0 ? null : ((i * 37) % 100) / 100,
		actual: i % 7 === 0 ? null : Number((i * 37) % 100 > (i * 53) % 100),
		sex: i % 40 === 0 ? null : i % 3 === 0 ? 'women, all' : 'men',
		age: 20 + (i % 4),
	}),
)
const csv = `score,actual,sex,age\n${lines
	.map((l) => `${l.score ?? ''},${l.actual ?? ''},${l.sex === null ? '' : `"${l.sex}"`},${l.age}`)
	.join('\n')}\n`
const ndjson = lines.map((l) => JSON.stringify(l)).join('\n')

function writeParquet(name: string): string {
	const path = join(folder, name)
	parquetWriteFile({
		filename: path,
		columnData: [
			{ name: 'score', data: lines.map((l) => l.score), type: 'DOUBLE' },
			{
				name: 'actual',
				data: lines.map((l) => (l.actual === null ? null : BigInt(l.actual))),
				type: 'INT64',
			},
			{ name: 'sex', data: lines.map((l) => l.sex), type: 'STRING' },
			{ name: 'age', data: Int32Array.from(lines, (l) => l.age), type: 'INT32' },
		],
	})
	return path
}

const options = [
	'--task',
	'binary',
	'--actual',
	'actual',
	'--score',
	'score',
	'--group',
	'sex',
	'--group',
	'age',
]

describe('evaluating a file', () => {
	it('answers alike for CSV, NDJSON and Parquet, also zipped', async () => {
		const parquet = writeParquet('rows.parquet')
		const paths = [
			await file('rows.csv', csv),
			await file('rows.csv.gz', gzipSync(csv)),
			await file('rows.ndjson', ndjson),
			await file('rows.jsonl.gz', gzipSync(ndjson)),
			parquet,
			await file('rows.parquet.gz', gzipSync(readFileSync(parquet))),
		]
		const answers = await Promise.all(
			paths.map((path) => evaluate('--data', path, ...options, '--facet', 'sex=men', '--json')),
		)
		const [first] = answers
		expect(first).toMatchObject({ code: 0, err: '' })
		const answer = JSON.parse(first?.out ?? '')
		expect(answer.rows).toBe(600)
		expect(Object.keys(answer.fairness)).toEqual(['sex', 'age', 'sex x age'])
		expect(answer.groups[0]).toMatchObject({ group: { sex: '(missing)' }, n: 15 })
		expect(answer.groups.at(-1).group).toEqual({ sex: 'women, all', age: '23' })
		expect(answer.metrics['performance.roc_auc']).toMatchObject({ status: 'ok', n: 504 })
		expect(answer.metrics['performance.outcome_coverage'].value).toBeCloseTo(514 / 600, 12)
		expect(Object.keys(answer.facets)).toEqual(['sex=men', 'sex=men by age'])
		expect(answer.facets['sex=men'].di).toBeGreaterThan(0)
		for (const { out } of answers) expect(out).toBe(first?.out)
	})

	it('prints tables and verdicts for people, and writes a page that needs nothing else', async () => {
		const page = join(folder, 'page.html')
		const { code, out } = await evaluate(
			'--data',
			await file('people.csv', csv),
			...options,
			'--favourable',
			'0',
			'--html',
			page,
		)
		expect(code).toBe(0)
		expect(out).toMatch(/^600 rows, binary\n\nmetric +value +95% interval +n/)
		expect(out).toMatch(/performance\.roc_auc +0\.\d+ +0\.\d+ to 0\.\d+ +504/)
		expect(out).toMatch(/sex=men x age=20 +\d+/)
		expect(out).toMatch(/Four-fifths rule\n {2}sex: (PASS|FAIL|INCONCLUSIVE): /)
		expect(out).toContain(`The page is in ${page}.`)
		const html = readFileSync(page, 'utf8')
		expect(html).toMatch(/^<!doctype html>/)
		expect(html).not.toMatch(/<script|src=|href=|url\(|@import/)
	})

	it('takes { class: probability } and a column for each class', async () => {
		const of = (i: number) => ({ a: 0.2, b: 0.2 + (i % 5) / 10, c: 0.6 - (i % 5) / 10 })
		const rows = Array.from({ length: 90 }, (_, i) => ({ p: of(i), label: 'abc'[i % 3], ...of(i) }))
		const path = await file('classes.ndjson', rows.map((r) => JSON.stringify(r)).join('\n'))
		const common = ['--data', path, '--task', 'multiclass', '--actual', 'label', '--json']
		const object = await evaluate(...common, '--score', 'p')
		const columns = await evaluate(...common, '--score', 'a=a', '--score', 'b=b', '--score', 'c=c')
		expect(object.code).toBe(0)
		expect(JSON.parse(object.out).metrics['performance.log_loss'].status).toBe('ok')
		expect(columns.out).toBe(object.out)
	})

	it.each([
		[
			['--score', 'scroe'],
			'rows.csv: There is no column "scroe". Did you mean "score"? The columns are: score, actual',
		],
		[['--score', 'score', '--group', 'Sex'], 'Did you mean "sex"?'],
		[['--score', 'score', '--facet', 'sex=man'], 'No row has sex=man. Did you mean "men"? The values are: '],
		[['--score', 'score', '--threshold', 'high'], '--threshold high: that is not a number.'],
		[['--score', 'score', '--like', 'nannyml'], 'name its file with --reference'],
		[['--score', 'score', '--task', 'binry'], '--task must be one of'],
		[[], 'Name the column of scores with --score'],
	])('%j ends with 2 and says what to do', async (more, message) => {
		const path = await file('rows.csv', csv)
		const result = await evaluate('--data', path, '--task', 'binary', '--actual', 'actual', ...more)
		expect([result.code, result.err]).toEqual([2, expect.stringContaining(message)])
		expect(result.err).not.toMatch(/\n\s+at /)
	})

	it.each([
		['none.csv', undefined, 'there is no such file'],
		['empty.csv', '', 'The file is empty'],
		['head.csv', 'score,actual\n', 'has no rows'],
		['broken.ndjson', '{"score": 1}\n{"score": \n', 'Line 2 of the file is not a JSON object'],
		['broken.parquet', 'PAR1 nothing', 'cannot be read as Parquet'],
		['broken.csv.gz', 'not gzip', 'cannot be read'],
		['rows.txt', 'x', 'name the file .csv, .ndjson or .parquet'],
	])('%s ends with 2 and says what is wrong', async (name, content, message) => {
		const path = content === undefined ? join(folder, name) : await file(name, content)
		const common = ['--task', 'binary', '--actual', 'actual', '--score', 'score']
		const result = await evaluate('--data', path, ...common)
		expect([result.code, result.err]).toEqual([2, expect.stringContaining(message)])
		expect(result.err).not.toMatch(/\n\s+at /)
	})
})
