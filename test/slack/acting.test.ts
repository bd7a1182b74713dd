import { describe, expect } from 'vitest'
import { metricIds } from '../../src/metrics/index.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { parseRules } from '../../src/rules/parse-rules.ts'
import { admin } from '../support/actors.ts'
import { withServer } from '../support/fixtures.ts'
import { type PlumbServer, plumbServer } from '../support/plumb.ts'
import { defaultPolicies, policiesOf } from '../support/policies.ts'
import type { Json } from '../support/server.ts'

const it = withServer(plumbServer)

const requestsOf = async (server: PlumbServer): Promise<Json[]> =>
	(await server.fetch('/v1/requests?limit=100')).body.items
const silencesOf = async (server: PlumbServer): Promise<Json[]> =>
	(await server.fetch('/v1/silences?limit=100')).body.items
const cancelAll = async (server: PlumbServer) => {
	for (const { id, status } of await requestsOf(server))
		if (status === 'pending') await server.post(`/v1/requests/${id}/cancel`, {})
}

it.beforeAll(async ({ server }) => {
	const features = [{ name: 'x', type: 'numeric' }]
	for (const model of ['credit-risk', 'credit-default', 'churn']) {
		await server.post('/v1/models', { model, task: 'binary', riskTier: 'low' })
		for (const version of ['6', '7', '8'])
			await server.post(`/v1/models/${model}/versions`, { version, features })
		for (const environment of ['production', 'staging'])
			for (const champion of ['6', '7'])
				await server.fetch(`/v1/models/${model}/deployments/${environment}`, {
					method: 'PUT',
					json: { champion },
				})
	}
	const rules = `rules:
  - { name: feature-drift, title: has drifted, each: feature, window: 1d, when: drift.effect >= 0.1, then: [open-incident] }`
	const parsed = await parseRules([{ name: 'test.yaml', text: rules }], metricIds)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
	server.context.rules = { current: () => parsed.ruleSet }
	for (const user of ['U-ana', 'U-bob'])
		await mapSlackUser(server.context, admin, { team: 'T1', user, role: 'approver', models: ['*'] })
})
// Ids are in the order of their time.
it.beforeEach(({ server }) => server.clock.advance(1000))
it.afterEach(({ server }) => cancelAll(server))

