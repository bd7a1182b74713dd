import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/core/limits.ts'
import type { FeatureSpec } from '../../src/summaries/inputs/bins.ts'
import { parquetRows } from '../../src/tables/read-rows.ts'
import type { Json } from '../support/server.ts'

const features: FeatureSpec[] = [
	{ name: 'income', type: 'numeric' },
	{ name: 'grade', type: 'categorical' },
]
type Columns = Parameters<typeof parquetWriteBuffer>[0]['columnData']

async function read(bytes: ArrayBuffer | string, limits = defaultLimits) {
	const rows: { index: number; value: Json }[] = []
	for await (const some of parquetRows(new Blob([bytes]).stream(), limits, {
		features,
		limit: limits.featuresPerRow,
	}))
		rows.push(...(some as typeof rows))
	return rows
}
const file = (columnData: Columns, more: object = {}) => parquetWriteBuffer({ columnData, ...more })

test('reads numbers, texts, booleans, nulls and times', async () => {
	const at = new Date('2026-03-01T12:00:00Z')
	const bytes = file([
		{ name: 'predictionId', data: [7n, 8n], type: 'INT64' },
		{ name: 'timestamp', data: [at, at], type: 'TIMESTAMP' },
		{ name: 'income', data: [1.5, null], type: 'DOUBLE', nullable: true },
		{ name: 'grade', data: ['a', 'b'], type: 'STRING' },
		{ name: 'score', data: [0.25, 0.75], type: 'DOUBLE' },
		{ name: 'segment.branch', data: ['n', 's'], type: 'STRING' },
	])
	expect(await read(bytes)).toEqual([
		{
			index: 0,
			value: {
				predictionId: '7',
				timestamp: at.toISOString(),
				score: 0.25,
				segment: { branch: 'n' },
				features: { income: 1.5, grade: 'a' },
			},
		},
		{
			index: 1,
			value: {
				predictionId: '8',
				timestamp: at.toISOString(),
				score: 0.75,
				segment: { branch: 's' },
				features: { income: null, grade: 'b' },
			},
		},
	])
})

test('takes NaN for missing, as data frames mean it', async () => {
	const rows = await read(file([{ name: 'income', data: [Number.NaN, 2], type: 'DOUBLE' }]))
	expect(rows.map((r) => r.value.features.income)).toEqual([null, 2])
})

test('counts rows on over row groups', async () => {
	const data = Array.from({ length: 2500 }, (_, i) => i)
	const rows = await read(file([{ name: 'income', data, type: 'INT32' }], { rowGroupSize: 1000 }))
	expect(rows.map((r) => [r.index, r.value.features.income])).toEqual(data.map((i) => [i, i]))
})

test('refuses what is not Parquet', async () => {
	for (const bytes of ['', 'PAR1', 'no parquet at all, but long enough', `PAR1${'x'.repeat(100)}PAR1`])
		await expect(read(bytes), bytes).rejects.toMatchObject({ code: 'malformed' })
})

test('refuses a damaged file, wherever the damage is', async () => {
	const data = Array.from({ length: 300 }, (_, i) => `text ${i}`)
	const good = new Uint8Array(file([{ name: 'grade', data, type: 'STRING' }]))
	for (let at = 4; at < good.length; at += 37) {
		const bad = good.slice()
		bad[at] = (bad[at] as number) ^ 0xff
		await read(bad.buffer).catch((error) =>
			expect(['malformed', 'too-large', 'invalid']).toContain(error.code),
		)
	}
})

test('refuses a file that says it is larger than the limit when unpacked', async () => {
	const bytes = file([
		{ name: 'grade', data: Array.from({ length: 5000 }, () => 'x'.repeat(40)), type: 'STRING' },
	])
	await expect(read(bytes, { ...defaultLimits, gunzippedBytes: 50 })).rejects.toMatchObject({
		code: 'too-large',
		message: expect.stringContaining('gunzippedBytes'),
	})
})
