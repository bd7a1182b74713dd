import { expect } from 'vitest'
import { dayMs, hourMs, minuteMs } from '../../src/core/time.ts'
import { runAll } from '../../src/jobs/index.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import { type Json, type TestServer, testServer } from '../support/server.ts'

const it = withServer(async () => {
	const rules = await openRules(builtInRules(), { logger: { info() {}, warn() {}, error() {} } })
	return testServer({}, { rules })
})
it.beforeAll(async ({ server }) => {
	for (const model of ['loans', 'cards']) {
		await server.post('/v1/models', { model, task: 'binary', threshold: 0.5, positiveLabel: '1' })
		for (const version of ['1', '2'])
			await server.post(`/v1/models/${model}/versions`, {
				version,
				features: [{ name: 'x', type: 'numeric' }],
			})
	}
	await server.fetch('/v1/models/loans/deployments/production', { method: 'PUT', json: { champion: '1' } })
})

let next = 0
const row = (server: TestServer, more: object = {}) => ({
	predictionId: `p${next++}`,
	version: '1',
	timestamp: new Date(server.clock.now - minuteMs).toISOString(),
	features: { x: 1 },
	score: 0.4,
	...more,
})
const post = async (server: TestServer, rows: unknown[], model = 'loans') =>
	(await server.post(`/v1/models/${model}/predictions`, rows)).body
const read = async (server: TestServer, query: string) =>
	(await server.fetch(`/v1/models/loans/metrics?metric=quality.rejected_rows&${query}`)).body
const alerts = async (server: TestServer, model: string) => {
	await runAll(server.context, 'test')
	const { items } = (await server.fetch(`/v1/incidents?model=${model}`)).body
	return items.flatMap((i: Json) => i.alerts.map((a: Json) => [a.rule, a.status, a.subject.version, a.value]))
}

it('rejected rows are counted by hour, environment and code, and are read like any metric', async ({
	server,
}) => {
	const bad = [
		row(server, { version: '9' }),
		row(server, { version: '9', environment: 'staging' }),
		row(server, { score: 'high' }),
		7,
	]
	const { rejectedCount, accepted } = await post(server, [...bad, row(server)])
	expect([rejectedCount, accepted]).toEqual([4, 1])
	const known = row(server)
	await post(server, [known])
	server.clock.advance(hourMs)
	await post(server, [{ ...known, score: 0.9 }, row(server, { version: '9' })])

	const { items } = await read(server, 'window=1h')
	const said = items.map((a: Json) => [
		a.window.from.slice(11, 13),
		a.subject.environment,
		a.subject.code,
		a.value,
	])
	expect(said).toEqual([
		['00', 'production', 'invalid', 1],
		['00', 'production', 'malformed', 1],
		['00', 'production', 'unknown-version', 1],
		['00', 'staging', 'unknown-version', 1],
		['01', 'production', 'conflict', 1],
		['01', 'production', 'unknown-version', 1],
	])
	const days = (await read(server, 'window=1d&code=unknown-version&environment=production')).items
	expect(days.map((a: Json) => [a.subject.code, a.value, a.provisional])).toEqual([
		['unknown-version', 2, true],
	])
	const week = (await read(server, 'window=7d&code=conflict')).items
	expect(week.map((a: Json) => [a.window.from.slice(0, 10), a.value])).toEqual([['2026-03-02', 1]])
	expect((await read(server, 'version=1')).items).toEqual([])
	expect((await server.fetch('/v1/models/loans/metrics?metric=drift.psi&code=invalid')).body.items).toEqual(
		[],
	)
	expect((await server.fetch('/v1/models/cards/metrics?metric=quality.rejected_rows')).body.items).toEqual([])
})

it('pages go through all codes of all windows once, among the other metrics', async ({ server }) => {
	await runAll(server.context, 'test')
	const all: Json[] = []
	let cursor = ''
	do {
		const { body } = await server.fetch(`/v1/models/loans/metrics?metric=quality.*&limit=3${cursor}`)
		all.push(...body.items)
		cursor = body.next === null ? '' : `&cursor=${body.next}`
	} while (cursor !== '')
	const whole = (await server.fetch('/v1/models/loans/metrics?metric=quality.*&limit=1000')).body.items
	expect(all).toEqual(whole)
	expect(whole.filter((a: Json) => a.metric === 'quality.rejected_rows').length).toBe(6 + 2 * 5)
	const starts = whole.map((a: Json) => a.window.from)
	expect(starts).toEqual([...starts].sort())
})

it('a sender whose rows are rejected is an incident, until two hours have gone by without', async ({
	server,
}) => {
	await post(
		server,
		Array.from({ length: 300 }, () => row(server)),
		'cards',
	)
	await post(server, [row(server, { version: '9' }), row(server, { version: '9' })], 'cards')
	expect(await alerts(server, 'cards')).toEqual([])
	const answer = await post(
		server,
		Array.from({ length: 40 }, () => row(server, { version: '9' })),
		'cards',
	)
	expect(answer).toMatchObject({ accepted: 0, rejectedCount: 40 })
	expect(await alerts(server, 'cards')).toEqual([['rows-rejected', 'firing', '', 42]])
	const { items } = (await server.fetch('/v1/incidents?model=cards')).body
	expect(items[0].timeline.map((t: Json) => t.what).join()).toContain('42 unknown-version')
	server.clock.advance(2 * hourMs)
	expect(await alerts(server, 'cards')).toEqual([['rows-rejected', 'resolved', '', 42]])
})

it('predictions of a version that is not deployed are an incident, those of a challenger are none', async ({
	server,
}) => {
	server.clock.now = startOfTest + 2 * dayMs + 30 * minuteMs
	const some = (version: string) => Array.from({ length: 6 }, () => row(server, { version }))
	await post(server, [...some('1'), ...some('2')])
	await post(server, some('2'), 'cards')
	server.clock.advance(hourMs)
	const ofVersions = async () =>
		(await alerts(server, 'loans')).filter(([rule]: string[]) => rule?.startsWith('version'))
	expect(await ofVersions()).toEqual([['version-not-deployed', 'firing', '2', 6]])
	// Nobody has said what the environment of this one serves.
	expect((await alerts(server, 'cards')).filter(([rule]: string[]) => rule?.startsWith('version'))).toEqual(
		[],
	)
	await server.fetch('/v1/models/loans/deployments/production', {
		method: 'PUT',
		json: { champion: '1', challenger: '2' },
	})
	server.clock.advance(hourMs)
	await post(server, some('2'))
	server.clock.advance(hourMs)
	expect(await ofVersions()).toEqual([['version-not-deployed', 'resolved', '2', 6]])
})
