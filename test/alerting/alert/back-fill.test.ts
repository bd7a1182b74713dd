import { expect } from 'vitest'
import { actions } from '../../../src/alerting/actions.ts'
import { evaluateAll } from '../../../src/alerting/alert/evaluate-all.ts'
import { metricSources } from '../../../src/alerting/alert/sources.ts'
import { listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import type { Context } from '../../../src/context.ts'
import { dayMs, hourMs, minuteMs } from '../../../src/core/time.ts'
import { metricIds } from '../../../src/metrics/index.ts'
import { inputs } from '../../../src/monitoring/windows/inputs.ts'
import { computeWindows } from '../../../src/monitoring/windows/pipeline.ts'
import { parseRules } from '../../../src/rules/parse-rules.ts'
import { BatchBuilder } from '../../../src/summaries/inputs/batch-builder.ts'
import { admin } from '../../support/actors.ts'
import { startOfTest } from '../../support/context.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { registerTestModel } from '../../support/model.ts'

const it = withContextPerTest()
let next = 0
it.beforeEach(async ({ context }) => {
	await registerTestModel(context)
	const text = 'rules:\n  - { name: few, window: 1d, when: quality.volume < 10 }\n'
	const parsed = await parseRules([{ name: 'a.yaml', text }], metricIds)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
	context.rules = { current: () => parsed.ruleSet }
})

async function post(context: Context, count: number, at: number): Promise<void> {
	const builder = new BatchBuilder(count)
	for (let i = 0; i < count; i++)
		builder.add({
			id: `p${next++}`,
			version: '1',
			environment: 'production',
			timestamp: at + i,
			features: { income: 1, region: 'n' },
		})
	await context.log.append('m', 'prediction', builder.finish())
}
const compute = (context: Context) => computeWindows(context, inputs)
/** A run of the schedule. */
const tick = (context: Context) => evaluateAll(context, actions, metricSources, { waitForBackfill: true })
/** How many sizes of windows were evaluated. */
const evaluated = async (context: Context) =>
	(await context.sql.values({ sql: 'SELECT count(*) FROM rule_series' }))[0]?.[0]
const alerts = async (context: Context) =>
	(await listIncidents(context, admin, { limit: 10 })).items.flatMap((i) =>
		i.alerts.map((a) => [a.status, a.window.from.slice(0, 10)]),
	)

it('a back-filled day is evaluated once it is complete, not before', async ({ context, clock }) => {
	const day = startOfTest - 5 * dayMs
	await post(context, 6, day)
	await compute(context)
	// Just computed: more rows may arrive.
	await tick(context)
	await post(context, 6, day + hourMs)
	clock.advance(minuteMs)
	// Rows have arrived since it was computed.
	expect((await tick(context)).waiting).toBeGreaterThan(0)
	clock.advance(4 * minuteMs)
	await compute(context)
	await tick(context)
	clock.advance(minuteMs)
	expect((await tick(context)).waiting).toBe(0)
	expect(await evaluated(context)).toBe(3)
	expect(await alerts(context)).toEqual([])
})

it('a day that has just closed is evaluated immediately, and so is any day on request', async ({
	context,
}) => {
	await post(context, 6, startOfTest - dayMs)
	await compute(context)
	await tick(context)
	expect(await alerts(context)).toEqual([['firing', '2026-03-01']])
	await post(context, 6, startOfTest - 9 * dayMs)
	await compute(context)
	await evaluateAll(context, actions)
	expect(await alerts(context)).toContainEqual(['firing', '2026-02-21'])
})

it('a past day that keeps receiving rows is evaluated within half an hour', async ({ context, clock }) => {
	clock.advance(hourMs)
	for (let minute = 0; minute <= 35; minute++) {
		await post(context, 1, startOfTest - 3 * dayMs + minute)
		if (minute % 5 === 0) await compute(context)
		await post(context, 1, startOfTest - 3 * dayMs + 1000 + minute)
		await tick(context)
		if (minute === 29) expect(await evaluated(context)).toBe(0)
		clock.advance(minuteMs)
	}
	expect(await evaluated(context)).toBe(3)
})
