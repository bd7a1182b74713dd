import { describe, expect } from 'vitest'
import { dayMs, hourMs } from '../../src/core/time.ts'
import { DemoSessions } from '../../src/demo/sessions.ts'
import { startOfTest } from '../support/context.ts'
import { openEvents } from '../support/event-stream.ts'
import { driftRule, FactScript } from '../support/facts.ts'
import { withServer } from '../support/fixtures.ts'
import { approveReasons, decisionAt, registerLending } from '../support/lending-model.ts'
import { registerTestModel } from '../support/model.ts'
import { type TestServer, testServer } from '../support/server.ts'

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const hostile = '<img src=x onerror=alert(1)>"\''

let now = startOfTest
const sessions = new DemoSessions(() => now)
const it = withServer(() => testServer({ sessions, version: '1.2.3' }))
let incident: string
const get = (server: TestServer, path: string, headers: Record<string, string> = {}, method = 'GET') =>
	fetch(server.url + path, { headers: { ...browser, ...headers }, method, redirect: 'manual' })

it.beforeAll(async ({ server }) => {
	await registerTestModel(server.context)
	const script = new FactScript()
	script.set(startOfTest - 2 * dayMs, hostile, { 'drift.effect': 0.31 })
	await script.evaluate(server.context, driftRule)
	incident = (await server.fetch('/v1/incidents')).body.items[0].id
	await registerLending(server)
	server.clock.now = startOfTest - 30 * dayMs
	await approveReasons(server)
	server.clock.now = decisionAt + hourMs
})

async function signIn(server: TestServer): Promise<string> {
	now = server.clock.now
	const token = sessions.issue(await server.keyOf('analyst'), [{ text: 'Incident', path: '/incidents' }])
	const response = await get(server, `/demo/${token}`)
	expect(response.status).toBe(200)
	return (response.headers.get('set-cookie') as string).split(';')[0] as string
}

