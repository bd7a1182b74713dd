import { describe, expect } from 'vitest'
import {
	acknowledgeIncident,
	commentIncident,
	resolveIncident,
} from '../../../src/alerting/incident/change-incident.ts'
import { getIncident, listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import { createSilence, expireSilence } from '../../../src/alerting/silence/silence.ts'
import { cancelRequest, createRequest, listRequests } from '../../../src/approvals/request/request.ts'
import type { Context } from '../../../src/context.ts'
import { dayMs } from '../../../src/core/time.ts'
import { setDeployment } from '../../../src/registry/deployment/set-deployment.ts'
import { actorOf, admin } from '../../support/actors.ts'
import { startOfTest, testContext } from '../../support/context.ts'
import { driftRule, FactScript } from '../../support/facts.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { registerTestModel } from '../../support/model.ts'

const analyst = actorOf('analyst', { id: 'key:b' })
const day = (n: number) => startOfTest - 20 * dayMs + n * dayMs

const it = withContextPerTest()
let script: FactScript
it.beforeEach(async ({ context }) => {
	await registerTestModel(context)
	script = new FactScript()
})

const drift = (n: number, feature: string, effect: number) =>
	script.set(day(n), feature, { 'drift.effect': effect })
const all = async (context: Context) => (await listIncidents(context, admin, { limit: 100 })).items
const only = async (context: Context) => {
	const items = await all(context)
	expect(items).toHaveLength(1)
	return items[0] as (typeof items)[number]
}
const ledger = async (context: Context) =>
	(await context.sql.values({ sql: 'SELECT action FROM ledger_entry ORDER BY idx' })).map((r) => r[0])

describe('an incident', () => {
	it('is opened by the window in which a rule fires, with its evidence and a ledger entry', async ({
		context,
	}) => {
		drift(0, 'income', 0.01)
		drift(1, 'income', 0.31)
		await script.evaluate(context, driftRule)
		const incident = await only(context)
		expect(incident).toMatchObject({
			model: 'm',
			environment: 'production',
			status: 'open',
			severity: 'warning',
			title: 'income has drifted since 2026-02-11 00:00',
		})
		expect(incident.alerts).toMatchObject([
			{
				rule: 'drift',
				status: 'firing',
				subject: { version: '1', feature: 'income' },
				metric: 'drift.effect',
				value: 0.31,
				before: 0.01,
				window: { from: '2026-02-11T00:00:00.000Z' },
			},
		])
		expect(incident.timeline.map((t) => t.what)[0]).toBe('opened')
		expect(await ledger(context)).toEqual(['use-rules', 'open-incident'])
	})

	it('is a separate one when the causes are far apart', async ({ context }) => {
		for (const [n, effect] of [
			[1, 0.3],
			[2, 0.01],
			[3, 0.01],
			[8, 0.4],
		] as const)
			drift(n, 'income', effect)
		await script.evaluate(context, driftRule)
		expect((await all(context)).map((i) => i.status).sort()).toEqual(['open', 'resolved'])
	})

	it('resolves when every alert has been clear for long enough, and opens again when the cause is back soon', async ({
		context,
	}) => {
		drift(1, 'income', 0.3)
		drift(2, 'income', 0.01)
		await script.evaluate(context, driftRule)
		expect((await only(context)).status).toBe('open')
		drift(3, 'income', 0.01)
		await script.evaluate(context, driftRule)
		expect(await only(context)).toMatchObject({ status: 'resolved', alerts: [{ status: 'resolved' }] })
		drift(4, 'income', 0.4)
		await script.evaluate(context, driftRule)
		const again = await only(context)
		expect([again.status, again.alerts.length]).toEqual(['open', 2])
		expect(again.timeline.map((t) => t.what)).toContain('opened again')
	})

	it('does not fire on too few rows, and hysteresis keeps it from flapping', async ({ context }) => {
		script.set(day(1), 'age', { 'drift.effect': 0.9, n: 50 })
		for (const [n, effect] of [
			[1, 0.3],
			[2, 0.07],
			[3, 0.09],
			[4, 0.3],
		] as const)
			drift(n, 'income', effect)
		await script.evaluate(context, driftRule)
		expect((await only(context)).alerts).toHaveLength(1)
	})

	it('that late rows contradict is marked and resolved, not deleted', async ({ context }) => {
		drift(1, 'income', 0.3)
		await script.evaluate(context, driftRule)
		drift(1, 'income', 0.02)
		await script.evaluate(context, driftRule)
		expect(await only(context)).toMatchObject({ status: 'resolved', alerts: [{ status: 'undone' }] })
	})

	it('is the same whether its windows are evaluated one by one or all together', async ({ context }) => {
		const effects = [0.01, 0.3, 0.2, 0.01, 0.01, 0.5, 0.01, 0.2]
		for (const [n, effect] of effects.entries()) {
			drift(n, 'income', effect)
			await script.evaluate(context, driftRule)
		}
		const joinIndex = (list: Awaited<ReturnType<typeof all>>) =>
			list.map((i) => [i.status, i.alerts.map((a) => [a.status, a.window.from])])
		const oneByOne = joinIndex(await all(context))
		const other = await testContext()
		await registerTestModel(other.context)
		const whole = new FactScript()
		for (const [n, effect] of effects.entries()) whole.set(day(n), 'income', { 'drift.effect': effect })
		await whole.evaluate(other.context, driftRule)
		const atOnce = joinIndex((await listIncidents(other.context, admin, { limit: 100 })).items)
		expect(atOnce).toEqual(oneByOne)
		await other.close()
	})

	it('of one model does not change with another, however often they are evaluated', async ({ context }) => {
		await registerTestModel(context, 'other')
		const other = new FactScript('1d', 'other')
		drift(1, 'income', 0.3)
		await script.evaluate(context, driftRule)
		for (const n of [1, 2, 3, 9, 12]) {
			other.set(day(n), 'amount', { 'drift.effect': 0.01 })
			await other.evaluate(context, driftRule.replace('    then', '    no_data: 2d\n    then'))
		}
		expect((await only(context)).model).toBe('m')
	})

	it('is not opened before the window closes', async ({ context, clock }) => {
		script.set(startOfTest, 'income', { 'drift.effect': 0.5 })
		expect(await script.evaluate(context, driftRule)).toMatchObject({ windows: 0, waiting: 1 })
		clock.advance(dayMs)
		expect(await script.evaluate(context, driftRule)).toMatchObject({ windows: 1, waiting: 0 })
		expect(await all(context)).toHaveLength(1)
	})
})

describe('what people do with an incident', () => {
	it.beforeEach(async ({ context }) => {
		drift(1, 'income', 0.3)
		await script.evaluate(context, driftRule)
	})

	it('acknowledging is recorded once, however many people do it at the same time', async ({ context }) => {
		const { id } = await only(context)
		await Promise.all([acknowledgeIncident(context, analyst, id), acknowledgeIncident(context, admin, id)])
		await acknowledgeIncident(context, analyst, id)
		expect((await getIncident(context, admin, id)).status).toBe('acknowledged')
		expect((await ledger(context)).filter((a) => a === 'acknowledge-incident')).toHaveLength(1)
	})

	it('comments and resolving appear in the timeline; resolving again changes nothing', async ({
		context,
	}) => {
		const { id } = await only(context)
		await commentIncident(context, analyst, id, { text: 'looking' })
		await resolveIncident(context, analyst, id, { reason: 'mended' })
		const { timeline, status } = await resolveIncident(context, analyst, id, { reason: 'again' })
		expect([status, timeline.slice(-2).map((t) => [t.who, t.what])]).toEqual([
			'resolved',
			[
				['key:b', 'looking'],
				['key:b', 'resolved: mended'],
			],
		])
		await expect(acknowledgeIncident(context, analyst, id)).rejects.toMatchObject({ code: 'conflict' })
	})

	it('changing it needs the role and the scope', async ({ context }) => {
		const { id } = await only(context)
		await expect(acknowledgeIncident(context, { ...analyst, role: 'viewer' }, id)).rejects.toMatchObject({
			code: 'forbidden',
		})
		await expect(getIncident(context, { ...analyst, models: ['other-*'] }, id)).rejects.toMatchObject({
			code: 'not-found',
			message: `There is no incident "${id}".`,
			hint: { to: 'list-incidents' },
		})
		expect((await listIncidents(context, { ...analyst, models: ['other-*'] }, { limit: 10 })).items).toEqual(
			[],
		)
		await expect(getIncident(context, analyst, 'inc_none')).rejects.toMatchObject({ code: 'not-found' })
	})

	it('each revision puts one message into the outbox', async ({ context }) => {
		const { id } = await only(context)
		await acknowledgeIncident(context, analyst, id)
		const keys = (await context.sql.values({ sql: 'SELECT key FROM outbox ORDER BY id' })).map((r) => r[0])
		expect(keys).toEqual([`incident:${id}:1:`, `incident:${id}:2:`])
	})
})

describe('a silence', () => {
	it('keeps matching alerts from opening incidents, until it expires', async ({ context }) => {
		const silence = await createSilence(context, analyst, {
			rules: ['drift'],
			features: ['inc*'],
			reason: 'known',
			expiresAt: startOfTest + dayMs,
		})
		drift(1, 'income', 0.3)
		drift(1, 'age', 0.3)
		await script.evaluate(context, driftRule)
		expect((await only(context)).alerts.map((a) => a.subject.feature)).toEqual(['age'])
		expect((await expireSilence(context, analyst, silence.id)).status).toBe('expired')
		await expect(
			createSilence(context, analyst, { reason: 'past', expiresAt: startOfTest - 1 }),
		).rejects.toMatchObject({ code: 'invalid' })
	})
})

describe('requests', () => {
	const rules = driftRule.replace(
		'[open-incident]',
		'[open-incident, { request-retraining: { after: 48h } }, propose-rollback]',
	)

	it('are made by rules once, when they are due; the timeline says what could not be requested', async ({
		context,
	}) => {
		drift(1, 'income', 0.3)
		await script.evaluate(context, rules)
		expect((await only(context)).timeline.map((t) => t.what).join(' ')).toContain(
			'no rollback was requested: m is not deployed',
		)
		expect((await listRequests(context, admin, { limit: 10 })).items).toEqual([])
		for (const n of [2, 3]) drift(n, 'income', 0.3)
		await script.evaluate(context, rules)
		expect(
			(await listRequests(context, admin, { limit: 10 })).items.map((r) => [r.kind, r.requester]),
		).toEqual([['retraining', 'job:evaluate-rules']])
	})

	it('hold the exact action; a rollback goes to the previous champion', async ({ context }) => {
		await context.sql.batch([
			{ sql: "INSERT INTO model_version (model, version, features, created_at) VALUES ('m', '2', '[]', 0)" },
		])
		for (const champion of ['1', '2']) await setDeployment(context, admin, 'm', 'production', { champion })
		const request = await createRequest(context, admin, {
			kind: 'rollback',
			model: 'm',
			environment: 'production',
			reason: 'bad',
		})
		expect(request).toMatchObject({
			status: 'pending',
			action: { kind: 'rollback', from: '2', to: '1' },
			needs: 1,
		})
		expect(request.actionDigest).toMatch(/^sha256:[0-9a-f]{64}$/)
		await expect(
			createRequest(context, admin, {
				kind: 'rollback',
				model: 'm',
				environment: 'production',
				reason: 'bad',
			}),
		).rejects.toMatchObject({ code: 'conflict' })
		expect((await cancelRequest(context, admin, request.id)).status).toBe('cancelled')
		await expect(
			createRequest(context, analyst, {
				kind: 'rollback',
				model: 'm',
				environment: 'production',
				reason: 'x',
			}),
		).rejects.toMatchObject({ code: 'forbidden' })
	})
})
