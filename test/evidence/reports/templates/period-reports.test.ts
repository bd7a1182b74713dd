import { describe, expect } from 'vitest'
import { actions } from '../../../../src/alerting/actions.ts'
import { evaluateAll } from '../../../../src/alerting/alert/evaluate-all.ts'
import { dayMs, formatTime } from '../../../../src/core/time.ts'
import { modelMonitoring } from '../../../../src/evidence/reports/templates/model-monitoring.ts'
import { postMarket } from '../../../../src/evidence/reports/templates/post-market.ts'
import { metricIds } from '../../../../src/metrics/index.ts'
import { parseRules } from '../../../../src/rules/parse-rules.ts'
import { actorOf } from '../../../support/actors.ts'
import { startOfTest } from '../../../support/context.ts'
import { sectionOf } from '../../../support/decision-reports.ts'
import { withServer } from '../../../support/fixtures.ts'
import { applicantsOf, predict, registerLender, run, tellOutcomes } from '../../../support/lender.ts'
import { plumbServer } from '../../../support/plumb.ts'
import { cutNow, metricRows, rowsOf } from '../../../support/report-cut.ts'
import type { Json } from '../../../support/server.ts'

const days = 8
const auditor = actorOf('auditor')
const period = { from: startOfTest - days * dayMs, to: startOfTest }
const subject = { model: 'lender', period }
const applicants = applicantsOf(days, 2)

const rules = `
rules:
  - name: much-traffic
    about: More traffic than the lender is used to.
    title: has much traffic
    each: model
    window: 1d
    when: quality.volume >= 200
    severity: warning
    then: [open-incident]
`

const test = withServer(async () => {
	const server = await plumbServer()
	await registerLender(server, { favourable: '0', owner: 'lending', riskTier: 'high' })
	await predict(server, applicants, period.from)
	await tellOutcomes(server, applicants.slice(0, 7 * 200), startOfTest)
	await run(server)
	const parsed = await parseRules([{ name: 'test.yaml', text: rules }], metricIds)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
	server.context.rules = { current: () => parsed.ruleSet }
	await evaluateAll(server.context, actions)
	server.clock.advance(dayMs)
	return server
})

describe('the monitoring report of the lender', () => {
	test('has the numbers of the API', async ({ server }) => {
		const { context } = server
		const content = await modelMonitoring.build(context, auditor, subject, await cutNow(context))
		const query = `window=1d&from=${formatTime(period.from)}&to=${formatTime(period.to)}&limit=1000`
		const metric = 'drift.psi,performance.*,fairness.four_fifths,fairness.selection_rate,quality.volume'
		const { body } = await server.fetch(`/v1/models/lender/metrics?${query}&metric=${metric}`)
		expect(body.next).toBeNull()
		expect(body.items.length).toBeGreaterThan(days * 20)
		const rows = metricRows(content)
		expect(body.items.filter((point: Json) => !rows.has(point))).toEqual([])
		expect(content.rows.included).toBe(days * 200)
		expect(rowsOf(content, 'volume').map(({ predictions }) => predictions)).toEqual(Array(days).fill(200))
	})

	test('tells of deciles, overrides, rules and incidents', async ({ server }) => {
		const { context } = server
		const content = await modelMonitoring.build(context, auditor, subject, await cutNow(context))
		const deciles = rowsOf(content, 'deciles')
		const all = deciles.at(-1)
		expect(deciles.length).toBeGreaterThan(8)
		expect(all).toMatchObject({ decile: 'all', labelled: 7 * 200, predictions: days * 200 })
		const known = applicants.slice(0, 7 * 200)
		const mean = (of: (a: (typeof known)[number]) => number) =>
			known.reduce((sum, a) => sum + of(a), 0) / known.length
		expect(all?.observed).toBeCloseTo(
			mean((a) => a.actual),
			12,
		)
		expect(all?.predicted).toBeCloseTo(
			mean((a) => a.score),
			12,
		)
		expect(sectionOf(content, 'overrides').text).toContain('0 decisions of 1,600 differ')
		expect(rowsOf(content, 'rules')).toMatchObject([{ rule: 'much-traffic', metric: 'quality.volume' }])
		expect(rowsOf(content, 'incidents')).toMatchObject([
			{ severity: 'warning', status: 'open', cause: expect.stringContaining('has much traffic') },
		])
	})

	test('is the same for the same cut, whatever happens later', async ({ server }) => {
		const { context } = server
		const cut = await cutNow(context)
		const first = await modelMonitoring.build(context, auditor, subject, cut)
		expect(sectionOf(first, 'performance').text).toContain('is known for 7 windows')
		server.clock.advance(60_000)
		await tellOutcomes(server, applicants.slice(7 * 200), startOfTest)
		await server.fetch('/v1/models/lender', { method: 'PATCH', json: { owner: 'risk', favourable: '1' } })
		await run(server)
		expect(await modelMonitoring.build(context, auditor, subject, cut)).toEqual(first)
		const later = await modelMonitoring.build(context, auditor, subject, await cutNow(context))
		expect(sectionOf(later, 'performance').text).toContain('is known for 8 windows')
		expect(rowsOf(later, 'entry')).toContainEqual({ item: 'owner', value: 'risk' })
	})

	test('says what is missing and how to provide it', async ({ server }) => {
		const { context } = server
		const content = await modelMonitoring.build(context, auditor, subject, await cutNow(context))
		const purpose = sectionOf(content, 'purpose')
		expect(purpose.status).toBe('incomplete')
		expect(purpose.text).toContain('Missing: the purpose. Set `purpose` of the model.')
	})

	test('also as post-market monitoring, by the headings of Annex IV', async ({ server }) => {
		const { context } = server
		const content = await postMarket.build(context, auditor, subject, await cutNow(context))
		const headings = content.sections.flatMap(({ title }) => /^Annex IV, (\d)/.exec(title)?.[1] ?? [])
		expect([...new Set(headings)]).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
		expect(sectionOf(content, 'standards').status).toBe('incomplete')
		expect(rowsOf(content, 'overseers')).toMatchObject([{ role: 'admin' }])
		expect(rowsOf(content, 'events:risk')).toContainEqual(
			expect.objectContaining({ action: 'open-incident' }),
		)
	})

	test('refuses a period without predictions, and says what to do', async ({ server }) => {
		const { context } = server
		const empty = { model: 'lender', period: { from: period.from - 9 * dayMs, to: period.from - 8 * dayMs } }
		await expect(modelMonitoring.build(context, auditor, empty, await cutNow(context))).rejects.toThrow(
			/"lender" has no computed predictions from .* Choose a period with predictions, or run the job compute/,
		)
	})
})
