import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Role, roles } from '../../src/context.ts'
import { accessKeys, incidents } from '../../src/db/schema.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { resources } from '../../src/http/index.ts'
import { runJob } from '../../src/services/job/run-job.ts'
import { digestOf, linearFile, registerLinear, upload } from '../support/linear-model.ts'
import { testServer } from '../support/server.ts'

/**
 * What an operation is about, which decides what a key sees whose scope does not hold the model:
 * `model`: a name in the path or body, 403. `id`: 404, as if it were not there. `list`: 200 without it.
 * `all`: every model at once, 403 for any narrower scope. `open`: no key is asked for.
 */
type About = 'model' | 'id' | 'list' | 'all' | 'open'
type Row = { roles: readonly Role[]; about: About; ok: number | number[]; query?: string; json?: unknown }

const commit = '0123456789abcdef'
const readers: Role[] = ['viewer', 'analyst', 'approver', 'auditor', 'admin']
const analysing: Role[] = ['analyst', 'approver', 'auditor', 'admin']
const handling: Role[] = ['analyst', 'approver', 'admin']
const approving: Role[] = ['approver', 'admin']
const auditing: Role[] = ['auditor', 'admin']
const posting: Role[] = ['ingest', 'admin']
const admins: Role[] = ['admin']

const table: Record<string, Row> = {
	createKey: { roles: admins, about: 'model', ok: 201, json: { role: 'viewer', models: ['mine'] } },
	listKeys: { roles: admins, about: 'list', ok: 200 },
	revokeKey: { roles: admins, about: 'id', ok: 204 },
	registerModel: { roles: admins, about: 'model', ok: 409, json: { model: 'mine', task: 'regression' } },
	listModels: { roles: readers, about: 'list', ok: 200 },
	getModel: { roles: readers, about: 'model', ok: 200 },
	patchModel: { roles: admins, about: 'model', ok: 200, json: { threshold: 0.5 } },
	registerVersion: {
		roles: admins,
		about: 'model',
		ok: [200, 201],
		json: { version: '2', features: [{ name: 'income', type: 'numeric' }] },
	},
	listVersions: { roles: readers, about: 'model', ok: 200 },
	getVersion: { roles: readers, about: 'model', ok: 200 },
	uploadArtifact: { roles: admins, about: 'model', ok: 400 },
	getArtifact: { roles: readers, about: 'model', ok: 200 },
	readArtifactFile: { roles: auditing, about: 'model', ok: 200 },
	putBaseline: { roles: admins, about: 'model', ok: 422, json: [] },
	setDeployment: { roles: admins, about: 'model', ok: 200, json: { champion: '1' } },
	getDeployment: { roles: readers, about: 'model', ok: 200 },
	listDeployments: { roles: readers, about: 'model', ok: 200 },
	listDeploymentHistory: { roles: readers, about: 'model', ok: 200 },
	compareVersions: { roles: readers, about: 'model', ok: 422 },
	postPredictions: { roles: posting, about: 'model', ok: 200, json: [] },
	getPrediction: { roles: readers, about: 'model', ok: 200 },
	explainPrediction: { roles: readers, about: 'model', ok: 200 },
	askWhatIf: { roles: analysing, about: 'model', ok: 200, json: { changes: { income: 5 } } },
	drawExplanation: { roles: readers, about: 'model', ok: 200 },
	renderExplanation: { roles: readers, about: 'model', ok: 404 },
	drawImportance: { roles: analysing, about: 'model', ok: 200 },
	renderImportance: { roles: analysing, about: 'model', ok: 404 },
	proposeReasonTable: {
		roles: handling,
		about: 'model',
		ok: 201,
		json: {
			table: {
				method: '5(i)',
				locale: 'en',
				entries: [{ code: 'R1', text: { en: 'Income too low' }, features: ['income'] }],
			},
			reason: 'Yearly review',
		},
	},
	listReasonTables: { roles: readers, about: 'model', ok: 200 },
	getReasonTable: { roles: readers, about: 'model', ok: 200 },
	approveReasonTable: {
		roles: approving,
		about: 'model',
		ok: 409,
		json: { digest: `sha256:${'0'.repeat(64)}`, reason: 'Read' },
	},
	postFeatures: { roles: posting, about: 'model', ok: 200, json: [] },
	postOutcomes: { roles: posting, about: 'model', ok: 200, json: [] },
	postGroups: { roles: posting, about: 'model', ok: 200, json: [] },
	getGroups: { roles: auditing, about: 'model', ok: 200 },
	listReplays: { roles: readers, about: 'model', ok: 200 },
	getLineage: { roles: readers, about: 'id', ok: 200, query: `?from=commit:${commit}` },
	listLineagePredictions: { roles: readers, about: 'id', ok: 200, query: `?from=commit:${commit}` },
	readMetrics: { roles: readers, about: 'model', ok: 200 },
	readImportance: { roles: analysing, about: 'model', ok: 200 },
	readPartialDependence: { roles: analysing, about: 'model', ok: 200, query: '?feature=income' },
	findWorstSegments: { roles: analysing, about: 'model', ok: 200 },
	readBiasAudit: { roles: analysing, about: 'model', ok: 200 },
	readProxies: { roles: analysing, about: 'model', ok: 200, query: '?attribute=SEX' },
	listIncidents: { roles: readers, about: 'list', ok: 200 },
	getIncident: { roles: readers, about: 'id', ok: 200 },
	acknowledgeIncident: { roles: handling, about: 'id', ok: 200 },
	resolveIncident: { roles: handling, about: 'id', ok: 200 },
	commentIncident: { roles: handling, about: 'id', ok: 200, json: { text: 'secret-comment' } },
	createSilence: {
		roles: handling,
		about: 'model',
		ok: 201,
		json: { models: ['mine'], reason: 'secret-silence', expires: '2h' },
	},
	listSilences: { roles: readers, about: 'list', ok: 200 },
	expireSilence: { roles: handling, about: 'id', ok: 200 },
	createRequest: {
		roles: approving,
		about: 'model',
		ok: 409,
		json: { kind: 'retraining', model: 'mine', reason: 'secret-request' },
	},
	listRequests: { roles: readers, about: 'list', ok: 200 },
	getRequest: { roles: readers, about: 'id', ok: 200 },
	cancelRequest: { roles: approving, about: 'id', ok: 200 },
	listJobRuns: { roles: readers, about: 'list', ok: 200 },
	runJob: { roles: admins, about: 'all', ok: 201 },
	listLedgerEntries: { roles: auditing, about: 'list', ok: 200 },
	healthz: { roles: [], about: 'open', ok: 200 },
	readyz: { roles: [], about: 'open', ok: 200 },
	prometheusMetrics: { roles: readers, about: 'list', ok: 200 },
	slackEvents: { roles: [], about: 'open', ok: [404, 503] },
}

