import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
	acknowledgeIncident,
	commentIncident,
	resolveIncident,
} from '../../../src/alerting/incident/change-incident.ts'
import { getIncident, listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import { createSilence, expireSilence } from '../../../src/alerting/silence/silence.ts'
import { cancelRequest, createRequest, listRequests } from '../../../src/approvals/request/request.ts'
import type { Actor } from '../../../src/core/actor.ts'
import { dayMs } from '../../../src/core/time.ts'
import { setDeployment } from '../../../src/registry/deployment/set-deployment.ts'
import { startOfTest, testContext } from '../../support/context.ts'
import { driftRule, FactScript } from '../../support/facts.ts'
import { registerTestModel } from '../../support/model.ts'

const admin: Actor = { id: 'key:a', how: 'key', role: 'admin', models: ['*'] }
const analyst: Actor = { id: 'key:b', how: 'key', role: 'analyst', models: ['*'] }
const day = (n: number) => startOfTest - 20 * dayMs + n * dayMs

let test: Awaited<ReturnType<typeof testContext>>
let script: FactScript
beforeEach(async () => {
	test = await testContext()
	await registerTestModel(test.context)
	script = new FactScript()
})
afterEach(() => test.close())

const drift = (n: number, feature: string, effect: number) =>
	script.set(day(n), feature, { 'drift.effect': effect })
const all = async () => (await listIncidents(test.context, admin, { limit: 100 })).items
const only = async () => {
	const items = await all()
	expect(items).toHaveLength(1)
	return items[0] as (typeof items)[number]
}
const ledger = async () =>
	(await test.context.sql.values({ sql: 'SELECT action FROM ledger_entry ORDER BY idx' })).map((r) => r[0])

describe('an incident', () => {
	it('is opened by the window in which a rule fires, with its evidence and a ledger entry', async () => {
		drift(0, 'income', 0.01)
		drift(1, 'income', 0.31)
		await script.evaluate(test.context, driftRule)
		const incident = await only()
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
		expect(await ledger()).toEqual(['use-rules', 'open-incident'])
	})

	it('is a separate one when the causes are far apart', async () => {
		for (const [n, effect] of [
			[1, 0.3],
			[2, 0.01],
			[3, 0.01],
			[8, 0.4],
		] as const)
			drift(n, 'income', effect)
		await script.evaluate(test.context, driftRule)
		expect((await all()).map((i) => i.status).sort()).toEqual(['open', 'resolved'])
	})

	it('resolves when every alert has been clear for long enough, and opens again when the cause is back soon', async () => {
		drift(1, 'income', 0.3)
		drift(2, 'income', 0.01)
		await script.evaluate(test.context, driftRule)
		expect((await only()).status).toBe('open')
		drift(3, 'income', 0.01)
		await script.evaluate(test.context, driftRule)
		expect(await only()).toMatchObject({ status: 'resolved', alerts: [{ status: 'resolved' }] })
		drift(4, 'income', 0.4)
		await script.evaluate(test.context, driftRule)
		const again = await only()
		expect([again.status, again.alerts.length]).toEqual(['open', 2])
		expect(again.timeline.map((t) => t.what)).toContain('opened again')
	})

	it('does not fire on too few rows, and hysteresis keeps it from flapping', async () => {
		script.set(day(1), 'age', { 'drift.effect': 0.9, n: 50 })
		for (const [n, effect] of [
			[1, 0.3],
			[2, 0.07],
			[3, 0.09],
			[4, 0.3],
		] as const)
			drift(n, 'income', effect)
		await script.evaluate(test.context, driftRule)
		expect((await only()).alerts).toHaveLength(1)
	})

	it('that late rows contradict is marked and resolved, not deleted', async () => {
		drift(1, 'income', 0.3)
		await script.evaluate(test.context, driftRule)
		drift(1, 'income', 0.02)
		await script.evaluate(test.context, driftRule)
		expect(await only()).toMatchObject({ status: 'resolved', alerts: [{ status: 'undone' }] })
	})

	it('is the same whether its windows are evaluated one by one or all together', async () => {
		const effects = [0.01, 0.3, 0.2, 0.01, 0.01, 0.5, 0.01, 0.2]
		for (const [n, effect] of effects.entries()) {
			drift(n, 'income', effect)
			await script.evaluate(test.context, driftRule)
		}
		const joinIndex = (list: Awaited<ReturnType<typeof all>>) =>
			list.map((i) => [i.status, i.alerts.map((a) => [a.status, a.window.from])])
		const oneByOne = joinIndex(await all())
		const other = await testContext()
		await registerTestModel(other.context)
		const whole = new FactScript()
		for (const [n, effect] of effects.entries()) whole.set(day(n), 'income', { 'drift.effect': effect })
		await whole.evaluate(other.context, driftRule)
		const atOnce = joinIndex((await listIncidents(other.context, admin, { limit: 100 })).items)
		expect(atOnce).toEqual(oneByOne)
		await other.close()
	})

	it('of one model does not change with another, however often they are evaluated', async () => {
		await registerTestModel(test.context, 'other')
		const other = new FactScript('1d', 'other')
		drift(1, 'income', 0.3)
		await script.evaluate(test.context, driftRule)
		for (const n of [1, 2, 3, 9, 12]) {
			other.set(day(n), 'amount', { 'drift.effect': 0.01 })
			await other.evaluate(test.context, driftRule.replace('    then', '    no_data: 2d\n    then'))
		}
		expect((await only()).model).toBe('m')
	})

	it('is not opened before the window closes', async () => {
		script.set(startOfTest, 'income', { 'drift.effect': 0.5 })
		expect(await script.evaluate(test.context, driftRule)).toMatchObject({ windows: 0, waiting: 1 })
		test.clock.advance(dayMs)
		expect(await script.evaluate(test.context, driftRule)).toMatchObject({ windows: 1, waiting: 0 })
		expect(await all()).toHaveLength(1)
	})
})

describe('what people do with an incident', () => {
	beforeEach(async () => {
		drift(1, 'income', 0.3)
		await script.evaluate(test.context, driftRule)
	})

	it('acknowledging is recorded once, however many people do it at the same time', async () => {
		const { id } = await only()
		await Promise.all([
			acknowledgeIncident(test.context, analyst, id),
			acknowledgeIncident(test.context, admin, id),
		])
		await acknowledgeIncident(test.context, analyst, id)
		expect((await getIncident(test.context, admin, id)).status).toBe('acknowledged')
		expect((await ledger()).filter((a) => a === 'acknowledge-incident')).toHaveLength(1)
	})

	it('comments and resolving appear in the timeline; resolving again changes nothing', async () => {
		const { id } = await only()
		await commentIncident(test.context, analyst, id, { text: 'looking' })
		await resolveIncident(test.context, analyst, id, { reason: 'mended' })
		const { timeline, status } = await resolveIncident(test.context, analyst, id, { reason: 'again' })
		expect([status, timeline.slice(-2).map((t) => [t.who, t.what])]).toEqual([
			'resolved',
			[
				['key:b', 'looking'],
				['key:b', 'resolved: mended'],
			],
		])
		await expect(acknowledgeIncident(test.context, analyst, id)).rejects.toMatchObject({ code: 'conflict' })
	})

	it('changing it needs the role and the scope', async () => {
		const { id } = await only()
		await expect(acknowledgeIncident(test.context, { ...analyst, role: 'viewer' }, id)).rejects.toMatchObject(
			{ code: 'forbidden' },
		)
		await expect(getIncident(test.context, { ...analyst, models: ['other-*'] }, id)).rejects.toMatchObject({
			code: 'not-found',
			message: `There is no incident "${id}".`,
			hint: { to: 'list-incidents' },
		})
		expect(
			(await listIncidents(test.context, { ...analyst, models: ['other-*'] }, { limit: 10 })).items,
		).toEqual([])
		await expect(getIncident(test.context, analyst, 'inc_none')).rejects.toMatchObject({ code: 'not-found' })
	})

	it('each revision puts one message into the outbox', async () => {
		const { id } = await only()
		await acknowledgeIncident(test.context, analyst, id)
		const keys = (await test.context.sql.values({ sql: 'SELECT key FROM outbox ORDER BY id' })).map(
			(r) => r[0],
		)
		expect(keys).toEqual([`incident:${id}:1:`, `incident:${id}:2:`])
	})
})

describe('a silence', () => {
	it('keeps matching alerts from opening incidents, until it expires', async () => {
		const silence = await createSilence(test.context, analyst, {
			rules: ['drift'],
			features: ['inc*'],
			reason: 'known',
			expiresAt: startOfTest + dayMs,
		})
		drift(1, 'income', 0.3)
		drift(1, 'age', 0.3)
		await script.evaluate(test.context, driftRule)
		expect((await only()).alerts.map((a) => a.subject.feature)).toEqual(['age'])
		expect((await expireSilence(test.context, analyst, silence.id)).status).toBe('expired')
		await expect(
			createSilence(test.context, analyst, { reason: 'past', expiresAt: startOfTest - 1 }),
		).rejects.toMatchObject({ code: 'invalid' })
	})
})

describe('requests', () => {
	const rules = driftRule.replace(
		'[open-incident]',
		'[open-incident, { request-retraining: { after: 48h } }, propose-rollback]',
	)

	it('are made by rules once, when they are due; the timeline says what could not be requested', async () => {
		drift(1, 'income', 0.3)
		await script.evaluate(test.context, rules)
		expect((await only()).timeline.map((t) => t.what).join(' ')).toContain(
			'no rollback was requested: m is not deployed',
		)
		expect((await listRequests(test.context, admin, { limit: 10 })).items).toEqual([])
		for (const n of [2, 3]) drift(n, 'income', 0.3)
		await script.evaluate(test.context, rules)
		expect(
			(await listRequests(test.context, admin, { limit: 10 })).items.map((r) => [r.kind, r.requester]),
		).toEqual([['retraining', 'job:evaluate-rules']])
	})

	it('hold the exact action; a rollback goes to the previous champion', async () => {
		await test.context.sql.batch([
			{ sql: "INSERT INTO model_version (model, version, features, created_at) VALUES ('m', '2', '[]', 0)" },
		])
		for (const champion of ['1', '2'])
			await setDeployment(test.context, admin, 'm', 'production', { champion })
		const request = await createRequest(test.context, admin, {
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
			createRequest(test.context, admin, {
				kind: 'rollback',
				model: 'm',
				environment: 'production',
				reason: 'bad',
			}),
		).rejects.toMatchObject({ code: 'conflict' })
		expect((await cancelRequest(test.context, admin, request.id)).status).toBe('cancelled')
		await expect(
			createRequest(test.context, analyst, {
				kind: 'rollback',
				model: 'm',
				environment: 'production',
				reason: 'x',
			}),
		).rejects.toMatchObject({ code: 'forbidden' })
	})
})
