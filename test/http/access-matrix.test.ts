import { createHash } from 'node:crypto'
import { describe, expect } from 'vitest'
import { type Role, roles } from '../../src/core/actor.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { accessKeys, incidents, reportFiles, reports } from '../../src/db/schema.ts'
import { checkpoint } from '../../src/evidence/ledger/checkpoint.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { resources } from '../../src/http/index.ts'
import { runJob } from '../../src/jobs/run/run-job.ts'
import { commit, type Row, table } from '../support/access-table.ts'
import { withServer } from '../support/fixtures.ts'
import { digestOf, linearFile, registerLinear, upload } from '../support/linear-model.ts'
import { type TestServer, testServer } from '../support/server.ts'

const endpoints: readonly Endpoint[] = Object.values(resources).flatMap((r) => r.endpoints)
const scopes = { all: ['*'], in: ['min?'], out: ['theirs', 'm?'] } as const
const states = ['valid', 'expired', 'revoked'] as const
const secretOf = (role: Role, scope: string, state: string) => `plk_${role}_${scope}_${state}`

/** What only those may read who reach the model. */
const secrets = ['secret-', '"mine"', 'mine@', '/mine', 'income', 'subject-1']

const test = withServer(async () => {
	const job = { id: 'compute', cron: '*/5 * * * *', run: async () => ({ model: 'secret-detail' }) }
	const run = () => runJob(server.context, job, 'test')
	const server: TestServer = await testServer({ jobs: { list: [job], run } })
	return server
})
const ids: Record<string, string> = {}
test.beforeAll(async ({ server }) => {
	await registerLinear(server, 'mine', { lineage: { commit } })
	await server.post('/v1/models', { model: 'theirs', task: 'binary' })
	await server.fetch('/v1/models/mine', { method: 'PATCH', json: { sensitive: ['SEX'] } })
	await upload(server, 'mine', linearFile())
	await server.fetch('/v1/models/mine/deployments/production', { method: 'PUT', json: { champion: '1' } })
	const row = { predictionId: 'p1', version: '1', timestamp: '2026-03-01T12:00:00Z', subject: 'subject-1' }
	await server.post('/v1/models/mine/predictions', [{ ...row, features: { income: 3, debt: 2 }, score: 0.5 }])
	await server.post('/v1/models/mine/groups', [
		{ predictionId: 'p1', timestamp: row.timestamp, groups: { SEX: '1' } },
	])
	// Before rows are written that no entry explains.
	await checkpoint(server.context)
	const [last] = await server.context.sql.all<{ idx: number }>({
		sql: "SELECT max(idx) AS idx FROM ledger_entry WHERE model = 'mine'",
	})
	ids.entry = String(last?.idx)
	await storeKeys(server)
	await storeObjects(server)
	// Nothing here is about rows that no entry explains, and they would stop the signing.
	await server.context.sql.batch([{ sql: 'DELETE FROM ledger_touched' }])
})

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

async function storeKeys(server: TestServer) {
	const { db, now } = server.context
	const times = { expired: { expiresAt: now() - 1 }, revoked: { revokedAt: now() }, valid: {} }
	for (const role of roles)
		for (const [scope, models] of Object.entries(scopes))
			for (const state of states) {
				const secret = secretOf(role, scope, state)
				const row = { id: secret.slice(4), hash: hashOf(secret), name: secret, role, models: [...models] }
				await db.insert(accessKeys).values({ ...row, createdAt: now(), ...times[state] })
			}
}

/** One of each thing that is read by its id. */
async function storeObjects(server: TestServer) {
	const { body: key } = await server.post('/v1/keys', {
		role: 'viewer',
		name: 'secret-key',
		models: ['mine'],
	})
	const silence = { models: ['mine'], reason: 'secret-reason', expires: '2h' }
	const request = { kind: 'retraining', model: 'mine', reason: 'secret-reason' }
	// A second one, of another kind, stays open while the first is cancelled.
	Object.assign(ids, {
		keys: key.id,
		silences: (await server.post('/v1/silences', silence)).body.id,
		holds: (await server.post('/v1/holds', { model: 'mine', reason: 'secret-hold' })).body.id,
		requests: 'req_cancelled',
		incidents: 'inc_one',
		reports: 'rep_one',
		users: 'U_person',
	})
	const made = (await server.post('/v1/requests', request)).body
	await server.context.sql.batch([
		{
			sql: `INSERT INTO request (id, kind, model, environment, status, action, action_digest, requester, reason, needs,
				evidence, created_at, expires_at, revision) SELECT 'req_cancelled', kind, model, environment, 'cancelled', action,
				action_digest, requester, reason, needs, evidence, created_at, expires_at, revision FROM request WHERE id = ?`,
			params: [made.id],
		},
	])
	await server.context.db.insert(incidents).values({
		...{ id: 'inc_one', model: 'mine', environment: 'production', status: 'open', severity: 'warning' },
		...{ title: 'secret-title', began: 0, openedAt: server.clock.now, channels: [], revision: 1 },
	})
	await storeReport(server)
	await mapPerson(server)
	await server.post('/v1/jobs/compute/runs', {})
}