const endpoints: readonly Endpoint[] = Object.values(resources).flatMap((r) => r.endpoints)
const scopes = { all: ['*'], in: ['min?'], out: ['theirs', 'm?'] } as const
const states = ['valid', 'expired', 'revoked'] as const
const secretOf = (role: Role, scope: string, state: string) => `plk_${role}_${scope}_${state}`

/** What only those may read who reach the model. */
const secrets = ['secret-', '"mine"', 'mine@', '/mine', 'income', 'subject-1']

let server: Awaited<ReturnType<typeof testServer>>
const ids: Record<string, string> = {}
beforeAll(async () => {
	const job = { id: 'compute', cron: '*/5 * * * *', run: async () => ({ model: 'secret-detail' }) }
	const run = () => runJob(server.context, job, 'test')
	server = await testServer({ jobs: { list: [job], run } })
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
	await storeKeys()
	await storeObjects()
})
afterAll(() => server.close())

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

async function storeKeys() {
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
async function storeObjects() {
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
		requests: 'req_cancelled',
		incidents: 'inc_one',
	})
	const made = (await server.post('/v1/requests', request)).body
	await server.context.sql.batch([
		{
			sql: `INSERT INTO request SELECT 'req_cancelled', kind, model, environment, 'cancelled', action, action_digest,
				expected_version, expected_revision, requester, reason, needs, incident, evidence, created_at, expires_at, revision
				FROM request WHERE id = ?`,
			params: [made.id],
		},
	])
	await server.context.db.insert(incidents).values({
		...{ id: 'inc_one', model: 'mine', environment: 'production', status: 'open', severity: 'warning' },
		...{ title: 'secret-title', began: 0, openedAt: server.clock.now, channels: [], revision: 1 },
	})
	await server.post('/v1/jobs/compute/runs', {})
}

function pathOf({ path }: Endpoint, query = ''): string {
	const kind = /^\/v1\/(\w+)\/\{id\}/.exec(path)?.[1] ?? ''
	const values: Record<string, string> = {
		...{ model: 'mine', version: '1', environment: 'production', predictionId: 'p1' },
		...{ revision: '1', job: 'compute', id: ids[kind] ?? '' },
	}
	return path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] as string) + query
}

function ask(endpoint: Endpoint, key: string, path?: string) {
	const { query, json } = table[endpoint.id] as Row
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

test('every operation stands in the table, and no other', () => {
	expect(Object.keys(table).sort()).toEqual(endpoints.map((e) => e.id).sort())
})

describe.each(endpoints.map((e) => [e.id, e] as const))('%s', (id, endpoint) => {
	const row = table[id] as Row

	test('answers each role, scope and state of a key as the table says', async () => {
		const wrong: string[] = []
		for (const role of roles)
			for (const scope of Object.keys(scopes))
				for (const state of states) {
					if (state !== 'valid' && scope !== 'all') continue
					const answer = await ask(endpoint, secretOf(role, scope, state))
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
		test('answers an id outside the scope as one that does not exist', async () => {
			const path = pathOf(endpoint, row.query)
			const known = [...Object.values(ids), commit].find((text) => path.includes(text)) as string
			const absent = known === commit ? 'fedcba9876543210' : 'none_1'
			const key = secretOf(row.roles.at(-1) as Role, 'out', 'valid')
			const answers = await Promise.all(
				[known, absent].map(async (text) => {
					const { status, text: said } = await ask(endpoint, key, path.replace(known, text))
					return [status, said.replaceAll(text, 'ID')]
				}),
			)
			expect(answers[0]).toEqual([404, expect.stringContaining('ID')])
			expect(answers[0]).toEqual(answers[1])
		})
})

test('the digest of a file of another model opens nothing', async () => {
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
