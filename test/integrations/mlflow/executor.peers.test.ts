import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vendorExecutors } from '../../../src/integrations/executors.ts'
import { connectIntegrations } from '../../../src/integrations/index.ts'
import type { ExecutorKind } from '../../../src/ports/executors.ts'
import { testContext } from '../../support/context.ts'
import { openedBy } from '../../support/fixtures.ts'
import { logRun, sendsWebhooks, startMlflow } from '../../support/mlflow.ts'
import { hasPeers } from '../../support/peers.ts'
import { defaultPolicies } from '../../support/policies.ts'
import { testServer } from '../../support/server.ts'
import { callFor, describeExecutor, rollback } from '../executor-contract.ts'

const action = { ...rollback, from: '1', to: '2' }

describe.runIf(hasPeers('mlflow'))('a real MLflow server', () => {
	let folder: string
	let mlflow: Awaited<ReturnType<typeof startMlflow>>
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'plumbline-mlflow-'))
		mlflow = await startMlflow(folder, sendsWebhooks)
		for (let i = 0; i < 3; i++) await logRun(mlflow.url)
	}, 600_000)
	afterAll(async () => {
		await mlflow?.stop()
		await rm(folder, { recursive: true, force: true })
	})
	const api = async (path: string, init?: RequestInit) =>
		(await fetch(`${mlflow.url}/api/2.0/mlflow/${path}`, init)).json()
	const post = (path: string, json: object) =>
		api(path, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(json),
		})
	const setAlias = (version: string) =>
		post('registered-models/alias', { name: 'credit-default', alias: 'champion', version })
	const champion = async () =>
		(await api('registered-models/alias?name=credit-default&alias=champion')).model_version

	/** Its champion is version 1 again. */
	async function atOne() {
		await setAlias('1')
		const instance = await testContext()
		return {
			...instance,
			kind: vendorExecutors(instance.context).mlflow as ExecutorKind,
			settings: { url: mlflow.url },
			action,
			effects: () => 1,
			setVersion: async () => {
				await setAlias('3')
				return '3'
			},
		}
	}
	describeExecutor(atOne)

	const it = test.extend('instance', openedBy(atOne))

	it('has the alias, the tags and the words that the executor expects', async ({ instance }) => {
		const executor = instance.kind.open({ url: mlflow.url, tags: { team: 'risk' }, canary_alias: 'canary' })
		const call = callFor({ ...action, canary: { version: '3', percent: 5 } }, { incident: 'inc_1' })
		expect(await executor.read?.(call)).toMatchObject({ value: { version: '1', canary: null } })
		expect(await executor.act(call)).toEqual({
			status: 'done',
			detail: 'MLflow: champion is version 2 of credit-default',
		})
		const { version, tags, aliases } = await champion()
		expect({ version, aliases }).toEqual({ version: '2', aliases: ['champion'] })
		expect(tags).toEqual(
			expect.arrayContaining([
				{ key: 'plumbline.request', value: call.idempotencyKey },
				{ key: 'plumbline.incident', value: 'inc_1' },
				{ key: 'team', value: 'risk' },
			]),
		)
		expect(await executor.read?.(call)).toMatchObject({
			value: { version: '2', canary: { version: '3', percent: 5 } },
		})
		const end = callFor({ ...action, from: '2', to: '1', canary: null })
		expect(await executor.act(end)).toMatchObject({ status: 'done' })
		expect(await executor.read?.(end)).toMatchObject({ value: { version: '1', canary: null } })
	})

	it('sends a message when somebody moves an alias, which becomes an incident', async () => {
		await setAlias('1')
		const settings = { url: mlflow.url }
		const policies = { ...defaultPolicies, executors: [{ name: 'mlflow', settings }] }
		const server = await testServer({}, { policies: { current: () => policies }, now: () => Date.now() })
		const secret = 's3cret-pl'
		connectIntegrations(server.context, { PLUMBLINE_MLFLOW_WEBHOOK_SECRET: secret })
		await server.post('/v1/models', { model: 'credit-default', task: 'binary' })
		await server.post('/v1/models/credit-default/versions', { version: '1', features: [] })
		const at = '/v1/models/credit-default/deployments/production'
		await server.fetch(at, { method: 'PUT', json: { champion: '1' } })
		await server.context.sql.batch([{ sql: 'UPDATE deployment SET since = since - 3600000' }])
		const { webhook } = await post('webhooks', {
			name: 'plumbline',
			url: `${server.url}/ingest/mlflow/webhook`,
			events: [{ entity: 'MODEL_VERSION_ALIAS', action: 'CREATED' }],
			secret,
			status: 'ACTIVE',
		})
		expect(webhook).toMatchObject({ status: 'ACTIVE' })
		// MLflow may still have the empty list of webhooks in its cache, so that one move could go unsent.
		const moved = async () => {
			await setAlias('3')
			return (await server.fetch('/v1/incidents')).body.items
		}
		await expect
			.poll(moved, { timeout: 60_000, interval: 500 })
			.toMatchObject([{ title: 'credit-default in production: the target was moved outside Plumbline' }])
		await server.close()
	})

	it('refuses what it does not have, in words that lead further', async ({ instance }) => {
		const executor = instance.kind.open({ url: mlflow.url })
		expect(await executor.act(callFor({ ...action, to: '99' }))).toEqual({
			status: 'refused',
			detail: 'MLflow has no version 99 of credit-default',
		})
		const other = instance.kind.open({ url: mlflow.url, model: 'no-such-model' })
		expect(await other.read?.(callFor(action))).toMatchObject({
			error: { message: 'it answered 404: Registered Model with name=no-such-model not found' },
		})
		const missing = instance.kind.open({ url: mlflow.url, alias: 'nobody' })
		expect(await missing.read?.(callFor(action))).toMatchObject({ value: { version: null } })
	})
})
