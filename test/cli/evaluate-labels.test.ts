import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { plumbline } from '../support/process.ts'
import type { Json } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()

const run = (...args: string[]) => plumbline(['evaluate', '--task', 'binary', '--actual', 'y', ...args])
async function written(csv: string): Promise<string> {
	const path = join(folder, `${Math.abs(csv.length)}-${csv.slice(0, 40).replaceAll(/\W/g, '')}.csv`)
	await writeFile(path, csv)
	return path
}
async function json(data: string, ...args: string[]): Promise<Json> {
	const { code, out, err } = await run('--data', data, '--score', 'score', '--json', ...args)
	expect(code, err).toBe(0)
	return JSON.parse(out)
}
const valueOf = (answer: Json, metric: string): number => answer.metrics[`performance.${metric}`].value

const cases = new URL('../cases/', import.meta.url)
const caseFile = (name: string) => fileURLToPath(new URL(name, cases))

describe('small files with unusual labels', () => {
	it('labels 1 and 2 work when the positive one is named', async () => {
		const answer = await json(caseFile('07-labels-1-2.csv'), '--positive', '1')
		expect(valueOf(answer, 'accuracy')).toBe(0.75)
		expect(valueOf(answer, 'roc_auc')).toBeCloseTo(14 / 15, 12)
		expect(answer.notes).toEqual([])
	})

	it('what is neither label is not known, and listed', async () => {
		const answer = await json(caseFile('08-unknown-label.csv'), '--positive', 'bad')
		expect(valueOf(answer, 'accuracy')).toBeCloseTo(2 / 3, 12)
		expect(valueOf(answer, 'roc_auc')).toBeCloseTo(8 / 9, 12)
		expect(valueOf(answer, 'outcome_coverage')).toBe(0.75)
		expect(answer.notes).toEqual([
			'2 outcomes in "y" are not labels of a binary task and count as unknown (such as "unknown", "NA"); the negative label is "good", name another with --negative.',
		])
	})

	it('decisions in other words than outcomes are refused, or mapped from either side', async () => {
		const args = ['--prediction', 'decision', '--positive', 'bad']
		const data = caseFile('09a-pred-1-0.csv')
		const refused = await run('--data', data, '--score', 'score', ...args)
		expect(refused.code).toBe(2)
		expect(refused.err).toContain('No decision in "decision" is the positive label "bad"')
		expect(refused.err).toContain('--decision-map')
		for (const map of ['1=bad,0=good', 'bad=1.0,good=0.0']) {
			const answer = await json(data, ...args, '--decision-map', map)
			expect([valueOf(answer, 'accuracy'), valueOf(answer, 'recall')]).toEqual([2 / 3, 2 / 3])
		}
	})
})

it('decisions as a data frame writes booleans are mapped, and name the favourable one', async () => {
	const rows = Array.from(
		{ length: 80 },
		(_, i) => `0.${i % 10},${i % 3 ? 'good' : 'bad'},${i % 4 ? 'False' : 'True'},${'ab'[i % 2]}`,
	)
	const data = await written(`score,y,declined,g\n${rows.join('\n')}\n`)
	const args = ['--prediction', 'declined', '--positive', 'bad', '--decision-map', 'True=bad,False=good']
	const answer = await json(data, ...args, '--favourable', 'False', '--group', 'g')
	expect(answer.metrics['performance.accuracy'].n).toBe(80)
	expect(answer.fairness.g.fourFifths).toMatchObject({ ratio: 0.5, reference: 'b', group: 'a' })
})

