import type { Context } from '../../src/context.ts'
import { compute } from '../../src/jobs/compute.ts'
import { type Json, testServer } from './server.ts'

/** A server with the model `credit`, whose version 7 has predictions of February, computed; and keys of three people. */
export async function reportServer(more: Partial<Context> = {}) {
	const server = await testServer({}, more)
	await server.post('/v1/models', { model: 'credit', task: 'binary', riskTier: 'high' })
	const features = [{ name: 'x', type: 'numeric' }]
	await server.post('/v1/models/credit/versions', { version: '7', features })
	const predictions = Array.from({ length: 50 }, (_, i) => ({
		...{ predictionId: `p${i}`, version: '7', timestamp: '2026-02-10T00:00:00Z', subject: `s${i}` },
		...{ features: { x: i }, score: i / 50 },
	}))
	await server.post('/v1/models/credit/predictions', predictions)
	await compute.run(server.context)
	const keyOf = (role: string, owner?: string, rest: object = {}) =>
		server.keyOf(role, { ...(owner === undefined ? {} : { owner }), ...rest })
	return {
		...server,
		keyOf,
		keys: {
			author: await keyOf('analyst', 'ana@bank.example'),
			ben: await keyOf('approver', 'ben@bank.example'),
			rita: await keyOf('approver', 'rita@bank.example'),
		},
		async vote(request: Json, key: string, json: object = {}) {
			const vote = { vote: 'approve', actionDigest: request.actionDigest, reason: 'read', ...json }
			return server.post(`/v1/requests/${request.id}/votes`, vote, { key })
		},
		read: async (id: string): Promise<Json> => (await server.fetch(`/v1/requests/${id}`)).body,
		/** The actions of the ledger about an object, in order. */
		async ledger(object: string): Promise<string[]> {
			const sql = 'SELECT action FROM ledger_entry WHERE object = ? ORDER BY idx'
			const rows = await server.context.sql.all<{ action: string }>({ sql, params: [object] })
			return rows.map((row) => row.action)
		},
	}
}

export type ReportServer = Awaited<ReturnType<typeof reportServer>>
