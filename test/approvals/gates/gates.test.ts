import { describe, expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { type ServerOf, withServerPerTest } from '../../support/fixtures.ts'
import { defaultPolicies } from '../../support/policies.ts'
import { testServer } from '../../support/server.ts'

const gates = [
	{ id: 'validation-report' as const, maxAgeMs: 30 * dayMs },
	{ id: 'bias-audit' as const, maxAgeMs: 30 * dayMs },
	{ id: 'artifact-digest' as const },
	{ id: 'lineage' as const },
]
const gated = {
	...defaultPolicies,
	policies: defaultPolicies.policies.map((policy) => ({ ...policy, needs: 1, gates })),
}
const it = withServerPerTest(() => testServer({}, { policies: { current: () => gated } }))
type Server = ServerOf<typeof testServer>

const model = '/v1/models/loans'
const artifact = { format: 'linear-json', sha256: 'a'.repeat(64) }
const lineage = { run: 'run-1', dataset: 'applications@3', commit: '0123456789abcdef' }

/** Version 1 serves; version 2 has neither a file nor a lineage, version 3 has both. */
async function begin(server: Server) {
	await server.post('/v1/models', { model: 'loans', task: 'binary' })
	const features = [{ name: 'income', type: 'numeric' }]
	await server.post(`${model}/versions`, { version: '1', features })
	await server.post(`${model}/versions`, { version: '2', features })
	await server.post(`${model}/versions`, { version: '3', features, artifact, lineage })
	await server.fetch(`${model}/deployments/production`, { method: 'PUT', json: { champion: '1' } })
	const [ana, ben] = [await server.keyOf('approver'), await server.keyOf('approver')]
	const promote = async (to: string) =>
		(
			await server.post(
				'/v1/requests',
				{ kind: 'promotion', model: 'loans', to, reason: 'better' },
				{ key: ana },
			)
		).body
	const approve = ({ id, actionDigest }: { id: string; actionDigest: string }) =>
		server.post(
			`/v1/requests/${id}/votes`,
			{ vote: 'approve', actionDigest, reason: 'checked' },
			{ key: ben },
		)
	return { promote, approve }
}

/** An approved report, as its sign-off leaves it. */
async function approvedReport(server: Server, template: string, verdict = 'pass') {
	const now = server.clock.now
	const tables = [{ id: 'verdicts', columns: ['attribute', 'verdict'], rows: [['sex', verdict]] }]
	const document = JSON.stringify({ sections: [{ id: 'verdicts', tables }] })
	await server.context.sql.batch([
		{ sql: 'DELETE FROM report WHERE id = ?', params: [template] },
		{ sql: 'DELETE FROM report_file WHERE report = ?', params: [template] },
		{
			sql: `INSERT INTO report (id, identity, template, template_version, model, models, status, cut_size, cut_root, cut_at,
				author, author_person, approvers, manifest, digests, created_at, approved_at)
				VALUES (?1, ?1, ?1, '1', 'loans', '["loans"]', 'approved', 1, '', ?2, 'a', 'a', '[]', '', '{}', ?2, ?2)`,
			params: [template, now],
		},
		{
			sql: "INSERT INTO report_file (report, path, part, content) VALUES (?, 'document', 0, ?)",
			params: [template, new TextEncoder().encode(document)],
		},
	])
}

describe('a policy with gates', () => {
	it('refuses approvals until the version has passed them, and says what to do', async ({ server }) => {
		const { promote, approve } = await begin(server)
		const request = await promote('2')
		expect(request.evidence.gates.map((g: { gate: string; status: string }) => [g.gate, g.status])).toEqual(
			gates.map(({ id }) => [id, 'failed']),
		)
		const refused = await approve(request)
		expect(refused).toMatchObject({ status: 409, body: { code: 'gate-failed' } })
		for (const part of [
			'no approved report model-monitoring',
			'no model file with a digest',
			'no run, no dataset, no commit',
		])
			expect(refused.body.detail).toContain(part)
		const other = await promote('3')
		await approvedReport(server, 'model-monitoring')
		await approvedReport(server, 'bias-audit', 'fail')
		expect((await approve(other)).body.detail).toContain('The four-fifths rule fails for sex')
		await approvedReport(server, 'bias-audit', 'unknown')
		expect((await approve(other)).body.detail).toContain('compares no groups')
		await approvedReport(server, 'bias-audit', 'inconclusive')
		expect(await approve(other)).toMatchObject({ status: 201 })
	})

	it('refuses reports that are too old, and never holds up a rollback', async ({ server }) => {
		const { promote, approve } = await begin(server)
		await approvedReport(server, 'model-monitoring')
		await approvedReport(server, 'bias-audit')
		server.clock.advance(31 * dayMs)
		const request = await promote('3')
		expect((await approve(request)).body).toMatchObject({
			code: 'gate-failed',
			detail: expect.stringContaining('too long ago'),
		})
		await server.post(`/v1/requests/${request.id}/cancel`, {})
		const back = { kind: 'rollback', model: 'loans', to: '2', reason: 'back' }
		const rollback = (await server.post('/v1/requests', back)).body
		expect(rollback.evidence.gates).toBeUndefined()
		expect(await approve(rollback)).toMatchObject({ status: 201 })
	})
})

describe('a waiver', () => {
	it('lets a version through by name until it ends, for what somebody else requested', async ({ server }) => {
		const { promote, approve } = await begin(server)
		const request = await promote('2')
		const carla = await server.keyOf('admin', { owner: 'carla@bank.example' })
		for (const { id: gate } of gates) {
			const waiver = { gate, version: '2', reason: 'audit is due in June', until: '30d' }
			expect((await server.post(`${model}/waivers`, waiver, { key: carla })).status).toBe(201)
		}
		const own = await server.post(
			'/v1/requests',
			{ kind: 'canary', model: 'loans', canary: { version: '2', percent: 5 }, reason: 'try' },
			{ key: carla },
		)
		expect((await approve(own.body)).body.detail).toContain('who requested this')
		const { items } = (await server.fetch(`${model}/waivers`)).body
		expect(items).toHaveLength(4)
		const [last] = items
		await server.fetch(`${model}/waivers/${last.id}`, { method: 'DELETE' })
		expect((await approve(request)).body.code).toBe('gate-failed')
		await server.post(`${model}/waivers`, { gate: last.gate, reason: 'again', until: '1d' }, { key: carla })
		server.clock.advance(2 * dayMs)
		expect((await approve(request)).body.code).toBe('gate-failed')
		await server.post(`${model}/waivers`, { gate: last.gate, reason: 'again', until: '1d' }, { key: carla })
		expect(await approve(request)).toMatchObject({ status: 201 })
	})

	it('is refused without an end, for good, or for a version that is not there', async ({ server }) => {
		await begin(server)
		const post = (json: object) => server.post(`${model}/waivers`, { gate: 'lineage', reason: 'r', ...json })
		expect((await post({})).status).toBe(422)
		expect((await post({ until: '400d' })).body.detail).toContain('at most a year')
		expect((await post({ until: '2020-01-01T00:00:00Z' })).status).toBe(422)
		expect((await post({ until: '1d', version: '9' })).status).toBe(404)
	})
})