/** What every page owes its reader: HTML, no script, nothing from elsewhere, nothing of data as markup. */
async function pageOf(response: Response, status = 200): Promise<string> {
	const text = await response.text()
	expect([response.status, response.headers.get('content-type')], text).toEqual([
		status,
		'text/html; charset=utf-8',
	])
	const policy = response.headers.get('content-security-policy')
	expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'/)
	expect(policy).not.toContain('script-src')
	expect(text).toMatch(/^<!doctype html>\n<html lang="en">/)
	expect(text).toContain('name="viewport"')
	expect(text.match(/<h1>/g)).toHaveLength(1)
	expect(text).not.toMatch(/<script|<img|https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
	return text
}

it('an event source of a page follows a deployment with the session', async ({ server }) => {
	const path = '/v1/models/lending/deployments/production'
	const stream = await openEvents(server.url + path, { cookie: await signIn(server) })
	expect(stream.response.headers.get('content-type')).toBe('text/event-stream')
	await server.fetch(path, { method: 'PUT', json: { champion: '1' } })
	expect(await stream.next()).toMatchObject({ event: 'deployment', data: { champion: '1' } })
	stream.close()
})

describe('the start page', () => {
	it('shows a browser what this is, whether it is healthy, and where to go', async ({ server }) => {
		const text = await pageOf(await get(server, '/'))
		for (const part of ['1.2.3', 'ready', 'href="/docs"', 'href="/openapi.json"', 'href="/metrics"'])
			expect(text).toContain(part)
	})

	it.for(['*/*', 'application/json', 'application/json,text/html;q=0.5'])(
		'answers JSON to Accept: %s',
		async (accept, { server }) => {
			const response = await get(server, '/', { accept })
			expect(response.headers.get('content-type')).toBe('application/json')
			expect(await response.json()).toMatchObject({
				name: 'plumbline',
				version: '1.2.3',
				status: 'ok',
				links: { docs: '/docs' },
			})
		},
	)

	it('answers HEAD without a body, other methods with 405, and a request for an icon quietly', async ({
		server,
	}) => {
		const head = await get(server, '/', {}, 'HEAD')
		expect([head.status, await head.text()]).toEqual([200, ''])
		expect((await get(server, '/', {}, 'POST')).status).toBe(405)
		expect((await get(server, '/favicon.ico', { accept: 'image/avif,image/*' })).status).toBe(204)
	})

	it('says that the database does not answer', async () => {
		const broken = await testServer()
		broken.context.sql.batch = async () => {
			throw new Error('no disk')
		}
		const response = await fetch(`${broken.url}/`)
		expect([response.status, await response.json()]).toMatchObject([200, { status: 'unavailable' }])
		await broken.close()
	})
})

describe('a page that is not there', () => {
	it('is a page for a browser and a problem for everybody else', async ({ server }) => {
		expect(await pageOf(await get(server, '/nowhere'), 404)).toContain('/nowhere')
		for (const [path, accept] of [
			['/nowhere', '*/*'],
			['/v1/nowhere', browser.accept],
		] as const)
			expect((await get(server, path, { accept })).headers.get('content-type')).toBe(
				'application/problem+json',
			)
	})

	it('without sessions is every page of the console', async () => {
		const plain = await testServer()
		for (const path of [`/incidents/${incident}`, '/incidents', '/demo/0'.padEnd(38, '0')])
			expect((await fetch(plain.url + path, { headers: browser })).status).toBe(404)
		await plain.close()
	})
})

describe('a one-time link', () => {
	it('sets a cookie that scripts and other sites cannot use, and works once', async ({ server }) => {
		const token = sessions.issue('a key', [{ text: 'An incident', path: '/incidents/1' }])
		expect(token).toMatch(/^[0-9a-f]{32}$/)
		// A program that looks at the link does not use it up.
		expect((await get(server, `/demo/${token}`, {}, 'HEAD')).headers.get('set-cookie')).toBeNull()
		const opened = await get(server, `/demo/${token}`)
		expect(opened.headers.get('set-cookie')).toMatch(
			/^plumbline-session=[0-9a-f]{32}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200; Expires=.+ GMT$/,
		)
		expect(await pageOf(opened)).toContain('<a href="/incidents/1">An incident</a>')
		const again = await get(server, `/demo/${token}`)
		expect(again.headers.get('set-cookie')).toBeNull()
		expect(await pageOf(again, 410)).toContain('works once')
		const wrong = await get(server, `/demo/${'0'.repeat(32)}`)
		expect(wrong.headers.get('set-cookie')).toBeNull()
		await pageOf(wrong, 404)
	})

	it('opens pages until its session ends', async ({ server }) => {
		const cookie = await signIn(server)
		expect((await get(server, '/incidents', { cookie })).status).toBe(200)
		expect((await get(server, '/incidents', { cookie: `other=1; ${cookie}` })).status).toBe(200)
		expect(await pageOf(await get(server, '/incidents', { cookie: `${cookie}0` }), 401)).toContain(
			'one-time link',
		)
		await pageOf(await get(server, '/incidents'), 401)
		now += 13 * hourMs
		await pageOf(await get(server, '/incidents', { cookie }), 401)
	})

	it('lets a browser read as an analyst, and never write', async ({ server }) => {
		const cookie = await signIn(server)
		const acknowledge = `/v1/incidents/${incident}/acknowledge`
		for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
			expect((await get(server, acknowledge, { cookie }, method)).status).not.toBe(200)
		expect((await get(server, acknowledge, { cookie }, 'POST')).status).toBe(401)
		expect((await server.fetch(`/v1/incidents/${incident}`)).body.status).toBe('open')
		await pageOf(await get(server, '/v1/keys', { cookie }), 403)
	})

	it('shows a browser what the interface answers as a page, and a program as JSON', async ({ server }) => {
		const cookie = await signIn(server)
		const path = `/v1/incidents/${incident}`
		expect(await pageOf(await get(server, path, { cookie }))).toContain(
			'&quot;severity&quot;: &quot;warning&quot;',
		)
		await pageOf(await get(server, path, { cookie, accept: 'text/html' }))
		expect(await (await get(server, path, { cookie, accept: '*/*' })).json()).toMatchObject({ id: incident })
		await pageOf(await get(server, '/v1/incidents/inc_none', { cookie }), 404)
	})
})

describe('the pages', () => {
	it('show an incident with its evidence, whatever its names hold', async ({ server }) => {
		const cookie = await signIn(server)
		const list = await pageOf(await get(server, '/incidents', { cookie }))
		expect(list).toContain(`<a href="/incidents/${incident}">`)
		const text = await pageOf(await get(server, `/incidents/${incident}`, { cookie }))
		for (const part of [
			'&lt;img src=x onerror=alert(1)&gt;',
			'drift.effect',
			'0.31',
			'<th scope="col"',
			' UTC</time>',
		])
			expect(text).toContain(part)
	})

	it('show why an applicant was declined: reasons, picture, contributions, changes, lineage', async ({
		server,
	}) => {
		const cookie = await signIn(server)
		const text = await pageOf(await get(server, '/models/lending/predictions/declined', { cookie }))
		for (const part of [
			'against the applicant',
			'the registered file gives the same score',
			'<li>Delinquent credit obligations <small>(R01: late)</small></li>',
			'<svg xmlns',
			'<th scope="row">late</th><td class="n">4</td>',
			'No feature has limits',
			'mlflow:4f1c',
			'this look-up is entry',
		])
			expect(text).toContain(part)
	})
})

describe('a JSON answer', () => {
	it('is indented on request', async ({ server }) => {
		const indented = await server.fetch('/healthz', { headers: { accept: 'application/json; indent=2' } })
		expect(indented.text).toBe('{\n  "status": "ok"\n}')
		expect((await server.fetch('/healthz')).text).toBe('{"status":"ok"}')
	})
})
