import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { parquetWriteFile } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { commandLine } from '../support/command-line.ts'
import type { Json } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const shared = (name: string) => fileURLToPath(new URL(`../cases/${name}`, import.meta.url))
const folder = temporaryFolder()
const file = async (name: string, content: string | Uint8Array) => {
	const path = join(folder, name)
	await writeFile(path, content)
	return path
}
const parquet = (name: string, columnData: Parameters<typeof parquetWriteFile>[0]['columnData']) => {
	const filename = join(folder, name)
	parquetWriteFile({ filename, columnData })
	return filename
}

const evaluate = (data: string, ...more: string[]) =>
	commandLine(['evaluate', '--data', data, '--actual', 'y', '--json', ...more])
const binary = (data: string, ...more: string[]) =>
	evaluate(data, '--task', 'binary', '--score', 'score', ...more)
async function result(run: ReturnType<typeof evaluate>): Promise<Json> {
	const { code, out, err } = await run
	expect([code, err]).toEqual([0, ''])
	return JSON.parse(out)
}
/** The groups between which shares of approvals differ most. */
async function groups(data: string, column: string): Promise<string[]> {
	const { fairness } = await result(binary(data, '--group', column, '--min-group', '1'))
	return fairness[column]['fairness.demographic_parity_difference'].groups
}
const scores = ['0.9,1', '0.8,1', '0.2,0', '0.1,0']
const withGroups = (names: readonly string[]) =>
	`score,y,g\n${scores.map((line, i) => `${line},${names[i]}`).join('\n')}\n`

describe('groups of a file', () => {
	it.each(['csv', 'ndjson', 'parquet'])('keep the digits of integers beyond 2^53 in %s', async (ending) => {
		expect(await groups(shared(`01-bigint-group.${ending}`), 'cell')).toEqual([
			'617700169958293503',
			'617700169958293504',
		])
	})

	it('that look like versions are not numbers', async () => {
		expect(await groups(shared('04-version-group.csv'), 'app')).toEqual(['1.1', '1.10'])
	})

	it.each([
		['12e4567', '9e9999'],
		['1e3', '1000'],
		['007', '7'],
		['1.10', '1.1'],
		['-0', '0.0x'],
		['NA', 'na'],
	])('%s and %s are two names', async (a, b) => {
		expect((await groups(await file('names.csv', withGroups([a, a, b, b])), 'g')).sort()).toEqual(
			[a, b].sort(),
		)
	})

	it('1 and 1.0 are one code where all are integers, whichever the format', async () => {
		expect(await groups(await file('codes.csv', withGroups(['1', '1.0', '2', '2.0'])), 'g')).toEqual([
			'1',
			'2',
		])
		const floats = parquet('floats.parquet', [
			{ name: 'score', data: [0.9, 0.8, 0.2, 0.1], type: 'DOUBLE' },
			{ name: 'y', data: [1, 1, 0, 0], type: 'INT32' },
			{ name: 'g', data: [1, 1, 2, 2], type: 'DOUBLE' },
		])
		expect(await groups(floats, 'g')).toEqual(['1', '2'])
	})

	it('that are many ids beyond 2^53 stay ids, and numbers that are many become bands', async () => {
		const many = (name: (i: number) => string) =>
			`score,y,g\n${Array.from({ length: 60 }, (_, i) => `0.${i % 10},${i % 2},${name(i % 30)}`).join('\n')}\n`
		const ids = await result(
			binary(
				await file(
					'ids.csv',
					many((i) => `6177001699582935${10 + i}`),
				),
				'--group',
				'g',
				'--min-group',
				'1',
			),
		)
		expect(ids.notes.join()).not.toContain('bands')
		const ages = await result(
			binary(
				await file(
					'ages.csv',
					many((i) => `${20 + i}`),
				),
				'--group',
				'g',
			),
		)
		expect(ages.notes.join()).toContain('bands')
	})

	it('a struct is no group, and the message says so', async () => {
		const structs = await binary(shared('18-strings-and-structs.parquet'), '--group', 'st')
		expect([structs.code, structs.err]).toEqual([2, expect.stringContaining('"st" is a struct')])
		const line = await binary(await file('g.ndjson', '{"score":1,"y":1,"g":{"a":1}}\n'), '--group', 'g')
		expect([line.code, line.err]).toEqual([
			2,
			expect.stringContaining('Line 1: the column "g" is a struct or list'),
		])
	})

	it('queries that a double would merge are two', async () => {
		const lines = ['9007199254740993', '9007199254740992', '007', '7'].map((q) => `${q},0.9,1\n${q},0.1,0\n`)
		const { metrics } = await result(
			evaluate(
				await file('q.csv', `q,score,y\n${lines.join('')}`),
				'--task',
				'ranking',
				'--score',
				'score',
				'--query',
				'q',
			),
		)
		expect(metrics['performance.ndcg_10'].n).toBe(4)
	})
})

