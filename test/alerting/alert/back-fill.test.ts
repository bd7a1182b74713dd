import { afterEach, beforeEach, expect, it } from 'vitest'
import { actions } from '../../../src/alerting/actions.ts'
import { evaluateAll } from '../../../src/alerting/alert/evaluate-all.ts'
import { metricSources } from '../../../src/alerting/alert/sources.ts'
import { listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import type { Actor } from '../../../src/core/actor.ts'
import { dayMs, hourMs, minuteMs } from '../../../src/core/time.ts'
import { metricIds } from '../../../src/metrics/index.ts'
import { inputs } from '../../../src/monitoring/windows/inputs.ts'
import { computeWindows } from '../../../src/monitoring/windows/pipeline.ts'
import { parseRules } from '../../../src/rules/parse-rules.ts'
import { BatchBuilder } from '../../../src/summaries/inputs/batch-builder.ts'
import { startOfTest, testContext } from '../../support/context.ts'
import { registerTestModel } from '../../support/model.ts'

const admin: Actor = { id: 'key:a', how: 'key', role: 'admin', models: ['*'] }
let test: Awaited<ReturnType<typeof testContext>>
let next = 0
beforeEach(async () => {
	test = await testContext()
	await registerTestModel(test.context)
	const text = 'rules:\n  - { name: few, window: 1d, when: quality.volume < 10 }\n'
	const parsed = await parseRules([{ name: 'a.yaml', text }], metricIds)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
	test.context.rules = { current: () => parsed.ruleSet }
})
afterEach(() => test.close())

async function post(count: number, at: number): Promise<void> {
	const builder = new BatchBuilder(count)
	for (let i = 0; i < count; i++)
		builder.add({
			id: `p${next++}`,
			version: '1',
			environment: 'production',
			timestamp: at + i,
			features: { income: 1, region: 'n' },
		})
	await test.context.log.append('m', 'prediction', builder.finish())
}
const compute = () => computeWindows(test.context, inputs)
/** A run of the schedule. */
const tick = () => evaluateAll(test.context, actions, metricSources, { waitForBackfill: true })
/** How many sizes of windows were evaluated. */
const evaluated = async () =>
	(await test.context.sql.values({ sql: 'SELECT count(*) FROM rule_series' }))[0]?.[0]
const alerts = async () =>
	(await listIncidents(test.context, admin, { limit: 10 })).items.flatMap((i) =>
		i.alerts.map((a) => [a.status, a.window.from.slice(0, 10)]),
	)

it('a back-filled day is evaluated once it is complete, not before', async () => {
	const day = startOfTest - 5 * dayMs
	await post(6, day)
	await compute()
	// Just computed: more rows may arrive.
	await tick()
	await post(6, day + hourMs)
	test.clock.advance(minuteMs)
	// Rows have arrived since it was computed.
	expect((await tick()).waiting).toBeGreaterThan(0)
	test.clock.advance(4 * minuteMs)
	await compute()
	await tick()
	test.clock.advance(minuteMs)
	expect((await tick()).waiting).toBe(0)
	expect(await evaluated()).toBe(3)
	expect(await alerts()).toEqual([])
})

it('a day that has just closed is evaluated immediately, and so is any day on request', async () => {
	await post(6, startOfTest - dayMs)
	await compute()
	await tick()
	expect(await alerts()).toEqual([['firing', '2026-03-01']])
	await post(6, startOfTest - 9 * dayMs)
	await compute()
	await evaluateAll(test.context, actions)
	expect(await alerts()).toContainEqual(['firing', '2026-02-21'])
})

it('a past day that keeps receiving rows is evaluated within half an hour', async () => {
	test.clock.advance(hourMs)
	for (let minute = 0; minute <= 35; minute++) {
		await post(1, startOfTest - 3 * dayMs + minute)
		if (minute % 5 === 0) await compute()
		await post(1, startOfTest - 3 * dayMs + 1000 + minute)
		await tick()
		if (minute === 29) expect(await evaluated()).toBe(0)
		test.clock.advance(minuteMs)
	}
	expect(await evaluated()).toBe(3)
})
