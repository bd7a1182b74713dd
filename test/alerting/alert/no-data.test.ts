import { expect } from 'vitest'
import { listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import type { Context } from '../../../src/context.ts'
import { dayMs } from '../../../src/core/time.ts'
import { admin } from '../../support/actors.ts'
import { startOfTest } from '../../support/context.ts'
import { FactScript } from '../../support/facts.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { registerTestModel } from '../../support/model.ts'

const days = 30
const rule = `
rules:
  - name: drift
    each: feature
    window: 1d
    when: drift.detected == 1 && drift.q <= 0.001 && n >= 100
`
const known = { 'drift.detected': 0, 'drift.q': 0.5 }

const it = withContextPerTest()
it.beforeEach(({ context }) => registerTestModel(context))

/** The alerts of a month whose days have these facts of one feature; a day without facts has no window. */
async function alertsOf(
	context: Context,
	factsOf: (day: number) => Record<string, number> | undefined,
	rules = rule,
) {
	const script = new FactScript()
	for (let day = 0; day < days; day++) {
		const facts = factsOf(day)
		if (facts) script.set(startOfTest - (days - day) * dayMs, 'x', facts)
	}
	await script.evaluate(context, rules)
	const { items } = await listIncidents(context, admin, { limit: 10 })
	return items.flatMap((i) => i.alerts.map((a) => [a.rule, a.window.from.slice(0, 10)]))
}

it('facts that never existed are not missing, however few rows the first day had', async ({ context }) => {
	expect(await alertsOf(context, (day) => ({ n: day === 0 ? 60 : 150, 'quality.null_rate': 0 }))).toEqual([])
})

it('facts that never existed are not missing on days with enough rows after days with too few', async ({
	context,
}) => {
	expect(
		await alertsOf(context, (day) => ({ n: day % 7 === 6 ? 49 : 120 }), rule.replace('100', '50')),
	).toEqual([])
})

it('a fact that exists by chance on one day in five is not missing on the others', async ({ context }) => {
	expect(
		await alertsOf(context, (day) => ({ n: 150, ...(day % 10 === 1 || day === 5 ? known : {}) })),
	).toEqual([])
})

it('a fact is not missing on a day with too few rows', async ({ context }) => {
	expect(await alertsOf(context, (day) => (day < 10 ? { n: 150, ...known } : { n: 40 }))).toEqual([])
})

it('facts that existed and are missing for a week raise an alert', async ({ context }) => {
	expect(await alertsOf(context, (day) => ({ n: 150, ...(day < 10 ? known : {}) }))).toEqual([
		['no-data', new Date(startOfTest - 13 * dayMs).toISOString().slice(0, 10)],
	])
})

it('missing facts are noticed after days with few rows and days without any', async ({ context }) => {
	const facts = (day: number) => {
		if (day < 10) return { n: 150, ...known }
		if (day === 10) return { n: 20 }
		return day === 11 ? undefined : { n: 150 }
	}
	expect(await alertsOf(context, facts)).toEqual([
		['no-data', new Date(startOfTest - 11 * dayMs).toISOString().slice(0, 10)],
	])
})
