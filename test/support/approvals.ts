import type { Context } from '../../src/context.ts'
import { commit } from '../../src/db/commit.ts'
import { findDeployment } from '../../src/registry/deployment/get-deployment.ts'
import { deploymentChange } from '../../src/registry/deployment/set-deployment.ts'
import type { PolicySet } from '../../src/rules/approval-policies.ts'
import { defaultPolicies } from './policies.ts'
import { type Json, testServer } from './server.ts'

/**
 * A server with the model `credit` of tier `high`, whose versions 6, 7 and 8 are registered and of which 6, then 7 served
 * in production. `policies` can be replaced by a test.
 */
export async function approvalServer(more: Partial<Context> = {}, model: object = { riskTier: 'high' }) {
	let current: PolicySet = defaultPolicies
	const server = await testServer({}, { policies: { current: () => current }, ...more })
	await server.post('/v1/models', { model: 'credit', task: 'binary', ...model })
	for (const version of ['6', '7', '8'])
		await server.post('/v1/models/credit/versions', { version, features: [{ name: 'x', type: 'numeric' }] })
	await deployed(server, '6')
	await deployed(server, '7')
	const keyOf = (role: string, owner?: string, more: object = {}) =>
		server.keyOf(role, { ...(owner === undefined ? {} : { owner }), ...more })
	const keys = {
		requester: await keyOf('approver', 'rita@bank.example'),
		ana: await keyOf('approver', 'ana@bank.example'),
		ben: await keyOf('approver', 'ben@bank.example'),
	}
	return {
		...server,
		keyOf,
		keys,
		usePolicies(set: PolicySet) {
			current = set
		},
		/** Asks for a rollback of `credit` unless `json` says otherwise. */
		async ask(json: object = {}, key = keys.requester): Promise<Json> {
			const wanted = { kind: 'rollback', model: 'credit', reason: 'rows went wrong', ...json }
			return server.post('/v1/requests', wanted, { key })
		},
		async vote(request: Json, key: string, json: object = {}) {
			const vote = { vote: 'approve', actionDigest: request.actionDigest, reason: 'seen', ...json }
			return server.post(`/v1/requests/${request.id}/votes`, vote, { key })
		},
		read: async (id: string): Promise<Json> => (await server.fetch(`/v1/requests/${id}`)).body,
		/** The actions of the ledger about an object, in order. */
		async ledger(object: string): Promise<string[]> {
			const sql = 'SELECT action FROM ledger_entry WHERE object = ? ORDER BY idx'
			const rows = await server.context.sql.all<{ action: string }>({ sql, params: [object] })
			return rows.map((row) => row.action)
		},
		deployed: (champion: string) => deployed(server, champion),
	}
}

export type ApprovalServer = Awaited<ReturnType<typeof approvalServer>>

/** Changes the champion as an executor does, past every approval. */
async function deployed({ context }: { context: Context }, champion: string): Promise<void> {
	const about = { model: 'credit', environment: 'production' }
	const before = await findDeployment(context, about.model, about.environment)
	const wanted = { champion, challenger: null, canary: null }
	const { entry, changes } = deploymentChange(context, { ...about, before, wanted })
	await commit(context, { id: 'test', how: 'cli' }, entry, changes)
}
