import { describe, expect } from 'vitest'
import { openIncidentOnce } from '../../../../src/alerting/incident/incident-without-rule.ts'
import { dayMs, formatTime } from '../../../../src/core/time.ts'
import { incidentClocks } from '../../../../src/evidence/clocks/incident-clocks.ts'
import { seriousIncident } from '../../../../src/evidence/reports/templates/serious-incident.ts'
import { actorOf } from '../../../support/actors.ts'
import { incompleteOf, sectionOf } from '../../../support/decision-reports.ts'
import { withServer } from '../../../support/fixtures.ts'
import { cutNow, rowsOf } from '../../../support/report-cut.ts'
import { testServer } from '../../../support/server.ts'

// After 2 August 2026, when Article 73 began to apply.
const awareAt = Date.parse('2026-11-10T15:00:00Z')
const auditor = actorOf('auditor')

const test = withServer(async () => {
	const server = await testServer()
	server.clock.now = awareAt + 3_600_000
	await server.post('/v1/models', { model: 'credit', task: 'binary', owner: 'lending' })
	await server.post('/v1/models/credit/versions', { version: '1', features: [] })
	await server.fetch('/v1/models/credit/deployments/production', { method: 'PUT', json: { champion: '1' } })
	await openIncidentOnce(
		server.context,
		{ id: 'job:test', how: 'job' },
		{
			about: 'test:1',
			model: 'credit',
			environment: 'production',
			severity: 'critical',
			title: 'Applicants of one branch were declined by mistake',
			notes: [],
		},
	)
	const [{ id }] = (await server.fetch('/v1/incidents')).body.items
	const record = (facts: object, key?: string) =>
		server.fetch(`/v1/incidents/${id}/regulatory`, { method: 'PATCH', json: facts, ...(key ? { key } : {}) })
	const report = async () =>
		seriousIncident.build(
			server.context,
			auditor,
			{ model: 'credit', incident: id },
			await cutNow(server.context),
		)
	return { ...server, id: id as string, record, report }
})

describe('the report of a serious incident', () => {
	test('says what nobody has recorded yet', async ({ server }) => {
		const content = await server.report()
		expect(incompleteOf(content)).toEqual([
			'report',
			'clock',
			'system',
			'investigation',
			'risk',
			'corrective',
		])
		expect(sectionOf(content, 'report').text).toContain(
			'the Member State in which it occurred. Record `memberState`',
		)
		expect(await incidentClocks(server.context)).toEqual([])
	})

	test('has what people recorded, as of the cut, and the clock of the class', async ({ server }) => {
		const { context } = server
		const before = await cutNow(context)
		const subject = { model: 'credit', incident: server.id }
		const first = await seriousIncident.build(context, auditor, subject, before)
		server.clock.advance(1000)
		const { body } = await server.record({
			class: 'death',
			memberState: 'DE',
			awareAt: formatTime(awareAt),
			investigation: 'Ana B. found the cause.',
		})
		expect(body).toMatchObject({ class: 'death', memberState: 'DE', causalLinkAt: null })
		// The day on which somebody became aware is not counted, and the last day is.
		const end = Date.parse('2026-11-21T00:00:00Z')
		expect(await incidentClocks(context)).toMatchObject([
			{ incident: server.id, clock: 'death', days: 10, from: awareAt, due: end },
		])
		const content = await server.report()
		expect(sectionOf(content, 'investigation')).toMatchObject({
			status: 'complete',
			text: 'Ana B. found the cause.',
		})
		expect(rowsOf(content, 'clock')).toContainEqual({ item: 'last day', value: '2026-11-20' })
		expect(await seriousIncident.build(context, auditor, subject, before)).toEqual(first)
	})

	test('says that it is overdue, and stops the clock once it was reported', async ({ server }) => {
		server.clock.now = awareAt + 12 * dayMs
		expect(sectionOf(await server.report(), 'clock').text).toContain('It is overdue.')
		await server.record({ initialReportAt: formatTime(awareAt + 2 * dayMs) })
		expect(sectionOf(await server.report(), 'clock')).toMatchObject({
			status: 'complete',
			text: expect.stringContaining('within the limit'),
		})
		expect(await incidentClocks(server.context)).toEqual([])
	})

	test('never puts texts into the ledger', async ({ server }) => {
		const { body } = await server.fetch('/v1/audit/entries?action=record-incident-facts')
		const texts = body.items.map(({ entry }: { entry: string }) => entry).join('')
		expect(texts).toContain('"memberState":"DE"')
		expect(texts).toContain('"investigation":"sha256:')
		expect(texts).not.toContain('Ana B.')
	})

	test('takes facts from handlers only, and none from the future', async ({ server }) => {
		expect((await server.record({ class: 'health' }, await server.keyOf('auditor'))).status).toBe(403)
		const later = await server.record({ awareAt: formatTime(server.clock.now + dayMs) })
		expect(later.status).toBe(422)
		expect(later.body.detail).toContain('awareAt: is in the future')
		expect((await server.record({ memberState: 'XX' })).status).toBe(422)
		expect((await server.record({})).status).toBe(422)
	})
})
