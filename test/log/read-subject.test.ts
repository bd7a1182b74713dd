import { expect } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import type { PredictionLog } from '../../src/log/prediction-log.ts'
import type { RowKind } from '../../src/log/row-kinds.ts'
import { BatchBuilder, type RowInput } from '../../src/summaries/inputs/batch-builder.ts'
import { startOfTest } from '../support/context.ts'
import { withContextPerTest } from '../support/fixtures.ts'
import { registerTestModel } from '../support/model.ts'

const it = withContextPerTest()
const at = startOfTest - 3 * dayMs

async function append(log: PredictionLog, kind: RowKind, rows: Partial<RowInput>[]): Promise<void> {
	const builder = new BatchBuilder(rows.length)
	for (const row of rows) builder.add({ id: '', timestamp: at, ...row })
	await log.append('m', kind, builder.finish())
}
const prediction = (id: string, subject: string, more: Partial<RowInput> = {}) => ({
	id,
	version: '1',
	environment: 'production',
	subject,
	features: { income: 1000, region: 'north' },
	score: 0.5,
	...more,
})

async function writeStory(log: PredictionLog): Promise<void> {
	await append(log, 'prediction', [prediction('a', 'ada "1"'), prediction('b', 'bob')])
	await append(log, 'prediction', [prediction('c', 'ada "1"', { features: undefined })])
	await append(log, 'feature', [
		{ id: 'sada "1"', features: { income: 7 } },
		{ id: 'sbob', features: {} },
	])
	await append(log, 'group', [
		{ id: 'pa', features: { sex: 'f' } },
		{ id: 'pb', features: { sex: 'm' } },
	])
	await append(log, 'outcome', [
		{ id: 'c', label: '1' },
		{ id: 'b', label: '0' },
	])
	await append(log, 'outcome', [{ id: 'c', label: '0', timestamp: at + 1 }])
}
const idsOf = async (log: PredictionLog) => {
	const found = await log.rowsOfSubject('m', 'ada "1"')
	return Object.fromEntries(Object.entries(found).map(([kind, rows]) => [kind, rows.map((r) => r.id)]))
}
const expected = { predictions: ['a', 'c'], features: [''], outcomes: ['c', 'c'], groups: ['a'] }

it('finds all rows of a subject in new, folded and archived chunks', async ({ context }) => {
	const { log } = context
	await registerTestModel(context)
	await writeStory(log)
	expect(await idsOf(log)).toEqual(expected)
	expect((await log.rowsOfSubject('m', 'ada "1"')).features[0]?.content).toEqual({ features: { income: 7 } })
	expect((await log.rowsOfSubject('m', 'ada "1"')).predictions[0]?.content).toMatchObject({
		version: '1',
		score: 0.5,
		features: { income: 1000, region: 'north' },
	})
	expect(await log.compact()).toBeGreaterThan(0)
	expect(await idsOf(log)).toEqual(expected)
	expect(await log.archive('m', startOfTest)).toBe(10)
	expect(await idsOf(log)).toEqual(expected)
})

it('finds nothing of an unknown subject or in another model', async ({ context: { log } }) => {
	await writeStory(log)
	const none = { predictions: [], features: [], outcomes: [], groups: [] }
	expect(await log.rowsOfSubject('m', 'ada')).toEqual(none)
	expect(await log.rowsOfSubject('other', 'bob')).toEqual(none)
})
