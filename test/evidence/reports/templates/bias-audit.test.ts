import { describe, expect } from 'vitest'
import { dayMs, formatTime, hourMs } from '../../../../src/core/time.ts'
import { biasAudit } from '../../../../src/evidence/reports/templates/bias-audit.ts'
import { actorOf } from '../../../support/actors.ts'
import { startOfTest } from '../../../support/context.ts'
import { sectionOf } from '../../../support/decision-reports.ts'
import { withServer } from '../../../support/fixtures.ts'
import { applicantsOf, predict, registerLender, run, tellOutcomes } from '../../../support/lender.ts'
import { plumbServer } from '../../../support/plumb.ts'
import { cutNow, rowsOf } from '../../../support/report-cut.ts'
import type { Json } from '../../../support/server.ts'

const days = 5
const auditor = actorOf('auditor')
// From an hour within the first day, so that it takes whole days and single hours.
const period = { from: startOfTest - days * dayMs, to: startOfTest - hourMs }
const applicants = applicantsOf(days, 3)

const test = withServer(async () => {
	const server = await plumbServer()
	await registerLender(server, { favourable: '0' })
	await predict(server, applicants, period.from)
	await tellOutcomes(server, applicants, startOfTest)
	await server.post('/v1/models', { model: 'plain', task: 'binary', positiveLabel: '1' })
	await server.post('/v1/models/plain/versions', { version: '1', features: [{ name: 'x', type: 'numeric' }] })
	await server.post('/v1/models/plain/predictions', [
		{
			predictionId: 'p1',
			version: '1',
			timestamp: formatTime(period.from),
			features: { x: 1 },
			score: 0.4,
		},
	])
	await run(server)
	return server
})

describe('the bias audit of the lender', () => {
	test('equals the audit of the API', async ({ server }) => {
		const { context } = server
		const content = await biasAudit.build(
			context,
			auditor,
			{ model: 'lender', period },
			await cutNow(context),
		)
		const query = `version=1&from=${formatTime(period.from)}&to=${formatTime(period.to)}`
		const { body } = await server.fetch(`/v1/models/lender/bias?${query}`)
		expect(body.favourable).toBe('0')
		expect(body.attributes.map((a: Json) => a.attribute)).toEqual(['SEX', 'MARRIAGE', 'SEX x MARRIAGE'])
		for (const { attribute, audit, fourFifths } of body.attributes) {
			const rows = rowsOf(content, `attribute:${attribute}`)
			const compared = rows.filter(({ excluded }) => excluded === null)
			expect(compared).toEqual(
				audit.rows.map(({ group, n, selectionRate, impactRatio }: Json) => ({
					...{ group, n, selectionRate },
					impactRatio: impactRatio.value,
					excluded: null,
				})),
			)
			expect(rows.length - compared.length).toBe(audit.excluded.length)
			const { verdict, ratio, low, high } = fourFifths
			expect(rowsOf(content, 'fourFifths')).toContainEqual(
				expect.objectContaining({ attribute, verdict, ratio, low, high }),
			)
		}
		expect(content.rows.included).toBe(body.rows.predictions)
		expect(content.sections.every(({ status }) => status === 'complete')).toBe(true)
	})

	test('is the same for the same cut after corrections and another favourable decision', async ({
		server,
	}) => {
		const { context } = server
		const subject = { model: 'lender', period }
		const cut = await cutNow(context)
		const first = await biasAudit.build(context, auditor, subject, cut)
		server.clock.advance(60_000)
		await server.fetch('/v1/models/lender', { method: 'PATCH', json: { favourable: '1' } })
		const corrected = applicants.map((a) => ({ ...a, actual: 1 - a.actual }))
		await tellOutcomes(server, corrected, startOfTest + 30_000)
		await run(server)
		expect(await biasAudit.build(context, auditor, subject, cut)).toEqual(first)
		const later = await biasAudit.build(context, auditor, subject, await cutNow(context))
		expect(rowsOf(later, 'scope')).toContainEqual({ item: 'selected', value: '1' })
	})

	test('is incomplete without sensitive attributes, and says what to set', async ({ server }) => {
		const { context } = server
		const content = await biasAudit.build(context, auditor, { model: 'plain', period }, await cutNow(context))
		expect(sectionOf(content, 'attributes')).toMatchObject({
			status: 'incomplete',
			text: expect.stringContaining('Set `sensitive` of the model'),
		})
		expect(sectionOf(content, 'audit')).toMatchObject({
			status: 'incomplete',
			text: expect.stringContaining('set `favourable` on the model'),
		})
	})
})
