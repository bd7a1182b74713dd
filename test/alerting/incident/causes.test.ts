import { describe, expect } from 'vitest'
import { listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import type { Context } from '../../../src/context.ts'
import { dayMs } from '../../../src/core/time.ts'
import { admin } from '../../support/actors.ts'
import { startOfTest } from '../../support/context.ts'
import { driftRule, FactScript } from '../../support/facts.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { registerTestModel } from '../../support/model.ts'

const withScore = driftRule.replace('each: feature', 'each: feature\n    features: ["*"]')

const it = withContextPerTest()
let script: FactScript
it.beforeEach(async ({ context }) => {
	await registerTestModel(context)
	script = new FactScript()
})

const drift = (n: number, feature: string, effect: number) =>
	script.set(startOfTest + (n - 20) * dayMs, feature, { 'drift.effect': effect })
const all = async (context: Context) => (await listIncidents(context, admin, { limit: 100 })).items
const only = async (context: Context) => {
	const items = await all(context)
	expect(items).toHaveLength(1)
	return items[0] as (typeof items)[number]
}

describe('an incident', () => {
	it('has one cause: features that change together, and the score that follows, join it', async ({
		context,
	}) => {
		drift(1, 'income', 0.3)
		drift(1, 'age', 0.2)
		drift(1, '$score', 0.2)
		await script.evaluate(context, withScore)
		drift(2, 'income', 0.3)
		drift(2, '$score', 0.3)
		await script.evaluate(context, withScore)
		const { title, alerts, related } = await only(context)
		expect(title).toBe('age and income have drifted since 2026-02-11 00:00; the score follows')
		expect([alerts.map((a) => a.subject.feature).sort(), related]).toEqual([['$score', 'age', 'income'], []])
	})

	it('is a separate one for a feature that changes on another day, and they are related to each other', async ({
		context,
	}) => {
		drift(1, 'income', 0.3)
		await script.evaluate(context, withScore)
		drift(2, 'income', 0.3)
		drift(2, 'region', 0.5)
		drift(2, '$score', 0.3)
		await script.evaluate(context, withScore)
		const found = await all(context)
		expect(found.map((i) => i.title).sort()).toEqual([
			'income has drifted since 2026-02-11 00:00',
			'region has drifted since 2026-02-12 00:00; the score follows',
		])
		const [one, other] = found
		expect([one?.related, other?.related]).toEqual([[other?.id], [one?.id]])
	})

	it('includes the score that changes a day later, unless something else began on that day', async ({
		context,
	}) => {
		drift(1, 'income', 0.3)
		drift(2, 'income', 0.3)
		drift(2, '$score', 0.3)
		await script.evaluate(context, withScore)
		expect((await only(context)).title).toBe('income has drifted since 2026-02-11 00:00; the score follows')
	})

	it('of the score alone becomes one of the feature when late rows show that the feature changed too', async ({
		context,
	}) => {
		drift(1, '$score', 0.3)
		await script.evaluate(context, withScore)
		const { id } = await only(context)
		drift(1, 'income', 0.3)
		await script.evaluate(context, withScore)
		const found = await only(context)
		expect([found.id, found.title]).toEqual([
			id,
			'income has drifted since 2026-02-11 00:00; the score follows',
		])
	})

	it('drops from its title what is over, and says why the rows could not be compared', async ({
		context,
	}) => {
		drift(1, 'income', 0.3)
		drift(1, 'age', 0.3)
		await script.evaluate(context, driftRule)
		for (const n of [2, 3]) {
			drift(n, 'income', 0.3)
			drift(n, 'age', 0.01)
		}
		await script.evaluate(context, driftRule)
		const { title, timeline, changes } = await only(context)
		expect(title).toBe('income has drifted since 2026-02-11 00:00')
		expect(timeline.map((t) => t.what)).toContain(
			'what changed could not be read from the rows: the window no longer has rows',
		)
		expect(changes.map((c) => [c.feature, c.kind, c.after])).toEqual([
			['income', 'shift', 0.3],
			['age', 'shift', 0.3],
		])
	})
})
