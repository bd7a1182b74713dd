import { describe, expect } from 'vitest'
import { adverseAction } from '../../../src/evidence/reports/templates/adverse-action.ts'
import { actorOf } from '../../support/actors.ts'
import { withServer } from '../../support/fixtures.ts'
import { approveReasons, registerLending } from '../../support/lending-model.ts'
import { testServer } from '../../support/server.ts'

const it = withServer(async () => {
	const server = await testServer()
	await registerLending(server)
	await approveReasons(server)
	return server
})
const auditor = actorOf('auditor')

describe('the notice of adverse action', () => {
	it('gives the reasons of the explanation, text by text', async ({ server }) => {
		const { context } = server
		const cut = { size: 1, root: '', at: context.now() }
		const subject = { model: 'lending', predictionId: 'declined' }
		const built = await adverseAction.build(context, auditor, subject, cut)
		const { body } = await server.fetch('/v1/models/lending/predictions/declined/explanation')
		const reasons = built.sections.find((s) => s.id === 'reasons')
		expect(reasons?.tables[0]?.rows).toEqual(
			body.reasons.map((r: { code: string; text: string }) => [r.code, r.text]),
		)
		expect(await adverseAction.build(context, auditor, subject, cut)).toEqual(built)
	})
})