describe('decisions', () => {
	it.each([
		['1 and 0 of outcomes 1 and 2', ['--positive', '1'], ['1', '0'], ['1', '2'], '"0" are neither'],
		[
			'a map that names one of two',
			['--positive', 'bad', '--decision-map', 'x=bad'],
			['x', 'y'],
			['bad', 'good'],
			'"y" are neither',
		],
		[
			'a map to a word that is no label',
			['--positive', 'bad', '--decision-map', 'x=worse,y=good'],
			['x', 'y'],
			['bad', 'good'],
			'"x" are neither',
		],
		['none but missing ones', [], ['NA', 'nan'], ['1', '0'], undefined],
		['one side and missing ones', [], ['0', 'NA'], ['1', '0'], undefined],
	])('of which only one side is a label are refused: %s', async (_, args, decisions, labels, message) => {
		const rows = Array.from({ length: 8 }, (_, i) => `${decisions[i % 2]},${labels[i % 3 ? 1 : 0]}`)
		const data = await written(`d,y\n${rows.join('\n')}\n`)
		const { code, err } = await run('--data', data, '--prediction', 'd', ...args)
		expect(code).toBe(message === undefined ? 0 : 2)
		expect(err).toContain(message ?? '')
		if (message) expect(err).toContain('--decision-map DECISION=LABEL')
	})
})

it('decisions of a multiclass task of which none is a class are refused', async () => {
	const data = await written('y,p\na,1\nb,2\nb,1\n')
	const args = ['--data', data, '--task', 'multiclass', '--actual', 'y', '--prediction', 'p', '--json']
	const { code, err } = await plumbline(['evaluate', ...args])
	expect([code, err]).toEqual([
		2,
		expect.stringContaining(
			'(decisions are "1", "2", outcomes "a", "b"). Say what they mean with --decision-map',
		),
	])
	const unknown = await written('y,p\na,a\nb,b\nb,a\nunknown,a\n')
	const counted = await plumbline(['evaluate', ...args.with(1, unknown)])
	expect(valueOf(JSON.parse(counted.out), 'outcome_coverage')).toBe(0.75)
	const mapped = await plumbline(['evaluate', ...args, '--decision-map', '1=a,2=b'])
	expect(valueOf(JSON.parse(mapped.out), 'accuracy')).toBeCloseTo(2 / 3, 12)
})

describe('labels', () => {
	const table = (labels: readonly unknown[]) =>
		written(`score,y\n${labels.map((label, i) => `${1 - i / 10},${label}`).join('\n')}\n`)

	it.each([
		['yes and never', ['--positive', 'yes'], ['yes', 'yes', 'never', 'yes', 'never', 'unknown', 'nan']],
		['true and none', ['--positive', 'true'], ['True', 'true', 'none', 'TRUE', 'none', '', '?']],
		['1 and 0, where -1 is not known', [], [1, '1.0', 0, 'true', 'no', -1, -1]],
		[
			'integers above 2^53',
			['--positive', '9007199254740993'],
			[
				'9007199254740993',
				'9007199254740993.0',
				'9007199254740992',
				'9007199254740993',
				'9007199254740992',
				'NA',
				'9007199254740991',
			],
		],
		['1 and -1', ['--positive', '1'], [1, 1, -1, 1, -1, 'unknown', 2]],
		[
			'a negative one that is named',
			['--positive', 'a', '--negative', 'b'],
			['a', 'a', 'b', 'a', 'b', 'c', 'c'],
		],
		[
			'an unknown that is commoner than the negative',
			['--positive', 'a'],
			['a', 'a', 'b', 'a', 'b', 'unknown', 'NA'],
		],
	])('%s', async (_, args, labels) => {
		const answer = await json(await table(labels), ...args)
		expect(valueOf(answer, 'outcome_coverage')).toBeCloseTo(5 / 7, 12)
		expect(valueOf(answer, 'roc_auc')).toBeCloseTo(5 / 6, 12)
	})

	it('a positive label that no outcome has is reported', async () => {
		const answer = await json(await table(['good', 'good', 'bad']), '--positive', 'Baad')
		expect(answer.notes.join()).toContain(
			'No outcome in "y" is the positive label "Baad" (the labels are "good", "bad")',
		)
	})

	it('of a reference are those of the rows', async () => {
		const rows = Array.from(
			{ length: 60 },
			(_, i) => `${(i % 10) / 10},${i % 20 === 0 ? 'unknown' : i % 10 > 4 ? 'bad' : 'good'}`,
		)
		const reference = await written(`score,y\n${rows.join('\n')}\n`)
		const data = await table(['unknown', 'unknown', 'unknown', 'good', 'bad'])
		const answer = await json(data, '--positive', 'bad', '--reference', reference)
		expect(valueOf(answer, 'outcome_coverage')).toBe(0.4)
		expect(answer.metrics['estimated.accuracy'].status).toBe('ok')
		expect(answer.notes.join()).toContain('Reference: 3 outcomes in "y" are not labels of a binary task')
	})

	it('of a multiclass task are the classes that have a probability or a decision', async () => {
		const data = await written('a,b,y\n0.9,0.1,a\n0.2,0.8,b\n0.6,0.4,b\n0.7,0.3,unknown\n')
		const args = [
			'--data',
			data,
			'--task',
			'multiclass',
			'--actual',
			'y',
			'--score',
			'a=a',
			'--score',
			'b=b',
			'--json',
		]
		const answer = JSON.parse((await plumbline(['evaluate', ...args])).out)
		expect(valueOf(answer, 'accuracy')).toBeCloseTo(2 / 3, 12)
		expect(valueOf(answer, 'outcome_coverage')).toBe(0.75)
		expect(answer.notes.join()).toContain('1 outcomes in "y" are not labels of a multiclass task')
	})
})

