import { describe, expect, it } from 'vitest'
import { lastPeriod, makeScheduledReports } from '../../../src/evidence/reports/scheduled-reports.ts'
import { withServer } from '../../support/fixtures.ts'
import { policiesOf } from '../../support/policies.ts'
import { type ReportServer, reportServer } from '../../support/report-server.ts'

const iso = ({ from, to }: { from: number; to: number }) =>
	[from, to].map((ms) => new Date(ms).toISOString().slice(0, 10))

const test = withServer(async () => {
	let current = await policiesOf('')
	const server = await reportServer({ policies: { current: () => current } })
	return {
		...server,
		async use(text: string) {
			current = await policiesOf(text)
		},
	}
})

describe('the period of a scheduled report', () => {
	it.each([
		['2026-03-01T00:00:00Z', 'month', ['2026-02-01', '2026-03-01']],
		['2026-01-31T23:59:59Z', 'month', ['2025-12-01', '2026-01-01']],
		['2026-03-31T23:59:59Z', 'quarter', ['2025-10-01', '2026-01-01']],
		['2026-04-01T00:00:00Z', 'quarter', ['2026-01-01', '2026-04-01']],
	] as const)('on %s is the last whole %s', (now, every, days) => {
		expect(iso(lastPeriod(Date.parse(now), every))).toEqual(days)
	})
})

describe('the job reports', () => {
	const list = async (server: ReportServer) => (await server.fetch('/v1/reports')).body.items
	const deploy = (server: ReportServer, model: string) =>
		server.fetch(`/v1/models/${model}/deployments/production`, { method: 'PUT', json: { champion: '7' } })

	test('makes one for each deployed model of the tier, once, and asks for its approval', async ({
		server,
	}) => {
		const { context } = server
		expect(await makeScheduledReports(context)).toEqual({ made: 0, empty: 0, failed: [] })
		await deploy(server, 'credit')
		await server.post('/v1/models', { model: 'empty', task: 'binary', riskTier: 'high' })
		await server.post('/v1/models/empty/versions', { version: '7', features: [] })
		await deploy(server, 'empty')
		await server.post('/v1/models', { model: 'low', task: 'binary', riskTier: 'low' })
		await server.post('/v1/models/low/versions', { version: '7', features: [] })
		await deploy(server, 'low')
		expect(await makeScheduledReports(context)).toEqual({ made: 1, empty: 1, failed: [] })
		expect(await makeScheduledReports(context)).toMatchObject({ made: 0 })
		const [report, ...others] = await list(server)
		expect(others).toEqual([])
		expect(report).toMatchObject({
			template: 'model-monitoring',
			model: 'credit',
			period: { from: '2026-02-01T00:00:00.000Z', to: '2026-03-01T00:00:00.000Z' },
			author: 'job:reports',
			status: 'draft',
			requestStatus: 'pending',
		})
		const request = await server.read(report.request)
		expect(request).toMatchObject({ requester: 'job:reports', needs: 2 })
	})

	test('goes on when one fails, and tries it again', async ({ server }) => {
		await server.use(
			'reports: [{ template: bias, every: month }, { template: model-monitoring, every: quarter }]',
		)
		const failing = await makeScheduledReports(server.context)
		expect(failing.failed).toContain('bias of credit')
		await server.use('reports: []')
		expect(await makeScheduledReports(server.context)).toEqual({ made: 0, empty: 0, failed: [] })
	})
})
