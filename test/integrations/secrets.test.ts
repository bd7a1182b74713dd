import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { executeRequest } from '../../src/execution/execute.ts'
import { connectIntegrations } from '../../src/integrations/index.ts'
import { checkServing } from '../../src/jobs/index.ts'
import { secretReader } from '../../src/platform/node/read-secret.ts'
import { approvedRequest, storyOf } from '../support/approved.ts'
import { withServerPerTest } from '../support/fixtures.ts'
import { defaultPolicies } from '../support/policies.ts'
import { testServer } from '../support/server.ts'
import { startTarget } from '../support/target.ts'

const secrets = {
	OPS_SECRET: `whsec_${Buffer.from('a webhook secret of the tests 01').toString('base64')}`,
	TOKEN: 'ghp_0123456789abcdefghijklmnopqrstuvwx',
	OTHER_TOKEN: 'glptt-0123456789abcdefghij0123456789abcdefghij',
}

/** A server that logs into a list, and a target that sends back whatever it receives, in every way. */
async function withEcho() {
	const logged: unknown[] = []
	const log = (message: string, fields?: object) => void logged.push([message, fields])
	const target = await startTarget(() => ({ status: 200, body: {} }))
	const server = await testServer(
		{},
		{ readSecret: secretReader(secrets), logger: { info: log, warn: log, error: log } },
	)
	connectIntegrations(server.context, {})
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
	for (const version of ['7', '8']) await server.post('/v1/models/credit/versions', { version, features: [] })
	await server.fetch('/v1/models/credit/deployments/production', { method: 'PUT', json: { champion: '8' } })
	return {
		...server,
		target,
		logged,
		async close() {
			await server.close()
			await target.close()
		},
	}
}

const it = withServerPerTest(withEcho)

const settings = (url: string): [string, object][] => [
	['webhook', { url, read: url, secret: 'env:OPS_SECRET' }],
	['mlflow', { url, token: 'env:TOKEN' }],
	['mlflow', { url, username: 'ops', password: 'env:TOKEN' }],
	['github', { api: url, repository: 'a/b', workflow: 'c.yml', token: 'env:TOKEN' }],
	['gitlab', { url, project: 1, token: 'env:TOKEN', trigger_token: 'env:OTHER_TOKEN' }],
	['jenkins', { url, job: 'a', user: 'ops', token: 'env:TOKEN' }],
]

it('the secrets of executors are in no file of the database, no ledger entry, no log and no answer', async ({
	server,
}) => {
	const { context, target } = server
	const answers: string[] = []
	for (const [name, given] of settings(target.url)) {
		context.policies = { current: () => ({ ...defaultPolicies, executors: [{ name, settings: given }] }) }
		for (const fault of ['echo', 'html', { status: 503 }] as const) {
			target.fault = fault
			const asked = { kind: 'rollback', model: 'credit', environment: 'production', to: '7', reason: name }
			const drafted = await server.post('/v1/requests', asked)
			expect(drafted.status, drafted.text).toBe(201)
			expect(drafted.body.plan.executor).toBe(name)
			await server.post(`/v1/requests/${drafted.body.id}/cancel`, {})
			const { id } = await approvedRequest(context, { ...drafted.body.action }, { plan: drafted.body.plan })
			await executeRequest(context, id)
			expect((await storyOf(context, id)).steps.length, name).toBeGreaterThan(0)
			answers.push(drafted.text, (await server.fetch(`/v1/requests/${id}`)).text)
			// What is not over by now is not part of the next round.
			await context.sql.batch([{ sql: "UPDATE request SET status = 'failed' WHERE id = ?", params: [id] }])
		}
		await checkServing.run(context)
	}
	const entries = await server.fetch('/v1/audit/entries?limit=500')
	expect(entries.status, entries.text).toBe(200)
	answers.push(entries.text, JSON.stringify(server.logged))
	for (const file of readdirSync(server.folder, { recursive: true, withFileTypes: true }))
		if (file.isFile()) answers.push(readFileSync(join(file.parentPath, file.name), 'latin1'))
	const received = JSON.stringify(target.received)
	for (const secret of Object.values(secrets)) {
		const forms = [secret, secret.replace('whsec_', ''), Buffer.from(`ops:${secret}`).toString('base64')]
		for (const form of forms)
			for (const answer of answers) expect(answer.includes(form), answer.slice(0, 200)).toBe(false)
	}
	// They were sent where they belong.
	expect(received).toContain(`Bearer ${secrets.TOKEN}`)
	expect(received).toContain('webhook-signature')
})
