import { afterAll, beforeAll, describe, expect } from 'vitest'
import { checkView } from '../support/block-kit.ts'
import { type ServerOf, withServer } from '../support/fixtures.ts'
import type { Json } from '../support/server.ts'
import { FakeSlack } from '../support/slack-api.ts'
import { buttonsOf, hasIncome, declinedPath as path, whyServer } from '../support/why-server.ts'

const fake = new FakeSlack()
const it = withServer(() => whyServer({ pictures: false }))
type Server = ServerOf<typeof whyServer>

beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())
it.afterEach(async ({ server }) => {
	await server.settled()
	fake.reset()
})

const press = (
	server: Server,
	action: string,
	value: string | undefined,
	user?: string,
	trigger = 'trigger-1',
) =>
	server.interact(
		{
			type: 'block_actions',
			trigger_id: trigger,
			channel: { id: 'C1' },
			actions: [{ type: 'button', action_id: action, block_id: 'b', value }],
		},
		user,
	)

describe('the buttons', () => {
	const ask = async (server: Server) => buttonsOf(await server.plumb('why declined in lending'))
	const submit = (server: Server, view: Json, typed: Record<string, string>, user?: string) => {
		const values = Object.fromEntries(
			view.blocks
				.filter((b: Json) => b.type === 'input')
				.map(({ block_id, element: e }: Json) => {
					const value = typed[block_id] ?? e.initial_value ?? e.initial_option?.value ?? null
					const field = e.type === 'static_select' ? { selected_option: value && { value } } : { value }
					return [block_id, { [e.action_id]: { type: e.type, ...field } }]
				}),
		)
		return server.interact({ type: 'view_submission', view: { ...view, state: { values } } }, user)
	}
	const openModal = async (server: Server, value: string | undefined, user?: string) => {
		fake.triggers.add('trigger-1')
		await press(server, 'why_what_if', value, user)
		await server.settled()
		return [...fake.views.values()].at(-1) as Json
	}

	it('carry nothing but an opaque id, which means the same after a restart', async ({ server }) => {
		const buttons = await ask(server)
		expect(buttons.why_what_if).toMatch(/^ask_[0-9a-z]{26}$/)
		const { body } = await server.fetch('/v1/audit/entries?limit=1')
		expect(body.items).toHaveLength(1)
	})

	it('open a modal with the values of the applicant, and answer for changed ones without logging a prediction', async ({
		server,
	}) => {
		const { why_what_if: id } = await ask(server)
		const view = await openModal(server, id)
		expect(checkView(view)).toEqual([])
		const inputs = view.blocks.filter((b: Json) => b.type === 'input')
		expect(inputs.map((b: Json) => b.block_id)).toContain('late')
		expect(inputs.map((b: Json) => b.block_id)).not.toContain('SEX')
		expect(inputs.find((b: Json) => b.block_id === 'late').element.initial_value).toBe('4')
		const { body } = await submit(server, view, { late: '0' })
		expect(body.response_action).toBe('update')
		expect(checkView(body.view)).toEqual([])
		const said = JSON.stringify(body.view.blocks)
		const expected = (await server.post(path.replace('explanation', 'what-if'), { changes: { late: 0 } }))
			.body
		expect(said).toContain(`decision *${expected.decision}*`)
		expect(said).toContain('*Changed contributions*')
		expect(said).toContain('late -3.6')
		expect(said).toMatch(/late = 0 +█+│/)
		expect(body.view.blocks.find((b: Json) => b.block_id === 'late').element.initial_value).toBe('0')
		expect((await server.fetch('/v1/audit/entries?action=ask-what-if')).body.items.at(0).actor).toBe(
			'slack:T1/U1',
		)
		expect((await server.fetch(path)).body.score).toBe(expected.score - expected.difference.score)
	})

	it('say under the field which value is invalid, and when nothing was changed', async ({ server }) => {
		const { why_what_if: id } = await ask(server)
		const view = await openModal(server, id)
		expect((await submit(server, view, { late: 'many' })).body).toEqual({
			response_action: 'errors',
			errors: { late: 'Enter a number, such as 1200 or 0.5.' },
		})
		const { body } = await submit(server, view, {})
		expect(Object.values(body.errors)).toEqual(['Nothing was changed. Change a value first.'])
	})

	it('show nothing to those who may not see values, whoever hands them the id', async ({ server }) => {
		const { why_what_if: id } = await ask(server)
		const analyst = await openModal(server, id)
		for (const user of ['U-viewer', 'U-other', 'U-stranger']) {
			const view = await openModal(server, id, user)
			expect(view.blocks.some((b: Json) => b.type === 'input')).toBe(false)
			expect(hasIncome(JSON.stringify(view))).toBe(false)
			const { body } = await submit(server, analyst, { late: '0' }, user)
			expect(JSON.stringify(body)).not.toMatch(/decision|Score/)
		}
	})

	it('link to the whole explanation, and say to ask again once they are too old', async ({ server }) => {
		const { why_report: id } = await ask(server)
		await press(server, 'why_report', id)
		await press(server, 'why_report', id, 'U-other')
		await press(server, 'why_report', 'ask_none')
		await server.settled()
		const texts = fake.toOne.map((m) => m.text)
		expect(texts[0]).toContain(`${server.context.publicUrl}${path}|as JSON`)
		// Of a model out of scope nothing is said, not even its name.
		expect(texts[1]).toContain('too old')
		expect(texts[2]).toBe(texts[1])
	})

	it('do nothing when Slack does not open the modal any more', async ({ server }) => {
		const { why_what_if: id } = await ask(server)
		expect((await press(server, 'why_what_if', id, 'U1', 'trigger-late')).status).toBe(200)
		expect(fake.views.size).toBe(0)
	})
})
