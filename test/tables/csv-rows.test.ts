import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/core/limits.ts'
import type { FeatureSpec } from '../../src/summaries/inputs/bins.ts'
import { csvRows } from '../../src/tables/read-rows.ts'
import type { Json } from '../support/server.ts'

const features: FeatureSpec[] = [
	{ name: 'income', type: 'numeric' },
	{ name: 'zip', type: 'categorical' },
	{ name: 'grade', type: 'categorical', values: ['1', '2'] },
	{ name: 'owner', type: 'boolean' },
	{ name: 'truth', type: 'categorical', values: ['true', 'false'] },
	{ name: 'note', type: 'text' },
	{ name: 'score', type: 'numeric' },
]

async function read(text: string, limits = defaultLimits) {
	const rows: { index: number; value: Json }[] = []
	for await (const some of csvRows(new Blob([text]).stream(), limits.lineBytes, {
		features,
		limit: limits.featuresPerRow,
	}))
		rows.push(...(some as typeof rows))
	return rows
}
const one = async (header: string, line: string) => (await read(`${header}\n${line}\n`))[0]?.value

test('makes text that looks like a number a number where the feature is numeric', async () => {
	expect(await one('income,zip', '42000.5,01234')).toEqual({ features: { income: 42000.5, zip: '01234' } })
	expect(await one('income,zip', ' -1e3 ,7')).toEqual({ features: { income: -1000, zip: '7' } })
	expect(await one('income,zip', 'unknown,x')).toEqual({ features: { income: 'unknown', zip: 'x' } })
	expect(await one('income,zip', 'NaN,x')).toEqual({ features: { income: 'NaN', zip: 'x' } })
})

test('reads an empty cell as null, quoted or not', async () => {
	expect(await one('income,zip,note', ',"",')).toEqual({ features: { income: null, zip: null, note: null } })
})

test('takes the codes that a data frame writes for what they are', async () => {
	expect(await one('grade,owner', '1.0,True')).toEqual({ features: { grade: '1', owner: true } })
	expect(await one('grade,owner', '3.0,0')).toEqual({ features: { grade: '3.0', owner: 0 } })
})

test('takes a boolean that a data frame wrote for the category that it is', async () => {
	expect(await one('truth', 'True')).toEqual({ features: { truth: 'true' } })
	expect(await one('truth', 'maybe')).toEqual({ features: { truth: 'maybe' } })
})

test('reads texts that are called like members of every object', async () => {
	expect(await one('owner,zip', 'constructor,toString')).toEqual({
		features: { owner: 'constructor', zip: 'toString' },
	})
})

test('puts the known columns where they belong, and segments under their name', async () => {
	const header = 'predictionId,timestamp,score,label,actual,segment.branch,income'
	expect(await one(header, '12,2026-03-01T00:00:00Z,0.25,1,yes,5,1')).toEqual({
		predictionId: '12',
		timestamp: '2026-03-01T00:00:00Z',
		score: 0.25,
		label: 1,
		actual: 'yes',
		segment: { branch: '5' },
		features: { income: 1 },
	})
})

test('reads a feature that is called like a member from features.<name>', async () => {
	expect(await one('score,features.score', '0.5,3')).toEqual({ score: 0.5, features: { score: 3 } })
})

test('keeps __proto__ as a name like any other', async () => {
	const row = await one('__proto__,segment.__proto__', '1,2')
	expect(Object.entries(row.features)).toEqual([['__proto__', 1]])
	expect(Object.entries(row.segment)).toEqual([['__proto__', '2']])
})

test('leaves out the nameless index column, a byte order mark and empty lines', async () => {
	const rows = await read('\ufeff,income\n0,1\n\n1,2\n')
	expect(rows).toEqual([
		{ index: 0, value: { features: { income: 1 } } },
		{ index: 1, value: { features: { income: 2 } } },
	])
})

test('reads quoted line breaks, quotes and commas', async () => {
	expect(await one('note', '"a ""b"",\nc"')).toEqual({ features: { note: 'a "b",\nc' } })
})

test('says at which line a row has another number of columns', async () => {
	await expect(read('income,zip\n1,2\n1,2,3\n')).rejects.toMatchObject({
		code: 'malformed',
		message: expect.stringContaining('line 3'),
	})
})

test('refuses two columns of one name', async () => {
	await expect(read('income,income\n1,2\n')).rejects.toMatchObject({ code: 'invalid' })
})

test('names the limit for a quote that is never closed', async () => {
	const limits = { ...defaultLimits, lineBytes: 1000 }
	await expect(read(`note\n"${'x'.repeat(5000)}\n`, limits)).rejects.toMatchObject({
		code: 'too-large',
		message: expect.stringContaining('lineBytes'),
	})
})

test('refuses more columns than a row may have features', async () => {
	const header = Array.from({ length: 3000 }, (_, i) => `f${i}`).join(',')
	await expect(read(`${header}\n`)).rejects.toMatchObject({
		code: 'too-large',
		message: expect.stringContaining('featuresPerRow'),
	})
})

test('a file with a header alone has no rows', async () => {
	expect(await read('income,zip\n')).toEqual([])
	expect(await read('')).toEqual([])
})
