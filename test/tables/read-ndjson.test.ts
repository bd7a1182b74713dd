import { expect, it } from 'vitest'
import { featureRows } from '../../src/tables/feature-rows.ts'
import { readNdjson } from '../../src/tables/read-columns.ts'

const deep = `{"features":{"x":${'['.repeat(5000)}${']'.repeat(5000)}}}`
const bytes = new TextEncoder().encode(`{"features":{"x":1}}\n${deep}\n{"features":{"x":2}}\n`)

it('names the line and the member of what is nested without end', async () => {
	async function* file() {
		yield bytes
	}
	await expect(readNdjson(file(), [])).rejects.toThrow(
		'Line 2 of the file is not a JSON object: features.x is nested',
	)
})

it('passes over a row that is nested without end, when rows are read one by one', async () => {
	const read = () => new Blob([bytes]).stream()
	const openParquet = () => Promise.reject(new Error('not Parquet'))
	const file = { path: 'rows.ndjson', read, format: 'ndjson' as const, openParquet }
	const rows: unknown[] = []
	for await (const row of featureRows(file, new Map())) rows.push(row)
	expect(rows).toMatchObject([
		{ value: { x: 1 } },
		{ fault: 'features.x is nested deeper than 32 levels' },
		{ value: { x: 2 } },
	])
})
