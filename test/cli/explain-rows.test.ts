import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
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
const marginsOf = (out: string): number[] =>
	out
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line).margin)
const ending = (child: ChildProcess) =>
	new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])))

const linear = JSON.stringify({
	format: 'linear-json',
	link: 'identity',
	intercept: 0,
	coefficients: { late: 2, income: 1 },
	missing: { late: 5 },
})
const csv = 'income,late\n2,3\n1,0\n'

describe('rows of a file', () => {
	it('reads tables as data frames write them', async () => {
		const model = await file('flags.json', linear)
		const table = ',income,late\n0,1,True\n1,2.0,<NA>\n2,3,False\n'
		// Packed, and not named so.
		const { out } = await explain(model, await file('frame.csv', gzipSync(table)), '--json')
		expect(marginsOf(out)).toEqual([3, 12, 3])
	})

	it('ends quietly when its reader has enough, and at once at a signal', async () => {
		const model = await file('linear.json', linear)
		const path = await file('long.ndjson', '{"income":1,"late":0}\n'.repeat(40_000))
		const start = () =>
			spawn(process.execPath, ['src/cli.ts', 'explain', '--artifact', model, '--rows', path, '--json'])
		const left = start()
		let err = ''
		left.stderr.on('data', (chunk) => {
			err += chunk
		})
		left.stdout.once('data', () => left.stdout.destroy())
		expect([await ending(left), err]).toEqual([[2, null], ''])
		const stopped = start()
		stopped.stdout.once('data', () => stopped.kill('SIGINT'))
		expect(await ending(stopped)).toEqual([null, 'SIGINT'])
	})

	it('reads a special value of a scorecard that is written like a missing one', async () => {
		const bins =
			'bins: [{ points: 40 }]\n    special: [{ values: [NA], points: 7 }]\n    missing: { points: 1 }\n'
		const card = await file('special.yaml', `format: scorecard\nfeatures:\n  late:\n    ${bins}`)
		const { out } = await explain(
			card,
			await file('special.csv', 'late,id\nNA,a\n,b\nnan,c\n3,d\n'),
			'--json',
		)
		expect(marginsOf(out)).toEqual([7, 1, 1, 40])
	})

	it.each<[string, string, string | Uint8Array, RegExp]>([
		['two columns of one name', 'twice.csv', 'income,late,income\n1,2,3\n', /two columns "income"/],
		['other separators', 'semi.csv', 'income;late\n1;2\n', /not separated by commas/],
		['NaN in JSON', 'nan.json', '[{"income":NaN}]', /NaN and Infinity are not JSON: write null/],
		[
			'a file that was cut off',
			'cut.csv.gz',
			gzipSync(csv).subarray(0, 25),
			/cut\.csv\.gz cannot be read: \w/,
		],
	])('%s: says what to do', async (_, name, content, message) => {
		const { code, err } = await explain(await file('linear.json', linear), await file(name, content))
		expect([code, err]).toEqual([2, expect.stringMatching(message)])
	})
})
