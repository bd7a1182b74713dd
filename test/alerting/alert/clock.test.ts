import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { actions } from '../../../src/alerting/actions.ts'
import { evaluateAll } from '../../../src/alerting/alert/evaluate-all.ts'
import { listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import type { Actor } from '../../../src/core/actor.ts'
import { dayMs, hourMs, minuteMs } from '../../../src/core/time.ts'
import { registerSchedules } from '../../../src/jobs/run/register-schedules.ts'
import { metricIds } from '../../../src/metrics/index.ts'
import { readRuleFolder } from '../../../src/platform/node/load-rules.ts'
import { readHealth } from '../../../src/registry/model/list-models.ts'
import { parseRules } from '../../../src/rules/parse-rules.ts'
import { BatchBuilder } from '../../../src/summaries/inputs/batch-builder.ts'
import { testContext } from '../../support/context.ts'
import { registerTestModel } from '../../support/model.ts'

const admin: Actor = { id: 'key:a', how: 'key', role: 'admin', models: ['*'] }
let test: Awaited<ReturnType<typeof testContext>>
let next = 0
beforeEach(async () => {
	test = await testContext()
	await registerTestModel(test.context)
	const parsed = await parseRules(
		await readRuleFolder(new URL('../../../rules', import.meta.url).pathname),
		metricIds,
	)
	if (parsed.ok) test.context.rules = { current: () => parsed.ruleSet }
})
afterEach(() => test.close())

async function post(at = test.clock.now): Promise<void> {
	const builder = new BatchBuilder(1)
	builder.add({
		id: `p${next++}`,
		version: '1',
		environment: 'production',
		timestamp: at,
		features: { income: 1, region: 'n' },
	})
	await test.context.log.append('m', 'prediction', builder.finish())
}
const evaluate = () => evaluateAll(test.context, actions)
const incidents = async () => (await listIncidents(test.context, admin, { limit: 10 })).items

describe('a feed', () => {
	it('that was live and stops is an incident until it is back', async () => {
		for (let i = 0; i < 8; i++) {
			await post()
			await evaluate()
			test.clock.advance(15 * minuteMs)
		}
		test.clock.advance(hourMs)
		await evaluate()
		expect(await incidents()).toEqual([])
		test.clock.advance(hourMs)
		await evaluate()
		expect(await incidents()).toMatchObject([
			{
				status: 'open',
				severity: 'critical',
				alerts: [{ rule: 'feed-stopped', metric: 'quality.freshness_ms' }],
			},
		])
		expect((await readHealth(test.context, ['m'])).get('m')).toMatchObject({
			status: 'critical',
			worstAlert: { rule: 'feed-stopped' },
		})
		await post()
		await evaluate()
		expect((await incidents())[0]?.status).toBe('resolved')
	})

	it('that is back-filled is never live and never stops', async () => {
		for (const day of [20, 10, 5]) await post(test.clock.now - day * dayMs)
		for (let i = 0; i < 5; i++) {
			await evaluate()
			test.clock.advance(12 * hourMs)
		}
		expect(await incidents()).toEqual([])
	})
})

describe('a job', () => {
	it('that does not run is an incident of the service', async () => {
		await registerSchedules(test.context, [{ id: 'compute', cron: '*/5 * * * *' }])
		test.clock.advance(30 * minuteMs)
		await evaluate()
		expect(await incidents()).toMatchObject([
			{ model: '$service', alerts: [{ rule: 'job-missed', metric: 'job.late_ms' }] },
		])
	})
})

it('the other models are evaluated when one cannot be', async () => {
	const mismatched = (model: string) => ({
		sql: `INSERT INTO replay_day (model, environment, version, day_ms, sha256, rows, sampled, matched, mismatched,
				unavailable, worst, examples, reasons, replayed_at, standing)
			VALUES (?, 'production', '1', ?, '', 9, 9, 0, 9, 0, 0.5, '[]', '{}', ?, 1)`,
		params: [model, test.clock.now - dayMs, test.clock.now],
	})
	await test.context.sql.batch([mismatched('gone'), mismatched('m')])
	expect((await evaluate()).failed).toEqual(['gone'])
	expect(await incidents()).toMatchObject([{ model: 'm', alerts: [{ rule: 'replay-mismatch' }] }])
})
