import { afterAll, beforeAll, describe, expect } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { retention } from '../../src/jobs/index.ts'
import { checkMessage } from '../support/block-kit.ts'
import { type ServerOf, withServer } from '../support/fixtures.ts'
import { decisionAt, declined, log, prediction } from '../support/lending-model.ts'
import type { Json } from '../support/server.ts'
import { FakeSlack, tooMany } from '../support/slack-api.ts'
import { buttonsOf, hasIncome, declinedPath as path, whyServer } from '../support/why-server.ts'

const fake = new FakeSlack()
const it = withServer(() => whyServer({ pictures: true }))
type Server = ServerOf<typeof whyServer>

beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())
it.afterEach(async ({ server }) => {
	await server.settled()
	fake.reset()
})

const lookUps = async (server: Server) =>
	(await server.fetch('/v1/audit/entries?action=read-explanation&limit=1000')).body.items
describe('/plumb why', () => {
	it('answers at once with decision and reasons in words, and then with the picture', async ({ server }) => {
		const before = (await lookUps(server)).length
		fake.refusalsOfNewFiles = 1
		const { shown, text } = await server.plumb('why declined in lending')
		for (const said of [
			'*Decision 1*, against the applicant',
			'Delinquent credit obligations (`R01`)',
			'late = 4',
		]) {
			expect(shown).toContain(said)
			expect(text).toContain(said)
		}
		await server.settled()
		expect(fake.toOne).toHaveLength(1)
		const [picture] = fake.toOne
		const [image] = picture?.blocks ?? []
		expect(checkMessage(picture as Json)).toEqual([])
		expect(picture?.response_type).toBe('ephemeral')
		expect(image).toMatchObject({ type: 'image', alt_text: expect.stringContaining('late (4) +3.06') })
		const [[id, file] = []] = [...fake.files]
		expect(image?.slack_file).toEqual({ id })
		expect([file?.state, file?.name]).toEqual(['private', 'explanation.png'])
		expect([...(file?.bytes.slice(1, 4) ?? [])]).toEqual([0x50, 0x4e, 0x47])
		const entries = await lookUps(server)
		expect(entries).toHaveLength(before + 1)
		expect(entries.at(-1).actor).toBe('slack:T1/U1')
	})

	it('finds the prediction in the models of the person, in plain words too', async ({ server }) => {
		for (const words of [
			'declined',
			'was application declined declined?',
			'`declined` in lending',
			'declined in "lending"?',
		])
			expect((await server.plumb(`why ${words}`)).text).toMatch(/^Why declined in lending/)
		expect((await server.plumb('why')).text).toContain('Use /plumb why &lt;prediction&gt; in &lt;model&gt;')
		expect((await server.plumb('why nobody')).text).toContain('"nobody" is in no model that you can see')
		expect((await server.plumb('why declined in landing')).text).toContain('Did you mean "lending"?')
	})

	it('asks which model where several have the id', async ({ server }) => {
		await server.post('/v1/models', { model: 'other', task: 'binary', threshold: 0.5, positiveLabel: '1' })
		await server.post('/v1/models/other/versions', {
			version: '1',
			features: [{ name: 'late', type: 'numeric' }],
		})
		const row = { ...prediction('declined', declined, decisionAt), features: { late: 4 }, score: 0.9 }
		await server.post('/v1/models/other/predictions', [row])
		expect((await server.plumb('why declined')).text).toContain(
			'Use /plumb why declined in lending, /plumb why declined in other.',
		)
		// Who sees one of them is not asked.
		expect((await server.plumb('why declined', 'U-viewer')).text).toMatch(/^Why declined in lending/)
		expect((await server.plumb('why declined in other')).text).toContain('could not be replayed')
	})

	it('shows viewers reasons and no value, in words and in the picture', async ({ server }) => {
		const message = await server.plumb('why declined in lending', 'U-viewer')
		expect(message.shown).toContain('Delinquent credit obligations')
		await server.settled()
		expect(fake.toOne).toHaveLength(1)
		for (const all of [JSON.stringify(message), JSON.stringify(fake.toOne)]) {
			expect(all).toContain('late')
			expect(all).not.toMatch(/late (= |\()4/)
			expect(hasIncome(all)).toBe(false)
		}
		expect(Object.keys(buttonsOf(message))).toEqual(['why_report'])
	})

	it('shows nothing to those without a role or without the model', async ({ server }) => {
		for (const [user, text] of [
			['U-stranger', 'why declined in lending'],
			['U-other', 'why declined in lending'],
			['U-other', 'why approved'],
		] as const) {
			const answer = await server.plumb(text, user)
			expect(answer.shown).not.toMatch(/Decision|score|R01/)
		}
		expect(fake.toOne).toEqual([])
	})

	it('says first that another model answered, and gives no reasons then', async ({ server }) => {
		await log(server, [prediction('swapped', declined, decisionAt, 0.7123456)])
		const { blocks, shown } = await server.plumb('why swapped')
		expect((blocks[2] as Json).text.text).toMatch(/^:red_circle: \*The replay does not match\.\*/)
		expect(shown).toContain('*Reasons*: withheld')
	})

	it('says all without the picture when it cannot be uploaded', async ({ server }) => {
		fake.plan('files.getUploadURLExternal', () => Response.json({ ok: false, error: 'missing_scope' }))
		const { shown } = await server.plumb('why declined in lending')
		expect(shown).toMatch(/late = 4 .*│█+ +\+3\.06/)
		await server.settled()
		expect(fake.toOne).toEqual([])
	})
})

describe('the pictures', () => {
	it('are served over HTTP with their words, to viewers without values', async ({ server }) => {
		const svg = await server.fetch(`${path}.svg`)
		expect([svg.status, svg.headers.get('content-type')]).toEqual([200, 'image/svg+xml'])
		expect(svg.text).toContain('>late = 4<')
		expect(decodeURIComponent(svg.headers.get('x-alt-text') ?? '')).toContain('late (4) +3.06')
		const seen = await server.fetch(`${path}.svg`, { key: await server.keyOf('viewer') })
		expect(seen.text).toContain('>late<')
		expect(hasIncome(seen.text)).toBe(false)
		const png = await server.fetch(`${path}.png`)
		expect([png.status, png.headers.get('content-type')]).toEqual([200, 'image/png'])
		expect(png.text).toContain('PNG')
		expect((await server.fetch(`${path}.svg`, { key: await server.keyOf('ingest') })).status).toBe(403)
	})

	it('show what moves the answers of a model, over many rows', async ({ server }) => {
		const period = '?from=2026-02-20T00:00:00Z&to=2026-03-03T00:00:00Z'
		const svg = await server.fetch(`/v1/models/lending/importance.svg${period}`)
		expect([svg.status, svg.headers.get('content-type')]).toEqual([200, 'image/svg+xml'])
		const { features, explained } = (await server.fetch(`/v1/models/lending/importance${period}`)).body
		expect(svg.text).toContain(`>${explained} rows. `)
		const alt = decodeURIComponent(svg.headers.get('x-alt-text') ?? '')
		const order = features.map((f: Json) => alt.indexOf(`${f.feature} `))
		expect(order).toEqual(order.toSorted((a: number, b: number) => a - b))
		expect(alt).toMatch(/late [\d.]+, high values raise the score/)
		expect(alt).toMatch(/income [\d.]+, high values lower the score/)
		const png = await server.fetch(`/v1/models/lending/importance.png${period}`)
		expect([png.status, png.headers.get('content-type')]).toEqual([200, 'image/png'])
		const viewer = await server.keyOf('viewer')
		expect((await server.fetch(`/v1/models/lending/importance.svg`, { key: viewer })).status).toBe(403)
		expect((await server.fetch(`/v1/models/other/importance.svg`)).status).toBeGreaterThanOrEqual(400)
	})

	it('are not where nothing is explained', async ({ server }) => {
		expect((await server.fetch('/v1/models/lending/predictions/nobody/explanation.svg')).status).toBe(404)
		const { status, body } = await server.fetch('/v1/models/other/predictions/declined/explanation.svg')
		expect([status, body.detail]).toEqual([409, expect.stringContaining('There is nothing to draw')])
	})

	it('are deleted at Slack after a day', async ({ server }) => {
		await server.plumb('why declined in lending')
		await server.settled()
		expect(fake.toOne).toHaveLength(1)
		const states = () => [...fake.files.values()].map((f) => f.state)
		await retention.run(server.context)
		expect(states()).toEqual(['private'])
		const more = JSON.stringify(Array.from({ length: 60 }, (_, i) => `F${i}`))
		await server.context.sql.batch([
			{
				sql: 'INSERT INTO slack_picture (file, uploaded_at) SELECT value, 0 FROM json_each(?)',
				params: [more],
			},
		])
		server.clock.advance(dayMs + 1)
		try {
			fake.plan('files.delete', tooMany(1))
			expect(await retention.run(server.context)).toMatchObject({ deletedPictures: 0 })
			expect(states()).toEqual(['private'])
			await retention.run(server.context)
			expect(states()).toEqual(['deleted'])
			expect(await server.context.sql.values({ sql: 'SELECT * FROM slack_picture' })).toEqual([])
		} finally {
			server.clock.advance(-dayMs - 1)
		}
	})
})