describe('columns of a file', () => {
	it('numbers in a text column of Parquet are read as in CSV', async () => {
		const { metrics, notes } = await result(binary(shared('18-strings-and-structs.parquet')))
		expect([metrics['performance.roc_auc'].value, metrics['performance.roc_auc'].n, notes]).toEqual([
			1,
			4,
			[],
		])
	})

	it('cells that are a Python dict are named, with the fix', async () => {
		const { notes } = await result(
			evaluate(shared('21-python-dict.csv'), '--task', 'multiclass', '--score', 'probs'),
		)
		expect(notes.join()).toMatch(/not JSON .*\{'a': 0.7, 'b': 0.3\}.*json\.dumps/)
	})

	it('classes may hold the sign that stands between class and column', async () => {
		const run = evaluate(
			shared('22-class-with-equals.csv'),
			...['--task', 'multiclass', '--score', '<=50K=p1', '--score', '>50K=p2', '--score', 'other=p3'],
		)
		const { metrics } = await result(run)
		expect([metrics['performance.accuracy'].value, metrics['performance.roc_auc'].n]).toEqual([1, 3])
	})

	it('decimal commas are named', async () => {
		const { notes } = await result(binary(await file('comma.csv', 'score,y\n"0,9",1\n0.1,0\n')))
		expect(notes.join()).toContain('write numbers with a point')
	})

	it.each([
		['19-semicolon.csv', /not separated by commas but by semicolons/],
		['23-truncated.csv.gz', /gzip data cannot be read: it is cut off/],
	])('%s ends with 2 and says why', async (name, message) => {
		const { code, err } = await binary(shared(name))
		expect([code, err]).toEqual([2, expect.stringMatching(message)])
	})

	it('a Parquet file that keeps its reader busy for ever ends with 2', async () => {
		const hangs = ['--task', 'regression', '--score', 'score', '--actual', 'x']
		const { code, err } = await commandLine(['evaluate', '--data', shared('24-hangs.parquet'), ...hangs])
		expect([code, err]).toEqual([2, expect.stringContaining('cannot be read as Parquet')])
	})

	it.each([
		['tabs.csv', 'score\ty\n0.9\t1\n', /separated by commas but by tabs/],
		['bars.csv', 'score|y\n0.9|1\n', /separated by commas but by bars/],
		['open.csv', 'score,y\n0.9,1\n"0.1,0\n', /Line 3 .*a quote is not closed/],
		['ragged.csv', 'score,y\n0.9,1,2\n', /Line 2 .*it has 3 cells, and the header has 2/],
		['header.csv', 'score,y\n', /has no rows/],
		['empty.csv', '', /is empty/],
		['zip.csv', 'PK\u0003\u0004....', /an Excel workbook: save it as CSV/],
		['list.ndjson', '{"score":NaN,"y":1}\n', /Line 1 .*bare NaN.*send null/],
	])('%s ends with 2 and says why', async (name, content, message) => {
		const { code, err } = await binary(await file(name, content))
		expect([code, err]).toEqual([2, expect.stringMatching(message)])
	})

	it('bytes that are not UTF-8 are named with their line, where somebody takes the column', async () => {
		const latin = Buffer.from(withGroups(['a', 'M\xfcller', 'a', 'a']), 'latin1')
		const { code, err } = await binary(await file('latin.csv', latin), '--group', 'g')
		expect([code, err]).toEqual([
			2,
			expect.stringContaining('Line 3 of the file is not CSV: it is not UTF-8'),
		])
		const json = Buffer.from('{"score":1,"y":1}\n{"score":0,"y":0,"g":"M\xfcller"}\n', 'latin1')
		expect((await binary(await file('latin.ndjson', json))).err).toContain('Line 2')
	})

	it.each([
		['19-utf16.csv', 2],
		['23-two-members.csv.gz', 4],
	])('%s is read', async (name, rows) => {
		expect((await result(binary(shared(name)))).rows).toBe(rows)
	})

	it.each([
		['mark.csv', '\ufeffscore,y\n0.9,1\n0.1,0\n'],
		['cr.csv', 'score,y\r0.9,1\r0.1,0\r'],
		['crlf.csv', 'score,y\r\n0.9,1\r\n0.1,0'],
		['packed.csv', Buffer.concat([gzipSync('score,y\n0.9,1\n'), gzipSync('0.1,0\n')])],
	])('%s is read', async (name, content) => {
		expect((await result(binary(await file(name, content)))).rows).toBe(2)
	})
})

describe('rows to be explained', () => {
	const margins = (out: string) =>
		out
			.trim()
			.split('\n')
			.map((line) => Number(JSON.parse(line).margin.toFixed(3)))
	const explain = (rows: string) =>
		commandLine(['explain', '--artifact', shared('06-unnamed.json'), '--rows', rows, '--json'])
	const years = [
		[2, 2, -2],
		[2, -2, -2],
		[-2, 2, 2],
	]

	it('have their columns in the order of the file, though years are keys like numbers', async () => {
		const json = years.map(([a, b, c]) => `{"income":${a},"2023":${b},"2022":${c}}`)
		const files = [
			shared('06-years.csv'),
			await file('years.ndjson', json.join('\n')),
			await file('years.json', `[${json.join(',')}]`),
			await file('nested.ndjson', json.map((row) => `{"id":"x","features":${row}}`).join('\n')),
		]
		for (const path of files) expect(margins((await explain(path)).out)).toEqual([2.158, 0.487, -0.394])
	})

	it('in columns with another separator are refused with the cause', async () => {
		const { code, err } = await explain(await file('semi.csv', 'income;2023;2022\n1;2;3\n'))
		expect([code, err]).toEqual([2, expect.stringContaining('not separated by commas but by semicolons')])
	})

	it('of a JSON list that Python wrote are named', async () => {
		const path = await file('nan.json', '[{"income":1,"2023":1,"2022":1},{"income":NaN,"2023":1,"2022":1}]')
		expect((await explain(path)).err).toMatch(/row 2, income is a bare NaN, which is not JSON: send null/)
	})
})
