import { describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../src/core/time.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { admin } from '../support/actors.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import { plumbServer } from '../support/plumb.ts'
import type { Json } from '../support/server.ts'

const it = withServer(plumbServer)

it.beforeAll(async ({ server }) => {
	const map = (user: string, role: 'auditor' | 'approver' | 'viewer', more: object = {}) =>
		mapSlackUser(server.context, admin, { team: 'T1', user, role, models: ['*'], ...more })
	server.clock.now = startOfTest - 40 * dayMs
	const features = [{ name: 'x', type: 'numeric' }]
	for (const model of ['credit-risk', 'churn']) {
		await server.post('/v1/models', { model, task: 'binary', riskTier: 'low', owner: 'lending' })
		for (const version of ['6', '7']) await server.post(`/v1/models/${model}/versions`, { version, features })
		for (const champion of ['6', '7'])
			await server.fetch(`/v1/models/${model}/deployments/production`, { method: 'PUT', json: { champion } })
	}
	await map('U-AUD', 'auditor')
	await map('UANA', 'approver', { owner: 'ana@bank.example' })
	await map('UBOB', 'approver', { owner: 'bob@bank.example' })
	await map('U-view', 'viewer')
	server.clock.now = startOfTest - 2 * dayMs
	await server.plumb('rollback churn because income is in cents', 'UANA')
	server.clock.now = startOfTest - dayMs
	await server.plumb('retrain credit-risk because it is old', 'UBOB')
	server.clock.now = startOfTest
	await server.post('/v1/models/churn/predictions', [
		{
			predictionId: 'app 8841',
			version: '7',
			timestamp: formatTime(startOfTest - 1000),
			features: { x: 1 },
			score: 0.5,
		},
		{
			predictionId: '8842',
			version: '7',
			timestamp: formatTime(startOfTest - 1000),
			features: { x: 1 },
			score: 0.5,
		},
	])
	for (const [id, model] of [
		['8842', 'churn'],
		['8841', 'none'],
	] as const)
		await server.fetch(`/v1/models/${model}/predictions/${id}/explanation`)
})

describe('/plumb audit', () => {
	it('shows the entries of a model, the newest first, with who, what and why', async ({ server }) => {
		const { shown, text } = await server.plumb('audit churn', 'U-AUD')
		for (const all of [shown, text]) {
			expect(all).toContain('*slack:T1/UANA* create-request request:req_')
			expect(all).toContain('income is in cents')
			expect(all).not.toContain('UBOB')
		}
		expect(shown.indexOf('create-request')).toBeLessThan(shown.indexOf('register-model'))
		const { body } = await server.fetch('/v1/audit/entries?model=churn&action=register-model&limit=10')
		expect(shown).toContain(`(entry ${body.items[0].index})`)
	})

	it.for([
		['audit churn since 10d', ['create-request'], ['register-model']],
		['audit churn since yesterday', [], ['create-request', 'register-model']],
		['audit churn since 2026-02-01', ['create-request'], ['register-model']],
		['who deployed churn?', ['set-deployment'], ['create-request', 'register-model']],
		['who requested the rollback of churn?', ['create-request'], ['set-deployment']],
		['who wanted the retraining?', ['UBOB'], ['UANA']],
		['audit ana@bank.example', ['UANA'], ['UBOB']],
		['what did <@UBOB> do since 30d', ['UBOB', 'create-request'], ['UANA']],
		['audit slack:T1/UANA', ['UANA'], ['UBOB']],
		['audit 8842', ['prediction:churn/8842'], ['register-model']],
		['who looked at prediction 8842?', ['prediction:churn/8842'], ['register-model']],
	] as const)('reads only what is asked for: %s', async ([text, has, hasNot], { server }) => {
		const { shown } = await server.plumb(text, 'U-AUD')
		for (const part of has) expect(shown).toContain(part)
		for (const part of hasNot) expect(shown).not.toContain(part)
	})

	it('finds the entries of a request', async ({ server }) => {
		const { items } = (await server.fetch('/v1/requests?model=churn')).body as Json
		const { shown } = await server.plumb(`audit ${items[0].id}`, 'U-AUD')
		expect(shown).toContain(`create-request request:${items[0].id}`)
	})

	it('is for auditors, in their models', async ({ server }) => {
		for (const user of ['UANA', 'U-view'])
			expect((await server.plumb('audit churn', user)).text).toContain('needs the role auditor')
		await mapSlackUser(server.context, admin, {
			team: 'T1',
			user: 'U-x',
			role: 'auditor',
			models: ['credit-*'],
		})
		for (const text of ['audit churn', 'audit 8842', 'audit ana@bank.example', 'audit churn since 90d'])
			expect((await server.plumb(text, 'U-x')).shown).not.toMatch(
				/create-request|register-model|8842\*|read-/,
			)
		expect((await server.plumb('audit credit-risk', 'U-x')).shown).toContain('register-model')
	})

	it('says what is missing or wrong', async ({ server }) => {
		const textOf = async (text: string) => (await server.plumb(text, 'U-AUD')).text
		expect(await textOf('audit')).toContain('Add what to look up')
		expect(await textOf('audit churn since ages')).toContain('"ages" is no time')
		expect(await textOf('audit chrun')).toContain('Did you mean "churn"?')
		expect(await textOf('audit 99-99')).toContain('none that you can see')
		expect(await textOf('audit <!channel>')).not.toContain('<!')
		expect(await textOf('audit @ana')).toContain('name the person by e-mail address')
	})
})

describe('/plumb report', () => {
	it('links to the explanation of a prediction', async ({ server }) => {
		expect((await server.plumb('report explanation 8842', 'U1')).text).toContain(
			'/v1/models/churn/predictions/8842/explanation',
		)
	})

	it('links to the figures of a model, in a period', async ({ server }) => {
		const { text } = await server.plumb('report drift churn 30d', 'U1')
		const from = formatTime(startOfTest - 30 * dayMs)
		expect(text).toContain(
			`/v1/models/churn/metrics?metric=drift.*&amp;from=${from}&amp;to=${formatTime(startOfTest)}|the ones of drift`,
		)
		const links = [...text.matchAll(/<([^|>]+)\|/g)].map(([, link]) =>
			(link as string).replaceAll('&amp;', '&'),
		)
		for (const link of links.slice(0, 5)) {
			const { status } = await server.fetch(link.slice(link.indexOf('/v1/')))
			expect([link, status === 200 || status === 409 || status === 422]).toEqual([link, true])
		}
	})

	it('names the templates that there are', async ({ server }) => {
		expect((await server.plumb('report', 'U1')).text).toContain(
			'Add a template. Of a prediction: explanation, adverse-action, ',
		)
		expect((await server.plumb('report biass churn', 'U1')).text).toContain('Did you mean "bias"?')
		expect((await server.plumb('report bias nothing', 'U1')).text).toContain('no model "nothing"')
	})
})

describe('/plumb models, lineage and status', () => {
	it('show what each model is for, and where it serves', async ({ server }) => {
		const { text } = await server.plumb('which models are there?', 'U-view')
		expect(text).toBe(
			'churn: binary, risk low, owner lending, version 7 in production; credit-risk: binary, risk low, owner lending, version 7 in production',
		)
		expect((await server.plumb('models', 'U-x')).text).not.toContain('churn')
	})

	it('show where a version comes from, by default the one that serves', async ({ server }) => {
		const { shown, text } = await server.plumb('lineage churn@6', 'U1')
		expect(shown).toContain('Lineage of churn@6')
		expect(text).toContain('production')
		expect((await server.plumb('where does churn come from?', 'U1')).text).toContain('Lineage of churn@7')
		expect((await server.plumb('lineage churn@66', 'U1')).text).toContain('has no version "66"')
		expect((await server.plumb('lineage churn', 'U-x')).text).toContain('may not reach')
	})

	it('find a model by a part of its name', async ({ server }) => {
		expect((await server.plumb('status credit', 'U1')).text).toMatch(/^credit-risk: /)
		expect((await server.plumb('how is the credit model?', 'U1')).text).toMatch(/^credit-risk: /)
	})
})
