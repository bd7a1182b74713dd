import { describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { clocks } from '../../../src/jobs/index.ts'
import { startOfTest } from '../../support/context.ts'
import { explainingServer, golden, goldenFile, recordOf } from '../../support/explaining-server.ts'
import { withServer } from '../../support/fixtures.ts'
import type { Json, TestServer } from '../../support/server.ts'

const scores: number[] = golden.binary.scores
const declined = scores.flatMap((score, i) => (score >= 0.5 ? [i] : []))
const approved = scores.flatMap((score, i) => (score < 0.5 ? [i] : []))
/** The day of the decisions. */
const day = startOfTest - dayMs
const noon = day + dayMs / 2

const row = (predictionId: string, i: number, at = noon, version = '1') => ({
	predictionId,
	version,
	timestamp: formatTime(at),
	features: recordOf(i),
	score: scores[i],
	subject: `person ${predictionId}`,
})

const it = withServer(async () => {
	const server = await explainingServer()
	const model = {
		model: 'loans',
		task: 'binary',
		positiveLabel: 'declined',
		threshold: 0.5,
		sensitive: ['SEX'],
	}
	await server.register(model, {}, goldenFile('binary'), 'xgboost-json')
	await server.post('/v1/models/loans/versions', { version: '2' })
	server.clock.now = day - dayMs
	const deployment = { champion: '1', challenger: '2' }
	await server.fetch('/v1/models/loans/deployments/production', { method: 'PUT', json: deployment })
	server.clock.now = startOfTest
	const [d1, d2] = declined as [number, number]
	await server.post('/v1/models/loans/predictions', [
		row('d1', d1),
		row('d2', d2, day + dayMs - 1),
		row('a1', approved[0] as number),
		row('shadow', d1, noon, '2'),
		{ ...row('staged', d1), environment: 'staging' },
	])
	return server
})

const setLaws = (server: TestServer, model: string, laws: string[], more: object = {}) =>
	server.fetch(`/v1/models/${model}/notices`, { method: 'PUT', json: { laws, ...more } })
/** Runs the job at a time; returns the incidents of clocks that are open. */
async function openAt(server: TestServer, at: number): Promise<Json[]> {
	server.clock.now = at
	expect(await clocks.run(server.context)).toMatchObject({ failed: [], remaining: 0 })
	const { body } = await server.fetch('/v1/incidents?status=open')
	return body.items
}
const report = (server: TestServer, predictionId: string, template = 'adverse-action') =>
	server.post('/v1/reports', { template, model: 'loans', predictionId })

describe('the clock of notices of adverse action', () => {
	it('runs only where the law is declared', async ({ server }) => {
		expect(await openAt(server, day + 40 * dayMs)).toEqual([])
		const wrong = await setLaws(server, 'loans', ['ecoa-adverse-acton'])
		expect([wrong.status, wrong.body.errors[0].path]).toEqual([422, 'laws.0'])
		expect(wrong.body.detail).toContain('Did you mean "ecoa-adverse-action"?')
		expect((await setLaws(server, 'loans', ['ecoa-adverse-action'])).status).toBe(200)
	})

	it('opens an incident on day 25 of 30, for the declined applicants alone', async ({ server }) => {
		expect(await openAt(server, day + 25 * dayMs - 1)).toEqual([])
		const [incident, ...others] = await openAt(server, day + 25 * dayMs)
		expect(others).toEqual([])
		expect(incident).toMatchObject({
			model: 'loans',
			severity: 'warning',
			title: '2 reports adverse-action are due, the first on 2026-03-31',
		})
		const { body } = await server.fetch(`/v1/incidents/${incident.id}`)
		const timeline = JSON.stringify(body.timeline)
		expect(timeline).toContain('d1, d2')
		expect(timeline).not.toMatch(/shadow|staged|a1|person/)
	})

	it('counts a late decision, and one that has its report no more; overdue is critical', async ({
		server,
	}) => {
		await server.post('/v1/models/loans/predictions', [row('d3', declined[2] as number)])
		expect((await report(server, 'd1')).status).toBe(201)
		const [incident] = await openAt(server, day + 30 * dayMs)
		expect(incident.title).toBe('2 reports adverse-action are due, the first on 2026-03-31')
		const [overdue, ...others] = await openAt(server, day + 31 * dayMs)
		expect(others).toEqual([])
		expect(overdue).toMatchObject({
			id: incident.id,
			severity: 'critical',
			title: '2 reports adverse-action are overdue, the first since 2026-03-31',
		})
	})

	it('resolves the incident when every notice has been made', async ({ server }) => {
		for (const id of ['d2', 'd3']) expect((await report(server, id)).status).toBe(201)
		const { id } = (await server.fetch('/v1/incidents?status=open')).body.items[0]
		expect(await openAt(server, day + 31 * dayMs + 1)).toEqual([])
		const { body } = await server.fetch(`/v1/incidents/${id}`)
		expect(body.status).toBe('resolved')
		expect(body.timeline.at(-1)).toMatchObject({
			who: 'job:clocks',
			what: 'resolved: nothing is due any more',
		})
	})

	it('leaves out decisions from before a day that is set', async ({ server }) => {
		await server.post('/v1/models/loans/predictions', [row('old', declined[3] as number)])
		expect(await openAt(server, day + 32 * dayMs)).toHaveLength(1)
		await setLaws(server, 'loans', ['ecoa-adverse-action'], { noticesSince: '2026-03-02' })
		expect(await openAt(server, day + 32 * dayMs)).toEqual([])
	})
})

describe('what a person has asked for', () => {
	const path = (subject: string) => `/v1/subjects/${encodeURIComponent(subject)}/requests`

	it('is due by the law that the model declares, and ends with its report', async ({ server }) => {
		const now = day + 40 * dayMs
		server.clock.now = now
		const asked = await server.post(path('person d1'), {
			kind: 'reasons',
			model: 'loans',
			predictionId: 'd1',
			receivedAt: formatTime(now - dayMs),
		})
		expect(asked.status).toBe(201)
		expect(asked.body).toMatchObject({
			law: 'ecoa-adverse-action/reasons',
			due: formatTime(now + 29 * dayMs).slice(0, 10),
			status: 'open',
		})
		expect(await openAt(server, now + 23 * dayMs)).toEqual([])
		const [incident] = await openAt(server, now + 24 * dayMs)
		expect(incident.title).toMatch(/^1 request for reasons is due on /)
		const { body } = await server.fetch(`/v1/incidents/${incident.id}`)
		expect(JSON.stringify(body)).not.toContain('person d1')
		const made = await report(server, 'd1')
		expect(await openAt(server, now + 25 * dayMs)).toEqual([])
		const [{ status, report: by }] = (await server.fetch(path('person d1'))).body.items
		expect([status, by]).toEqual(['answered', made.body.id])
	})

	it('of all models is answered by the export of all of them', async ({ server }) => {
		const subject = 'person/../d2 <@U1>'
		const asked = await server.post(path(subject), { kind: 'access' })
		expect(asked.body).toMatchObject({ model: null, law: 'gdpr-15/access', status: 'open' })
		const made = await server.post(`/v1/subjects/${encodeURIComponent(subject)}/access-export`, {})
		expect(made.status).toBe(201)
		expect((await server.fetch(made.headers.get('location') as string)).body.template).toBe('access-export')
		await openAt(server, server.clock.now)
		expect((await server.fetch(path(subject))).body.items[0].status).toBe('answered')
		const { body } = await server.fetch('/v1/audit/entries?action=record-subject-request')
		expect(body.items.length).toBeGreaterThan(0)
		expect(JSON.stringify(body)).not.toContain('person')
	})

	it('can be closed with a reason, once', async ({ server }) => {
		const { body } = await server.post(path('person a1'), { kind: 'explanation', model: 'loans' })
		const close = `${path('person a1')}/${body.id}/close`
		const closed = await server.post(close, { reason: 'withdrawn' })
		expect(closed.body).toMatchObject({ status: 'closed', reason: 'withdrawn' })
		expect((await server.post(close, { reason: 'again' })).status).toBe(409)
		expect((await server.post(`${path('somebody')}/${body.id}/close`, { reason: 'x' })).status).toBe(404)
	})

	it('is refused when it cannot be', async ({ server }) => {
		const refused = async (input: object) => (await server.post(path('person d1'), input)).status
		expect(await refused({ kind: 'deletion' })).toBe(422)
		expect(await refused({ kind: 'reasons', predictionId: 'd1' })).toBe(422)
		expect(await refused({ kind: 'reasons', model: 'loans', predictionId: 'd2' })).toBe(422)
		expect(await refused({ kind: 'reasons', model: 'loans', predictionId: 'nobody' })).toBe(404)
		const later = formatTime(server.clock.now + dayMs)
		expect(await refused({ kind: 'access', receivedAt: later })).toBe(422)
		const key = await server.keyOf('viewer')
		expect((await server.post(path('x'), { kind: 'access' }, { key })).status).toBe(403)
	})
})

describe('other clocks', () => {
	const titles = (incidents: Json[]) => incidents.map(({ title }) => title)

	it('ask for a bias audit where the law is declared and there is none of the last year', async ({
		server,
	}) => {
		const now = startOfTest + 110 * dayMs
		await setLaws(server, 'loans', ['nyc-ll144'])
		const [incident, ...others] = await openAt(server, now)
		expect([titles([incident]), others]).toEqual([
			[`1 bias audit is due on ${formatTime(now).slice(0, 10)}`],
			[],
		])
		await compute.run(server.context)
		await setLaws(server, 'loans', ['nyc-ll144'], { noticesSince: '2026-03-02' })
		const period = { from: formatTime(day), to: formatTime(startOfTest) }
		expect(
			(await server.post('/v1/reports', { template: 'bias-audit', model: 'loans', period })).status,
		).toBe(201)
		expect(await openAt(server, now + dayMs)).toEqual([])
		expect(await openAt(server, now + 303 * dayMs)).toEqual([])
		expect(titles(await openAt(server, now + 304 * dayMs))).toEqual([
			`1 bias audit is due on ${formatTime(now + 365 * dayMs).slice(0, 10)}`,
		])
		await setLaws(server, 'loans', [])
		expect(await openAt(server, now + 304 * dayMs)).toEqual([])
	})

	it('run for a serious incident from becoming aware until it is reported', async ({ server }) => {
		const now = Date.parse('2027-01-10T22:00:00Z')
		server.clock.now = now
		await setLaws(server, 'loans', ['ecoa-adverse-action'])
		const [found] = await openAt(server, now)
		const record = (json: object) =>
			server.fetch(`/v1/incidents/${found.id}/regulatory`, { method: 'PATCH', json })
		expect((await record({ class: 'death', awareAt: formatTime(now) })).status).toBe(200)
		expect(await openAt(server, now + 7 * dayMs)).toHaveLength(1)
		expect(titles(await openAt(server, now + 8 * dayMs))).toContain(
			'1 report on a serious incident is due on 2027-01-20',
		)
		await record({ initialReportAt: formatTime(now + 8 * dayMs) })
		expect(titles(await openAt(server, now + 8 * dayMs))).toHaveLength(1)
	})
})
