import { afterEach, beforeEach, expect, it } from 'vitest'
import { listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import type { Actor } from '../../../src/core/actor.ts'
import { dayMs } from '../../../src/core/time.ts'
import { startOfTest, testContext } from '../../support/context.ts'
import { FactScript } from '../../support/facts.ts'
import { registerTestModel } from '../../support/model.ts'

const admin: Actor = { id: 'key:a', how: 'key', role: 'admin', models: ['*'] }
const days = 30
const rule = `
rules:
  - name: drift
    each: feature
    window: 1d
    when: drift.detected == 1 && drift.q <= 0.001 && n >= 100
`
const known = { 'drift.detected': 0, 'drift.q': 0.5 }

let test: Awaited<ReturnType<typeof testContext>>
beforeEach(async () => {
	test = await testContext()
	await registerTestModel(test.context)
})
afterEach(() => test.close())

/** The alerts of a month whose days have these facts of one feature; a day without facts has no window. */
async function alertsOf(factsOf: (day: number) => Record<string, number> | undefined, rules = rule) {
	const script = new FactScript()
	for (let day = 0; day < days; day++) {
		const facts = factsOf(day)
		if (facts) script.set(startOfTest - (days - day) * dayMs, 'x', facts)
	}
	await script.evaluate(test.context, rules)
	const { items } = await listIncidents(test.context, admin, { limit: 10 })
	return items.flatMap((i) => i.alerts.map((a) => [a.rule, a.window.from.slice(0, 10)]))
}

it('facts that never existed are not missing, however few rows the first day had', async () => {
	expect(await alertsOf((day) => ({ n: day === 0 ? 60 : 150, 'quality.null_rate': 0 }))).toEqual([])
})

it('facts that never existed are not missing on days with enough rows after days with too few', async () => {
	expect(await alertsOf((day) => ({ n: day % 7 === 6 ? 49 : 120 }), rule.replace('100', '50'))).toEqual([])
})

it('a fact that exists by chance on one day in five is not missing on the others', async () => {
	expect(await alertsOf((day) => ({ n: 150, ...(day % 10 === 1 || day === 5 ? known : {}) }))).toEqual([])
})

it('a fact is not missing on a day with too few rows', async () => {
	expect(await alertsOf((day) => (day < 10 ? { n: 150, ...known } : { n: 40 }))).toEqual([])
})

it('facts that existed and are missing for a week raise an alert', async () => {
	expect(await alertsOf((day) => ({ n: 150, ...(day < 10 ? known : {}) }))).toEqual([
		['no-data', new Date(startOfTest - 13 * dayMs).toISOString().slice(0, 10)],
	])
})

it('missing facts are noticed after days with few rows and days without any', async () => {
	const facts = (day: number) => {
		if (day < 10) return { n: 150, ...known }
		if (day === 10) return { n: 20 }
		return day === 11 ? undefined : { n: 150 }
	}
	expect(await alertsOf(facts)).toEqual([
		['no-data', new Date(startOfTest - 11 * dayMs).toISOString().slice(0, 10)],
	])
})