async function storeReport({ context: { db } }: TestServer) {
	await db.insert(reports).values({
		...{ id: 'rep_one', identity: 'one', template: 'secret-template', templateVersion: '1', model: 'mine' },
		...{ models: ['mine'], status: 'draft', cutSize: 1, cutRoot: '', cutAt: 0, author: 'key:a' },
		...{ authorPerson: 'key:a', approvers: [], manifest: '', createdAt: 0 },
		digests: { json: '', html: '', pdf: '', csv: '' },
	})
	for (const form of ['json', 'html', 'pdf', 'csv'])
		await db
			.insert(reportFiles)
			.values({ report: 'rep_one', path: `report.${form}`, part: 0, content: utf8('{"a":"secret-report"}') })
}

const mapPerson = (server: TestServer) =>
	server.fetch(`/v1/slack/users/T1/${ids.users}`, {
		method: 'PUT',
		json: { role: 'viewer', models: ['mine'] },
	})

function pathOf({ path }: Endpoint, query = ''): string {
	const kind = /^\/v1\/(\w+)\/\{id\}/.exec(path)?.[1] ?? ''
	const values: Record<string, string> = {
		...{ model: 'mine', version: '1', environment: 'production', predictionId: 'p1' },
		...{
			revision: '1',
			job: 'compute',
			id: ids[kind] ?? 'none',
			team: 'T1',
			user: ids.users as string,
			source: 'mlflow',
			...{ level: '0', tile: '000.p/1', index: ids.entry ?? '' },
		},
	}
	return path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] as string) + query
}

async function ask(server: TestServer, endpoint: Endpoint, key: string, path?: string) {
	const { query, json } = table[endpoint.id] as Row
	// What it takes away has to be there again.
	if (endpoint.id === 'unmapSlackUser') await mapPerson(server)
	const hasBody = endpoint.method !== 'get' && json !== undefined
	return server.fetch(path ?? pathOf(endpoint, query), {
		method: endpoint.method.toUpperCase(),
		key,
		...(hasBody ? { json } : {}),
	})
}

function expected({ roles: allowed, about, ok }: Row, role: Role, scope: string, state: string): number[] {
	if (about === 'open') return [ok].flat()
	if (state !== 'valid') return [401]
	if (!allowed.includes(role)) return [403]
	if (scope === 'all' || about === 'list') return [ok].flat()
	if (about === 'all') return [403]
	if (scope === 'in') return [ok].flat()
	return [about === 'id' ? 404 : 403]
}

test('every operation is in the table, and nothing else', () => {
	expect(Object.keys(table).sort()).toEqual(endpoints.map((e) => e.id).sort())
})

describe.each(endpoints.map((e) => [e.id, e] as const))('%s', (id, endpoint) => {
	const row = table[id] as Row

	test('answers each role, scope and state of a key as the table says', async ({ server }) => {
		const wrong: string[] = []
		for (const role of roles)
			for (const scope of Object.keys(scopes))
				for (const state of states) {
					if (state !== 'valid' && scope !== 'all') continue
					const answer = await ask(server, endpoint, secretOf(role, scope, state))
					const wanted = expected(row, role, scope, state)
					if (!wanted.includes(answer.status))
						wrong.push(
							`${role} ${scope} ${state}: ${answer.status}, not ${wanted}: ${answer.text.slice(0, 200)}`,
						)
					if (scope === 'out' && row.about !== 'open')
						for (const secret of secrets)
							if (
								answer.text
									.replace('the model \\"mine\\"', '')
									.replace('all of \\"mine\\"', '')
									.includes(secret)
							)
								wrong.push(`${role} out ${state} reads ${secret}: ${answer.text.slice(0, 200)}`)
				}
		expect(wrong).toEqual([])
	})

	if (row?.about === 'id')
		test('answers an id outside the scope as one that does not exist', async ({ server }) => {
			const path = pathOf(endpoint, row.query)
			const parts = path.split(/[/?=&:.]/)
			const known = [...Object.values(ids), commit].find((text) => parts.includes(text)) as string
			const absent = known === commit ? 'fedcba9876543210' : 'none_1'
			const key = secretOf(row.roles.at(-1) as Role, 'out', 'valid')
			const answers = await Promise.all(
				[known, absent].map(async (text) => {
					const { status, text: said } = await ask(server, endpoint, key, path.replace(known, text))
					return [status, said.replaceAll(text, 'ID')]
				}),
			)
			expect(answers[0]).toEqual([404, expect.stringContaining('ID')])
			expect(answers[0]).toEqual(answers[1])
		})
})

test('the digest of a file of another model opens nothing', async ({ server }) => {
	const sha256 = digestOf(linearFile())
	const version = {
		version: '9',
		features: [{ name: 'a', type: 'numeric' }],
		artifact: { sha256, format: 'linear-json' },
	}
	const key = secretOf('admin', 'out', 'valid')
	expect((await server.post('/v1/models/theirs/versions', version, { key })).status).toBe(201)
	const file = await server.fetch('/v1/models/theirs/versions/9/artifact/file', { key })
	expect(file.status).toBe(404)
	expect((await server.fetch('/v1/models/theirs/versions/9/artifact', { key })).body).toMatchObject({
		bytes: null,
	})
})
