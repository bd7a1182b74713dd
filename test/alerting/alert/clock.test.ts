import { describe, expect } from 'vitest'
import { actions } from '../../../src/alerting/actions.ts'
import { evaluateAll } from '../../../src/alerting/alert/evaluate-all.ts'
import { listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import type { Context } from '../../../src/context.ts'
import { dayMs, hourMs, minuteMs } from '../../../src/core/time.ts'
import { registerSchedules } from '../../../src/jobs/run/register-schedules.ts'
import { metricIds } from '../../../src/metrics/index.ts'
import { readRuleFolder } from '../../../src/platform/node/load-rules.ts'
import { readHealth } from '../../../src/registry/model/list-models.ts'
import { parseRules } from '../../../src/rules/parse-rules.ts'
import { BatchBuilder } from '../../../src/summaries/inputs/batch-builder.ts'
import { admin } from '../../support/actors.ts'
import type { TestClock } from '../../support/context.ts'
import { withContextPerTest } from '../../support/fixtures.ts'

import { registerTestModel } from '../../support/model.ts'

const it = withContextPerTest()
let next = 0
it.beforeEach(async ({ context }) => {
	await registerTestModel(context)
	const parsed = await parseRules(
		await readRuleFolder(new URL('../../../rules', import.meta.url).pathname),
		metricIds,
	)
	if (parsed.ok) context.rules = { current: () => parsed.ruleSet }
})

async function post(context: Context, clock: TestClock, at = clock.now): Promise<void> {
	const builder = new BatchBuilder(1)
	builder.add({
		id: `p${next++}`,
		version: '1',
		environment: 'production',
		timestamp: at,
		features: { income: 1, region: 'n' },
	})
	await context.log.append('m', 'prediction', builder.finish())
}
const evaluate = (context: Context) => evaluateAll(context, actions)
const incidents = async (context: Context) => (await listIncidents(context, admin, { limit: 10 })).items

describe('a feed', () => {
	it('that was live and stops is an incident until it is back', async ({ context, clock }) => {
		for (let i = 0; i < 8; i++) {
			await post(context, clock)
			await evaluate(context)
			clock.advance(15 * minuteMs)
		}
		clock.advance(hourMs)
		await evaluate(context)
		expect(await incidents(context)).toEqual([])
		clock.advance(hourMs)
		await evaluate(context)
		expect(await incidents(context)).toMatchObject([
			{
				status: 'open',
				severity: 'critical',
				alerts: [{ rule: 'feed-stopped', metric: 'quality.freshness_ms' }],
			},
		])
		expect((await readHealth(context, ['m'])).get('m')).toMatchObject({
			status: 'critical',
			worstAlert: { rule: 'feed-stopped' },
		})
		await post(context, clock)
		await evaluate(context)
		expect((await incidents(context))[0]?.status).toBe('resolved')
	})

	it('that is back-filled is never live and never stops', async ({ context, clock }) => {
		for (const day of [20, 10, 5]) await post(context, clock, clock.now - day * dayMs)
		for (let i = 0; i < 5; i++) {
			await evaluate(context)
			clock.advance(12 * hourMs)
		}
		expect(await incidents(context)).toEqual([])
	})
})

describe('a job', () => {
	it('that does not run is an incident of the service', async ({ context, clock }) => {
		await registerSchedules(context, [{ id: 'compute', cron: '*/5 * * * *' }])
		clock.advance(30 * minuteMs)
		await evaluate(context)
		expect(await incidents(context)).toMatchObject([
			{ model: '$service', alerts: [{ rule: 'job-missed', metric: 'job.late_ms' }] },
		])
	})
})

it('the other models are evaluated when one cannot be', async ({ context, clock }) => {
	const mismatched = (model: string) => ({
		sql: `INSERT INTO replay_day (model, environment, version, day_ms, sha256, rows, sampled, matched, mismatched,
				unavailable, worst, examples, reasons, replayed_at, standing)
			VALUES (?, 'production', '1', ?, '', 9, 9, 0, 9, 0, 0.5, '[]', '{}', ?, 1)`,
		params: [model, clock.now - dayMs, clock.now],
	})
	await context.sql.batch([mismatched('gone'), mismatched('m')])
	expect((await evaluate(context)).failed).toEqual(['gone'])
	expect(await incidents(context)).toMatchObject([{ model: 'm', alerts: [{ rule: 'replay-mismatch' }] }])
})
