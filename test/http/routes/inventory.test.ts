import { parse } from 'csv-parse/sync'
import { expect } from 'vitest'
import { newIncident } from '../../../src/alerting/incident/incident-without-rule.ts'
import { commit } from '../../../src/db/commit.ts'
import { withServer } from '../../support/fixtures.ts'

const test = withServer()
const about = {
	purpose: 'Decides on consumer loans.',
	limitations: '=HYPERLINK("http://evil.example")',
	validatedAt: '2026-02-01',
	nextReview: '2027-02-01T00:00:00+01:00',
}

test.beforeAll(async ({ server }) => {
	const { post } = server
	await post('/v1/models', {
		model: 'credit',
		task: 'binary',
		owner: 'ana@bank.example',
		riskTier: 'high',
		...about,
	})
	await post('/v1/models', { model: '=cmd', task: 'regression' })
	await post('/v1/models', { model: 'fraud', task: 'binary' })
	for (const version of ['10', '9'])
		await post('/v1/models/credit/versions', { version, features: [{ name: 'income', type: 'numeric' }] })
	const champion = (environment: string, version: string) =>
		server.fetch(`/v1/models/credit/deployments/${environment}`, {
			method: 'PUT',
			json: { champion: version },
		})
	await champion('staging', '10')
	await champion('production', '10')
	await champion('staging', '9')
	const { context } = server
	for (const [i, status] of (['open', 'resolved'] as const).entries()) {
		const { changes, entries } = newIncident(
			context,
			{ id: 'job:test' },
			{
				...{
					about: `test:${i}`,
					model: 'credit',
					environment: 'production',
					severity: 'warning',
					title: 't',
					notes: [],
				},
			},
		)
		await commit(context, { id: 'job:test', how: 'job' }, entries, changes)
		if (status === 'resolved')
			await context.sql.batch([
				{ sql: "UPDATE incident SET status = 'resolved' WHERE about = 'test:1'", params: [] },
			])
	}
})

test('lists each model with what a regulator asks of it', async ({ server }) => {
	const { body } = await server.fetch('/v1/inventory')
	expect(body.items.map((i: { model: string }) => i.model)).toEqual(['=cmd', 'credit', 'fraud'])
	expect(body.next).toBeNull()
	expect(body.items[1]).toEqual({
		model: 'credit',
		owner: 'ana@bank.example',
		riskTier: 'high',
		task: 'binary',
		purpose: 'Decides on consumer loans.',
		versions: ['10', '9'],
		serving: { production: '10', staging: '9' },
		validatedAt: '2026-02-01T00:00:00.000Z',
		nextReview: '2027-01-31T23:00:00.000Z',
		openIncidents: 1,
	})
	expect(body.items[2]).toMatchObject({
		versions: [],
		serving: {},
		validatedAt: null,
		purpose: null,
		openIncidents: 0,
	})
})

test('pages by name, within the scope of the key', async ({ server }) => {
	const first = await server.fetch('/v1/inventory?limit=2')
	expect(first.body.items).toHaveLength(2)
	const rest = await server.fetch(`/v1/inventory?limit=2&cursor=${first.body.next}`)
	expect(rest.body).toMatchObject({ items: [{ model: 'fraud' }], next: null })
	const key = (await server.post('/v1/keys', { role: 'auditor', models: ['fr*'] })).body.secret
	expect((await server.fetch('/v1/inventory', { key })).body.items).toMatchObject([{ model: 'fraud' }])
	expect((await server.fetch('/v1/inventory?format=csv', { key })).text).not.toContain('credit')
})

test('is CSV that a spreadsheet can open, and in which nothing is a formula', async ({ server }) => {
	const { text, headers } = await server.fetch('/v1/inventory?format=csv')
	expect(headers.get('content-type')).toBe('text/csv; charset=utf-8')
	expect(parse(text, { columns: true })).toMatchObject([
		{ model: "'=cmd", versions: '', openIncidents: '0' },
		{ model: 'credit', versions: '10; 9', serving: 'production=10; staging=9', openIncidents: '1' },
		{ model: 'fraud', nextReview: '' },
	])
	expect((await server.fetch('/v1/inventory?format=xml')).status).toBe(422)
})

test('changes what a model is for and when it is reviewed, with a revision and an entry', async ({
	server,
}) => {
	const patch = (json: object) => server.fetch('/v1/models/fraud', { method: 'PATCH', json })
	const set = await patch({ purpose: 'Stops payments.', nextReview: '2026-12-01' })
	expect(set.body).toMatchObject({
		purpose: 'Stops payments.',
		nextReview: '2026-12-01T00:00:00.000Z',
		revision: 2,
	})
	// The same again is no change.
	expect((await patch({ nextReview: '2026-12-01T00:00:00Z' })).body.revision).toBe(2)
	expect((await patch({ purpose: null, nextReview: null })).body).toMatchObject({
		purpose: null,
		nextReview: null,
		revision: 3,
	})
	const { body } = await server.fetch('/v1/audit/entries?object=model:fraud')
	const members = body.items.map((e: { entry: string }) => JSON.parse(e.entry).details?.members)
	expect(members).toContainEqual(['purpose', 'nextReview'])
	for (const wrong of [
		{ nextReview: 'soon' },
		{ nextReview: '2026-02-30' },
		{ purpose: '  ' },
		{ limitations: 'x'.repeat(4001) },
	])
		expect((await patch(wrong)).status).toBe(422)
})

test('takes thousands of models in one page', async ({ server }) => {
	const { context } = server
	await context.sql.batch([
		{
			sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
				INSERT INTO model (name, task, tags, sensitive, segments, upstreams, retention_ms, created_at, revision)
				SELECT printf('many-%05d', i), 'binary', '[]', '[]', '[]', '[]', 1, 1, 1 FROM n`,
			params: [],
		},
	])
	expect((await server.fetch('/v1/inventory?limit=1000')).body.items).toHaveLength(1000)
	expect((await server.fetch('/v1/inventory?format=csv')).text.split('\r\n')).toHaveLength(3003 + 2)
})

test('refuses a validation in the future', async ({ server }) => {
	const validatedAt = new Date(server.clock.now + 3 * 86_400_000).toISOString()
	const answer = await server.fetch('/v1/models/credit', { method: 'PATCH', json: { validatedAt } })
	expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'validatedAt' }] } })
})
