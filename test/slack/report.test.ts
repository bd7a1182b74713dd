import { afterAll, beforeAll, describe, expect } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import { applicantsOf, predict, registerLender, run } from '../support/lender.ts'
import { plumbServer } from '../support/plumb.ts'
import { FakeSlack } from '../support/slack-api.ts'

const fake = new FakeSlack()
beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())

const work: Promise<unknown>[] = []
const settled = async () => {
	while (work.length > 0) await Promise.all(work.splice(0))
}
const it = withServer(() => plumbServer({ background: (promise) => void work.push(promise) }))
it.beforeAll(async ({ server }) => {
	await registerLender(server)
	server.clock.now = startOfTest + dayMs
	await predict(server, applicantsOf(3, 2), startOfTest - 3 * dayMs)
	await run(server)
})

describe('/plumb report', () => {
	it('makes a report and sends the file to the person alone', async ({ server }) => {
		const { shown } = await server.plumb('report monitoring lender 7d')
		const id = /rep_\w+/.exec(shown)?.[0] as string
		expect(shown).toContain('*model-monitoring* of *lender*')
		expect(shown).toContain('It is a draft until its request')
		await settled()
		const [file] = [...fake.files.values()]
		expect(file).toMatchObject({
			name: `model-monitoring-${id}.html`,
			state: 'shared',
			channel: fake.channels.direct,
		})
		const { text } = await server.fetch(`/v1/reports/${id}.html`)
		expect(new TextDecoder().decode(file?.bytes)).toBe(text)
		expect(fake.toOne.at(-1)?.text).toContain(`The report ${id} is in your direct messages`)
		expect(fake.messages).toEqual([])
		const { body } = await server.fetch(`/v1/reports/${id}`)
		expect(body).toMatchObject({
			period: { from: '2026-02-24T00:00:00.000Z', to: '2026-03-03T00:00:00.000Z' },
			author: 'slack:T1/U1',
		})
	})

	it('says where the report is if the file cannot be sent', async ({ server }) => {
		fake.plan('conversations.open', () => Response.json({ ok: false, error: 'user_disabled' }))
		const { shown } = await server.plumb('report model-monitoring lender 6d')
		await settled()
		expect(shown).toMatch(/\/v1\/reports\/rep_\w+\.html\|html/)
		expect(fake.toOne.at(-1)?.text).toContain('could not be sent to your direct messages')
	})

	it('says what is wrong', async ({ server }) => {
		const textOf = async (text: string) => (await server.plumb(text)).text
		expect(await textOf('report monitorin lender')).toContain('Did you mean "monitoring"?')
		expect(await textOf('report access-export')).toContain('Add the person')
		expect(await textOf('report monitoring lendr')).toContain('Did you mean "lender"?')
		expect(await textOf('report adverse-action nobody')).toContain('nobody')
	})
})

describe('the request for the approval of a report', () => {
	it('shows template, model, period and digest in its form, and nothing of a person', async ({ server }) => {
		const { shown } = await server.plumb('report monitoring lender 5d')
		const id = /rep_\w+/.exec(shown)?.[0] as string
		const { body } = await server.fetch(`/v1/reports/${id}`)
		const request = (await server.plumb(`requests ${body.request}`)).shown
		for (const part of [
			'Report sign-off of lender',
			'*template* model-monitoring',
			'*period* 2026-02-26T00:00:00.000Z to 2026-03-03T00:00:00.000Z',
			`*report* ${body.manifest}`,
			id,
		])
			expect(request).toContain(part)
	})
})
