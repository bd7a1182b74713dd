import { describe, expect } from 'vitest'
import { createReport } from '../../../src/evidence/reports/create-report.ts'
import type { ReportTemplate } from '../../../src/evidence/reports/template.ts'
import { actorOf } from '../../support/actors.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import type { TestServer } from '../../support/server.ts'

const template: ReportTemplate = {
	id: 'entries',
	version: '1',
	title: 'Entries of the ledger',
	needs: 'period',
	law: ['ecoa-adverse-action'],
	build: async (_context, _actor, { model }, cut) => ({
		model: { model: String(model), version: null, artifactSha256: null },
		rows: { included: cut.size, excluded: [] },
		sections: [
			{
				id: 'all',
				title: 'All',
				status: 'complete',
				text: 'All entries.',
				tables: [{ id: 'sizes', columns: ['size'], rows: [[cut.size]] }],
			},
		],
		data: [{ path: 'sizes.json', content: `[${cut.size}]` }],
	}),
}

const test = withServer()
const analyst = actorOf('analyst', { id: 'key:ana', owner: 'ana@bank.example' })
const period = { from: startOfTest - 1000, to: startOfTest }

test.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
})

const make = (server: TestServer, more: object = {}) =>
	createReport(server.context, analyst, { template: 'entries', model: 'credit', period, ...more }, [template])

describe('a report', () => {
	test('is stored as a draft whose JSON is served', async ({ server }) => {
		const { report, isNew } = await make(server)
		expect(isNew).toBe(true)
		const read = await server.fetch(`/v1/reports/${report.id}`)
		expect(read.body).toEqual(report)
		const { body } = await server.fetch(`/v1/reports/${report.id}.json`)
		expect(body).toMatchObject({
			template: 'entries',
			status: 'draft',
			author: 'ana@bank.example',
			cut: { size: 1 },
		})
		expect((await make(server)).report.id).toBe(report.id)
	})
})
