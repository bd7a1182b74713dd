import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
	checkContributions,
	checkInteractions,
	checkInterventional,
	checkReplay,
	openCase,
	readCases,
} from './golden/case.ts'

const folder = new URL('golden/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.ndjson.gz'))
const cases = files.flatMap((name) => readCases(readFileSync(new URL(name, folder))))

test('the models are of five versions of XGBoost and three of LightGBM', () => {
	expect(files.length).toBe(8)
	expect(cases.length).toBeGreaterThan(90)
})

describe.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
	const model = openCase(one)

	test('replays to the bit of its library', () => checkReplay(one, model))

	test('is explained as by its library', () => {
		checkContributions(one, model)
		checkInterventional(one, model)
		checkInteractions(one, model)
	})
})
