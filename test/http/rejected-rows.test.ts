import { afterAll, beforeAll, expect, it } from 'vitest'
import { dayMs, hourMs, minuteMs } from '../../src/core/time.ts'
import { runAll } from '../../src/jobs/index.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { startOfTest } from '../support/context.ts'
import { type Json, testServer } from '../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
beforeAll(async () => {
	const rules = await openRules(builtInRules(), { logger: { info() {}, warn() {}, error() {} } })
	server = await testServer({}, { rules })
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
afterAll(() => server.close())

let next = 0
const row = (more: object = {}) => ({
	predictionId: `p${next++}`,
	version: '1',
	timestamp: new Date(server.clock.now - minuteMs).toISOString(),
	features: { x: 1 },
	score: 0.4,
	...more,
})
const post = async (rows: unknown[], model = 'loans') =>
	(await server.post(`/v1/models/${model}/predictions`, rows)).body
const read = async (query: string) =>
	(await server.fetch(`/v1/models/loans/metrics?metric=quality.rejected_rows&${query}`)).body
const alerts = async (model: string) => {
	await runAll(server.context, 'test')
	const { items } = (await server.fetch(`/v1/incidents?model=${model}`)).body
	return items.flatMap((i: Json) => i.alerts.map((a: Json) => [a.rule, a.status, a.subject.version, a.value]))
}

it('rejected rows are counted by hour, environment and code, and are read like any metric', async () => {
	const bad = [
		row({ version: '9' }),
		row({ version: '9', environment: 'staging' }),
		row({ score: 'high' }),
		7,
	]
	const { rejectedCount, accepted } = await post([...bad, row()])
	expect([rejectedCount, accepted]).toEqual([4, 1])
	const known = row()
	await post([known])
	server.clock.advance(hourMs)
	await post([{ ...known, score: 0.9 }, row({ version: '9' })])

	const { items } = await read('window=1h')
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
	const days = (await read('window=1d&code=unknown-version&environment=production')).items
	expect(days.map((a: Json) => [a.subject.code, a.value, a.provisional])).toEqual([
		['unknown-version', 2, true],
	])
	const week = (await read('window=7d&code=conflict')).items
	expect(week.map((a: Json) => [a.window.from.slice(0, 10), a.value])).toEqual([['2026-03-02', 1]])
	expect((await read('version=1')).items).toEqual([])
	expect((await server.fetch('/v1/models/loans/metrics?metric=drift.psi&code=invalid')).body.items).toEqual(
		[],
	)
	expect((await server.fetch('/v1/models/cards/metrics?metric=quality.rejected_rows')).body.items).toEqual([])
})

it('pages go through all codes of all windows once, among the other metrics', async () => {
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

it('a sender whose rows are rejected is an incident, until two hours have gone by without', async () => {
	await post(
		Array.from({ length: 300 }, () => row()),
		'cards',
	)
	await post([row({ version: '9' }), row({ version: '9' })], 'cards')
	expect(await alerts('cards')).toEqual([])
	const answer = await post(
		Array.from({ length: 40 }, () => row({ version: '9' })),
		'cards',
	)
	expect(answer).toMatchObject({ accepted: 0, rejectedCount: 40 })
	expect(await alerts('cards')).toEqual([['rows-rejected', 'firing', '', 42]])
	const { items } = (await server.fetch('/v1/incidents?model=cards')).body
	expect(items[0].timeline.map((t: Json) => t.what).join()).toContain('42 unknown-version')
	server.clock.advance(2 * hourMs)
	expect(await alerts('cards')).toEqual([['rows-rejected', 'resolved', '', 42]])
})

it('predictions of a version that is not deployed are an incident, those of a challenger are none', async () => {
	server.clock.now = startOfTest + 2 * dayMs + 30 * minuteMs
	const some = (version: string) => Array.from({ length: 6 }, () => row({ version }))
	await post([...some('1'), ...some('2')])
	await post(some('2'), 'cards')
	server.clock.advance(hourMs)
	const ofVersions = async () =>
		(await alerts('loans')).filter(([rule]: string[]) => rule?.startsWith('version'))
	expect(await ofVersions()).toEqual([['version-not-deployed', 'firing', '2', 6]])
	// Nobody has said what the environment of this one serves.
	expect((await alerts('cards')).filter(([rule]: string[]) => rule?.startsWith('version'))).toEqual([])
	await server.fetch('/v1/models/loans/deployments/production', {
		method: 'PUT',
		json: { champion: '1', challenger: '2' },
	})
	server.clock.advance(hourMs)
	await post(some('2'))
	server.clock.advance(hourMs)
	expect(await ofVersions()).toEqual([['version-not-deployed', 'resolved', '2', 6]])
})
