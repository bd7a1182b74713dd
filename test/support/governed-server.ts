import { commit } from '../../src/db/commit.ts'
import { checkpoint } from '../../src/evidence/ledger/checkpoint.ts'
import { finishExecutions } from '../../src/execution/wake-up.ts'
import { nodeCodec } from '../../src/log/codec/codec-node.ts'
import { ChunkStore } from '../../src/log/read/chunk-store.ts'
import { sealReads } from '../../src/log/read/sealed-rows.ts'
import { linearFile, logDay, registerLinear, upload } from './linear-model.ts'
import { type Json, testServer } from './server.ts'

/** A server whose ledger commits to something of each kind, in more than one tile, and is signed twice. */
export async function governedServer() {
	const server = await testServer()
	const { context, post, fetch } = server
	await registerLinear(server, 'loans')
	await post('/v1/models/loans/versions', { version: '2', features: [{ name: 'income', type: 'numeric' }] })
	await upload(server, 'loans', linearFile())
	for (const champion of ['1', '2'])
		await fetch('/v1/models/loans/deployments/production', { method: 'PUT', json: { champion } })
	const rows = Array.from({ length: 50 }, (_, i) => ({ features: { income: i, debt: i % 7 }, score: i / 50 }))
	await fetch('/v1/models/loans/versions/1/baseline', { method: 'PUT', json: rows })
	await logDay(server, 'loans', context.now() - 86_400_000, 40)
	const keys = {
		rita: await server.keyOf('approver', { owner: 'rita@bank.example' }),
		ana: await server.keyOf('approver', { owner: 'ana@bank.example' }),
	}
	await checkpoint(context)
	const asked: Json = (
		await post('/v1/requests', { kind: 'rollback', model: 'loans', reason: 'worse' }, { key: keys.rita })
	).body
	const vote = { vote: 'approve', actionDigest: asked.actionDigest, reason: 'seen' }
	await post(`/v1/requests/${asked.id}/votes`, vote, { key: keys.ana })
	const analyst = await server.keyOf('analyst')
	await post('/v1/silences', { reason: 'maintenance', expires: '7d' }, { key: analyst })
	await finishExecutions(context)
	const notes = Array.from({ length: 300 }, (_, i) => ({ action: 'note', object: `thing:${i}` }))
	await commit(context, { id: 'cli', how: 'cli' }, notes, [])
	const signed = await checkpoint(context)
	return { ...server, keys, checkpoint: signed?.note ?? '', request: asked.id as string }
}

export type GovernedServer = Awaited<ReturnType<typeof governedServer>>

/** What verification reads from, without the ledger's key: as somebody else who has the files. All on one connection. */
export function outsideView({ context }: Pick<GovernedServer, 'context'>) {
	const { sql, db, artifacts, log } = context
	const { hashRows } = sealReads(sql, new ChunkStore(sql, nodeCodec))
	return { sql, db, artifacts, log: { ...log, hashRows } }
}