describe('the four-fifths rule', () => {
	/** A thousand of either sex, of whom these shares are declined. */
	const table = (m: number, f: number) =>
		written(
			`score,y,decision,sex\n${Object.entries({ m, f })
				.flatMap(([sex, share]) =>
					Array.from({ length: 1000 }, (_, i) =>
						i < share * 1000 ? `0.9,${i % 2},decline,${sex}` : `0.1,${i % 9 === 0 ? 1 : 0},approve,${sex}`,
					),
				)
				.join('\n')}\n`,
		)
	const options = ['--group', 'sex', '--prediction', 'decision', '--decision-map', 'decline=1,approve=0']

	it.each([
		[0.09, 0.13, 'pass', 0.87 / 0.91],
		[0.8, 0.88, 'fail', 0.6],
	])(
		'on declines of %d and %d says of approvals in JSON, text and page: %s',
		async (m, f, verdict, ratio) => {
			const data = await table(m, f)
			const args = [...options, '--favourable', 'approve', '--facet', 'sex=f']
			const answer = await json(data, ...args)
			const { fourFifths } = answer.fairness.sex
			expect(fourFifths).toMatchObject({ verdict, reference: 'm', group: 'f' })
			expect(fourFifths.ratio).toBeCloseTo(ratio, 12)
			expect(fourFifths.low).toBeLessThan(fourFifths.ratio)
			expect(answer.facets['sex=f'].di).toBeCloseTo(ratio, 12)
			const [women, men] = answer.groups.map((g: Json) => g.metrics['fairness.selection_rate'].value)
			expect(women).toBeCloseTo(1 - f, 12)
			expect(men).toBeCloseTo(1 - m, 12)
			const html = join(folder, `${verdict}.html`)
			const { out } = await run('--data', data, '--score', 'score', ...args, '--html', html)
			expect(out).toContain(`Four-fifths rule\n  sex: ${verdict.toUpperCase()}: f against m: impact ratio`)
			expect(readFileSync(html, 'utf8')).toContain(
				`<span class="tag ${verdict}">${verdict.toUpperCase()}</span>`,
			)
		},
	)

	it('is the same from an outcome as from a score, and unknown while nobody says which decision is good', async () => {
		const data = await table(0.8, 0.88)
		const byLabel = await json(data, '--group', 'sex', '--favourable', '0')
		expect(byLabel.fairness.sex.fourFifths).toMatchObject({ verdict: 'fail', reference: 'm' })
		const unsaid = await json(data, ...options)
		expect(unsaid.fairness.sex.fourFifths).toMatchObject({ verdict: 'unknown', ratio: null, reference: null })
		expect(unsaid.fairness.sex['fairness.demographic_parity_ratio'].value).toBeCloseTo(10 / 11, 12)
		const { code, err } = await run('--data', data, ...options, '--favourable', 'aprove')
		expect(code).toBe(2)
		expect(err).toContain(
			'--favourable aprove is not a label of "decision" (the labels are "decline", "approve")',
		)
	})
})