describe('/plumb rollback, promote and retrain', () => {
	it.for([
		['rollback credit-risk to 6 because income is in cents', 'rollback', 'production', '7', '6'],
		['roll credit-risk back to 6 because income is in cents', 'rollback', 'production', '7', '6'],
		['rollback credit-risk because income is in cents', 'rollback', 'production', '7', '6'],
		['Rollback "credit-risk" to 6. because income is in cents', 'rollback', 'production', '7', '6'],
		['rollback credit-risk to 6 due to income is in cents', 'rollback', 'production', '7', '6'],
		[
			'please revert credit-risk to v6 in staging because income is in cents.',
			'rollback',
			'staging',
			'7',
			'6',
		],
		['promote credit-risk to 8 because income is in cents', 'promotion', 'production', '7', '8'],
		[
			'Could you deploy version 8 of credit-risk in staging because income is in cents?',
			'promotion',
			'staging',
			'7',
			'8',
		],
	] as const)('request the exact action: %s', async ([text, kind, environment, from, to], { server }) => {
		const { shown, text: summary } = await server.plumb(text, 'U-ana')
		const [made] = await requestsOf(server)
		expect(made).toMatchObject({
			kind,
			model: 'credit-risk',
			environment,
			reason: 'income is in cents',
			requester: 'slack:T1/U-ana',
			status: 'pending',
			action: { from, to },
		})
		for (const part of [made.id, 'Nothing happens until', 'credit-risk', environment, from, to, 'Review'])
			for (const all of [shown, summary]) expect(all).toContain(part)
		expect(shown).toContain(made.actionDigest)
	})

	it('take a reason of several sentences only when they are typed as a command, and take nothing back', async ({
		server,
	}) => {
		await server.plumb('rollback credit-risk because the AUC fell to 0.6. See inc_1.', 'U-ana')
		expect((await requestsOf(server))[0]).toMatchObject({
			status: 'pending',
			reason: 'the AUC fell to 0.6. See inc_1.',
		})
		await cancelAll(server)
		const { text } = await server.plumb(
			'please roll back credit-risk because the AUC fell to 0.6. See inc_1.',
			'U-ana',
		)
		expect(text).toContain('`/plumb rollback credit-risk because the AUC fell to 0.6`')
	})

	it('request a retraining', async ({ server }) => {
		const { shown } = await server.plumb('retrain churn because of the new tariff', 'U-ana')
		const [made] = await requestsOf(server)
		expect(made).toMatchObject({ kind: 'retraining', model: 'churn', reason: 'the new tariff' })
		expect(shown).toContain(made.id)
	})

	it.for([
		['rollback', 'Add the model: /plumb rollback &lt;model&gt;'],
		['rollback credit-risk', 'Add the reason: /plumb rollback credit-risk because &lt;reason&gt;'],
		['rollback credit-risk to 6', 'Add the reason: /plumb rollback credit-risk to 6 because &lt;reason&gt;'],
		['roll back because it is off', 'Add the model'],
		[
			'promote credit-risk because it is better',
			'Add the version: /plumb promote credit-risk to &lt;version&gt; because it is better',
		],
		['retrain churn', 'Add the reason'],
		['retrain churn because \u200b\u2060', 'Add the reason'],
		['rollback credit-risk to because x', 'a word is missing'],
		[`rollback credit-risk because ${'x'.repeat(1001)}`, 'The reason has 1001 characters; the limit is 1000'],
		['rollback please', 'Add the model'],
		['rollback credit-risk because it drifts\n\nnot really', 'more than one sentence'],
		['rollback credit-risk because it drifts, no wait', 'more than one sentence'],
		['rollback credit-risk because x, or should we not?', 'a question about it does nothing'],
		['rollback credit-risk tomorrow because x', '"tomorrow" is unclear'],
		['rollback credit-risk to 66 because x', 'has no version "66"'],
		['rollback credit-risk in nowhere because x', 'not deployed in nowhere'],
		['rolback credit-risk to 6 because x', 'Did you mean `/plumb rollback credit-risk to 6 because x`?'],
		['should we roll back credit-risk?', 'a question about it does nothing'],
		["don't roll back credit-risk because it is fine", 'your words say not to'],
		['roll back credit-risk if it drifts', 'on a condition'],
		['"roll back credit-risk because it drifts"', 'quoted words do nothing'],
		['rollback credit-risk because it drifts. No wait, do not.', 'more than one sentence'],
		['roll back credit-risk and churn because they drift', 'more than one model'],
		[
			'retrain and roll back churn because it drifts',
			'This could mean `/plumb rollback churn because it drifts` or',
		],
		['Ana said to roll back churn because it drifts', 'do not clearly request it'],
		['rollback credit-rsik to 6 because x', 'Did you mean "credit-risk"?'],
		['rollback credti-risk to 6 because x', 'There is no model "credti-risk". Did you mean "credit-risk"?'],
		['roll the credit model back because x', 'Which model is "credit"?'],
		['roll back loans because x', 'There is no model "loans"'],
	] as const)('do nothing where the words are not enough: %s', async ([text, expected], { server }) => {
		const { text: summary } = await server.plumb(text, 'U-ana')
		expect(summary).toContain(expected)
		expect((await requestsOf(server)).filter((r) => r.status === 'pending')).toEqual([])
	})

	it('are for approvers of the model alone', async ({ server }) => {
		expect((await server.plumb('rollback churn because x', 'U1')).text).toContain('needs the role approver')
		await mapSlackUser(server.context, admin, { team: 'T1', user: 'U-x', role: 'approver', models: ['x*'] })
		const { text } = await server.plumb('rollback churn because x', 'U-x')
		expect(text).not.toContain('req_')
		expect((await requestsOf(server)).filter((r) => r.status === 'pending')).toEqual([])
	})

	it('keep hostile reasons as text', async ({ server }) => {
		const reason = '<!channel> *x* `y` <@U1> <http://e.example|z> &amp; '.repeat(30)
		const { text, blocks } = await server.plumb(`rollback credit-risk because ${reason}`, 'U-ana')
		expect(JSON.stringify([text, blocks])).not.toMatch(/<[!@h]/)
	})
})

describe('the picker', () => {
	const pick = async (server: PlumbServer, message: { blocks: Json[] }, label: string, user: string) => {
		const button = message.blocks.flatMap((b) => b.elements ?? []).find((e: Json) => e.text.text === label)
		const payload = {
			type: 'block_actions',
			actions: [{ type: 'button', action_id: button.action_id, block_id: 'b', value: button.value }],
		}
		return server.interact(payload, user)
	}

	it('runs the same command with the chosen name, for the person who typed it', async ({ server }) => {
		const message = await server.plumb('rollback credit because income is in cents', 'U-ana')
		expect(message.text).toContain('Choose one: credit-default, credit-risk')
		expect(JSON.stringify(message.blocks)).toMatch(/"value":"run_\w+"/)
		await pick(server, message, 'credit-default', 'U-bob')
		expect((await requestsOf(server)).filter((r) => r.status === 'pending')).toEqual([])
		await mapSlackUser(server.context, admin, { team: 'T1', user: 'U-ana', role: 'viewer', models: ['*'] })
		await pick(server, message, 'credit-default', 'U-ana')
		expect((await requestsOf(server)).filter((r) => r.status === 'pending')).toEqual([])
		await mapSlackUser(server.context, admin, { team: 'T1', user: 'U-ana', role: 'approver', models: ['*'] })
		await pick(server, message, 'credit-default', 'U-ana')
		expect((await requestsOf(server))[0]).toMatchObject({
			status: 'pending',
			model: 'credit-default',
			reason: 'income is in cents',
			requester: 'slack:T1/U-ana',
		})
	})
})

