import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { daysToDetect, falseIncidents } from '../../bench/calibration/drift.ts'
import { kinds } from '../../bench/calibration/traffic.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import type { RuleSet } from '../../src/rules/rule-set.ts'

let rules: RuleSet
beforeAll(async () => {
	const source = await openRules(builtInRules(), { logger: { info() {}, warn() {}, error() {} } })
	rules = source.current()
	source.close()
})

const seed = 5

describe('the packaged rules', () => {
	it.each(kinds)('stay silent on %s traffic at 50 and 500 rows a day', async (kind) => {
		const rows = await falseIncidents(rules, seed, { models: 2, weeks: 7, volumes: [50, 500] }, [kind])
		expect(rows.flatMap((r) => r.first)).toEqual([])
	})

	it('find half a standard deviation at 500 rows a day, and one at 50 in the same week', async () => {
		const [busy, seasonal, small] = await daysToDetect(rules, seed, 3, [
			{ kind: 'i.i.d.', rowsPerDay: 500, by: 0.5, afterDays: 14 },
			{ kind: 'weekend mix', rowsPerDay: 500, by: 0.5, afterDays: 15, labelled: true },
			{ kind: 'i.i.d.', rowsPerDay: 50, by: 1, afterDays: 0 },
		])
		expect(busy?.delays).toEqual([1, 1, 1])
		expect(seasonal?.delays).toEqual([1, 1, 1])
		expect(small?.delays).toEqual([7, 7, 7])
	})
})

describe('docs/calibration.md', () => {
	const page = readFileSync(new URL('../../docs/calibration.md', import.meta.url), 'utf8')
	const lines = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))

	it('names the command and the seed that printed it', () => {
		expect(page).toContain('npm run calibration')
		expect(page).toMatch(/seed 1\b/)
	})

	it.each(kinds)('says of %s traffic at each volume at most .02 false incidents a model-week', (kind) => {
		const rows = lines.filter((cells) => cells[1] === kind && cells.length === 7)
		expect(rows.map((cells) => cells[2])).toEqual(['50', '500', '5000'])
		for (const cells of rows) expect(Number(cells[5])).toBeLessThanOrEqual(0.02)
	})
})