describe('/plumb requests, approve and reject', () => {
	it('list what is open, and never vote', async ({ server }) => {
		expect((await server.plumb('requests', 'U-bob')).text).toBe('No request is open.')
		await server.plumb('rollback churn because it drifts', 'U-ana')
		const [{ id }] = (await requestsOf(server)) as [Json]
		const { shown } = await server.plumb('what is waiting for me?', 'U-bob')
		expect(shown).toContain(id)
		expect(shown).toContain('from 7 to 6')
		expect((await server.plumb(`requests ${id}`, 'U-bob')).shown).toContain('Nothing happens until')
		for (const text of [
			`approve ${id}`,
			'approve',
			`I approve ${id}`,
			'lgtm',
			`please reject ${id} because no`,
			'reject',
		])
			expect((await server.plumb(text, 'U-bob')).text).toMatch(/^Nothing was voted on\. .*press \*Review\*/)
		expect((await requestsOf(server))[0]).toMatchObject({ status: 'pending', votes: [] })
		expect((await server.plumb('requests req_none', 'U-bob')).text).toContain('no request "req_none"')
	})
})

describe('/plumb silence', () => {
	it.for([
		['silence churn for 2h because we migrate', { models: ['churn'], rules: ['*'] }, 2],
		[
			'mute churn for 30 minutes in staging because we migrate',
			{ models: ['churn'], environments: ['staging'] },
			0.5,
		],
		['silence feature-* for 2h because we migrate', { rules: ['feature-*'] }, 2],
		['silence feature-drift for 1d because we migrate', { rules: ['feature-drift'], models: ['*'] }, 24],
	] as const)('creates one: %s', async ([text, expected, hours], { server }) => {
		const { text: summary } = await server.plumb(text, 'U-ana')
		const [made] = (await silencesOf(server)) as [Json]
		expect(made).toMatchObject({ ...expected, reason: 'we migrate', author: 'slack:T1/U-ana' })
		expect(Date.parse(made.expiresAt) - Date.parse(made.startsAt)).toBe(hours * 3_600_000)
		expect(summary).toContain(made.id)
	})

	it.for([
		['silence churn because x', 'Add how long: /plumb silence churn for 2h because x'],
		['silence churn for 2h', 'Add a reason: /plumb silence churn for 2h because &lt;reason&gt;'],
		['silence for 2h because x', 'Add the name of a rule or a model'],
		['silence feature-drfit for 2h because x', 'Did you mean the rule "feature-drift"?'],
		['silence churn for ages because x', '"ages" is no duration'],
		["don't silence churn for 2h because x", 'Nothing was done'],
		['should we silence churn for 2h?', 'Nothing was done'],
	] as const)('does nothing where the words are not enough: %s', async ([text, expected], { server }) => {
		const before = (await silencesOf(server)).length
		expect((await server.plumb(text, 'U-ana')).text).toContain(expected)
		expect(await silencesOf(server)).toHaveLength(before)
	})

	it('of a critical rule is requested where a policy says so', async ({ server }) => {
		const rules = `rules:
  - { name: outage, title: is out, window: 1d, severity: critical, when: n < 1, then: [open-incident] }`
		const parsed = await parseRules([{ name: 'test.yaml', text: rules }], metricIds)
		if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
		const { rules: before } = server.context
		server.context.rules = { current: () => parsed.ruleSet }
		const policies = await policiesOf('policies:\n  - { name: quiet, kinds: [silence], needs: 1 }\n')
		server.context.policies = { current: () => policies }
		const silences = (await silencesOf(server)).length
		const { text } = await server.plumb('silence outage for 2h because we migrate', 'U-ana')
		const made = (await requestsOf(server)).find((r) => r.kind === 'silence')
		expect(made).toMatchObject({ status: 'pending', reason: 'we migrate', requester: 'slack:T1/U-ana' })
		expect(text).toContain(made?.id)
		expect(await silencesOf(server)).toHaveLength(silences)
		server.context.rules = before
		server.context.policies = { current: () => defaultPolicies }
	})

	it('of a rule covers only the models of the person', async ({ server }) => {
		await mapSlackUser(server.context, admin, { team: 'T1', user: 'U-c', role: 'analyst', models: ['churn'] })
		await server.plumb('silence feature-drift for 2h because we migrate', 'U-c')
		expect((await silencesOf(server))[0]).toMatchObject({ rules: ['feature-drift'], models: ['churn'] })
		expect((await server.plumb('silence credit-risk for 2h because x', 'U-c')).text).toContain(
			'may not reach',
		)
	})
})
