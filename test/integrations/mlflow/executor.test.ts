import { describe, expect, test } from 'vitest'
import { vendorExecutors } from '../../../src/integrations/executors.ts'
import { secretReader } from '../../../src/platform/node/read-secret.ts'
import type { Acted, Action, ExecutorKind } from '../../../src/ports/executors.ts'
import { ModelInput } from '../../../src/registry/model/model.schema.ts'
import { registerModel } from '../../../src/registry/model/register-model.ts'
import { registerVersion } from '../../../src/registry/version/register-version.ts'
import { VersionInput } from '../../../src/registry/version/version.schema.ts'
import { admin } from '../../support/actors.ts'
import { testContext } from '../../support/context.ts'
import { openedBy } from '../../support/fixtures.ts'
import { startMlflowStub } from '../../support/mlflow-stub.ts'
import { type Received, startTarget } from '../../support/target.ts'
import { callFor, describeExecutor, rollback } from '../executor-contract.ts'

const token = 'mlflow-token-of-the-tests'
const signing = `whsec_${Buffer.from('a webhook secret of the tests 01').toString('base64')}`

/** A registry whose champion of credit-default is version 7. */
async function withRegistry() {
	const stub = await startMlflowStub(['credit-default'], ['5', '6', '7', '12'], token)
	stub.setAlias('credit-default', 'champion', '7')
	const readSecret = secretReader({ MLFLOW_TOKEN: token, OPS_SECRET: signing })
	const instance = await testContext({ readSecret })
	const kind = vendorExecutors(instance.context).mlflow as ExecutorKind
	const settings = { url: stub.target.url, token: 'env:MLFLOW_TOKEN', timeout: '500ms' }
	return {
		...stub,
		...instance,
		kind,
		settings,
		secret: token,
		secretSetting: 'token',
		effects: stub.moves,
		setVersion: (version: string) => stub.setAlias('credit-default', 'champion', version),
		opened: (more: object = {}) => kind.open(kind.settings.parse({ ...settings, ...more })),
		/** A version of ours, with the run that it came from. */
		async register(version: string, run: string) {
			const model = ModelInput.parse({ model: 'credit-default', task: 'binary' })
			await registerModel(instance.context, admin, model)
			const input = VersionInput.parse({ version, features: [], lineage: { run } })
			await registerVersion(instance.context, admin, 'credit-default', input)
		},
		async close() {
			await instance.close()
			await stub.target.close()
		},
	}
}

/** The setting `then`: an object with that member must not be written out, as it would look like a promise. */
const followedBy = (next: object) => Object.fromEntries([['then', next]])

describeExecutor(withRegistry)

const it = test.extend('mlflow', openedBy(withRegistry))

describe('an alias of MLflow', () => {
	it('moves with tags that lead back to the request', async ({ mlflow }) => {
		const executor = mlflow.opened({ tags: { team: 'risk of {model} in {environment}' } })
		const call = callFor(rollback, { incident: 'inc_1' })
		expect(await executor.act(call)).toEqual({
			status: 'done',
			detail: 'MLflow: champion is version 6 of credit-default',
		})
		expect(mlflow.alias('credit-default', 'champion')).toBe('6')
		expect(mlflow.tags('credit-default', '6')).toEqual({
			'plumbline.request': call.idempotencyKey,
			'plumbline.incident': 'inc_1',
			team: 'risk of credit-default in production',
		})
	})

	it('redeploys nothing, which the plan says plainly', ({ mlflow }) => {
		const { calls } = mlflow.opened().plan(rollback)
		expect(calls.at(-1)).toBe('An alias redeploys nothing: what serves must itself load the new version.')
		expect(calls).toContain(
			`POST ${mlflow.target.url}/api/2.0/mlflow/registered-models/alias of "credit-default": champion is version "6"`,
		)
	})

	it('that is missing is read as nothing', async ({ mlflow }) => {
		const executor = mlflow.opened({ alias: 'challenger' })
		expect(await executor.read?.(callFor(rollback))).toEqual({
			ok: true,
			value: { version: null, detail: 'MLflow: there is no challenger of credit-default' },
		})
	})

	it('of a model that MLflow does not have is not read', async ({ mlflow }) => {
		const read = await mlflow.opened({ model: 'other' }).read?.(callFor(rollback))
		expect(read).toMatchObject({
			ok: false,
			error: { message: 'it answered 404: Registered Model with name=other not found', retryable: false },
		})
	})

	it('is not moved to a version that MLflow does not have', async ({ mlflow }) => {
		expect(await mlflow.opened().act(callFor({ ...rollback, to: '8' }))).toEqual({
			status: 'refused',
			detail: 'MLflow has no version 8 of credit-default',
		})
		expect(mlflow.moves()).toBe(0)
	})

	it('is not moved when somebody else has moved it', async ({ mlflow }) => {
		mlflow.setVersion('5')
		expect(await mlflow.opened().act(callFor(rollback))).toEqual({
			status: 'refused',
			detail: "MLflow's champion of credit-default is version 5, neither 7 nor 6",
		})
		expect(mlflow.alias('credit-default', 'champion')).toBe('5')
	})

	it('is not moved by what is not a change of versions', async ({ mlflow }) => {
		const { to: _, ...retraining } = rollback
		const act = (action: Action): Promise<Acted> => mlflow.opened().act(callFor(action))
		expect(await act({ ...retraining, kind: 'retraining' })).toMatchObject({ status: 'refused' })
		const step = { ...rollback, kind: 'canary', to: '7', canary: { version: '6', percent: 20 } }
		expect(await act(step)).toMatchObject({
			status: 'refused',
			detail: expect.stringContaining('canary_alias'),
		})
	})

	it('without a connection says which setting is missing', async ({ mlflow: { kind } }) => {
		const executor = kind.open({})
		expect(await executor.act(callFor(rollback))).toMatchObject({
			status: 'unsure',
			known: 'not-done',
			detail: 'MLflow is not connected: set PLUMBLINE_MLFLOW_URL, or `url` in approvals.yaml',
		})
	})
})

describe('a version of ours in MLflow', () => {
	const to = (version: string): Action => ({ ...rollback, to: version })

	it.for([
		['the number that its lineage names', 'v2', 'models:/credit-default/12', '12'],
		['its number, if it is one', '6', 'mlflow:run6', '6'],
		['the only version that its run has made', 'v5', 'runs:/run5/model', '5'],
	] as const)('is %s', async ([, version, run, number], { mlflow }) => {
		await mlflow.register(version, run)
		const executor = mlflow.opened()
		expect(await executor.act(callFor(to(version)))).toMatchObject({ status: 'done' })
		expect(mlflow.alias('credit-default', 'champion')).toBe(number)
		expect(await executor.read?.(callFor(to(version)))).toMatchObject({ value: { version } })
	})

	it.for([
		['v2', 'mlflow:run99', 'the run run99 of version v2 has made no version of credit-default in MLflow'],
		[
			'v3',
			'wandb:1',
			'version v3 is no version of credit-default in MLflow: it is not a number, and has no MLflow run',
		],
		[
			'6',
			'mlflow:run5',
			"MLflow's version 6 of credit-default was made by the run run6, and version 6 here by run5",
		],
	] as const)('%s made by %s is refused', async ([version, run, detail], { mlflow }) => {
		await mlflow.register(version, run)
		expect(await mlflow.opened().act(callFor(to(version)))).toEqual({ status: 'refused', detail })
		expect(mlflow.moves()).toBe(0)
	})
})

describe('a canary in MLflow', () => {
	const step: Action = { ...rollback, kind: 'canary', to: '7', canary: { version: '6', percent: 20 } }

	it('is an alias and a tag with its percentage', async ({ mlflow }) => {
		const executor = mlflow.opened({ canary_alias: 'canary' })
		expect(await executor.read?.(callFor(step))).toMatchObject({ value: { version: '7', canary: null } })
		expect(await executor.act(callFor(step))).toMatchObject({ status: 'done' })
		expect(mlflow.alias('credit-default', 'canary')).toBe('6')
		expect(mlflow.alias('credit-default', 'champion')).toBe('7')
		expect(await executor.read?.(callFor(step))).toMatchObject({
			value: { version: '7', canary: { version: '6', percent: 20 } },
		})
	})

	it('goes away with the rollback that ends it', async ({ mlflow }) => {
		mlflow.setAlias('credit-default', 'canary', '12')
		const executor = mlflow.opened({ canary_alias: 'canary' })
		const call = callFor({ ...rollback, canary: null })
		expect(await executor.act(call)).toMatchObject({ status: 'done' })
		expect(mlflow.alias('credit-default', 'canary')).toBeUndefined()
		expect(await executor.read?.(call)).toMatchObject({ value: { version: '6', canary: null } })
	})
})

describe('an executor that follows the alias', () => {
	/** A second target that swaps the version, and can refuse. */
	const withNext = async ({ opened }: Awaited<ReturnType<typeof withRegistry>>) => {
		const state = { version: '7', status: 200 }
		const next = await startTarget((request: Received) => {
			if (request.method === 'GET') return { status: 200, body: { version: state.version } }
			if (state.status === 200) state.version = JSON.parse(request.body).data.action.to
			return { status: state.status, body: { status: 'done' } }
		})
		const webhook = { url: `${next.url}/act`, read: `${next.url}/state`, secret: 'env:OPS_SECRET' }
		return { state, next, webhook, executor: opened(followedBy({ webhook })) }
	}

	it('is named in the plan, and acts after the alias has moved', async ({ mlflow }) => {
		const { executor, next, state } = await withNext(mlflow)
		expect(executor.plan(rollback).calls.slice(-3)).toEqual([
			'An alias redeploys nothing, so webhook is called next.',
			`GET ${next.url}/state before and afterwards: which version serves`,
			expect.stringContaining(`POST ${next.url}/act signed`),
		])
		expect(await executor.act(callFor(rollback))).toEqual({
			status: 'done',
			detail: 'MLflow: champion is version 6 of credit-default; webhook: it answered 200 done',
		})
		expect(state.version).toBe('6')
		await next.close()
	})

	it('must be there too before the whole is there', async ({ mlflow }) => {
		const { executor, next, state } = await withNext(mlflow)
		const read = async () => (await executor.read?.(callFor(rollback))) as { value: { version: string } }
		expect((await read()).value.version).toBe('7')
		mlflow.setVersion('6')
		expect((await read()).value.version).toBe('7')
		state.version = '6'
		expect((await read()).value.version).toBe('6')
		state.version = '5'
		expect((await read()).value.version).toBe('5')
		mlflow.setVersion('12')
		expect((await read()).value.version).toBe('12')
		await next.close()
	})

	it('that refuses leaves the whole unsure, since the alias has moved; a repetition completes it', async ({
		mlflow,
	}) => {
		const { executor, next, state } = await withNext(mlflow)
		state.status = 422
		const refused = await executor.act(callFor(rollback))
		expect(refused).toMatchObject({ status: 'unsure', detail: expect.stringContaining('422') })
		expect(refused).not.toHaveProperty('known')
		state.status = 200
		expect(await executor.act(callFor(rollback))).toMatchObject({ status: 'done' })
		expect(mlflow.moves()).toBe(1)
		await next.close()
	})

	it('that cannot be read leaves the whole without a read', async ({ mlflow }) => {
		const { next, webhook } = await withNext(mlflow)
		const { read: _, ...unreadable } = webhook
		expect(mlflow.opened(followedBy({ webhook: unreadable })).read).toBeUndefined()
		await next.close()
	})

	it('has its settings checked', ({ mlflow: { kind } }) => {
		const faults = (next: object) =>
			kind.settings.safeParse(followedBy(next)).error?.issues.map((i) => `${i.path.join('.')}: ${i.message}`)
		expect(faults({ mlflow: {} })?.[0]).toContain('then: must name one executor: webhook')
		expect(faults({})?.[0]).toContain('then: must name one executor')
		expect(faults({ webhook: { url: 'http://ops.example', secret: 'env:X' } })?.[0]).toContain(
			'then.webhook.url: must begin with https://',
		)
		expect(faults({ webhook: { url: 'https://ops.example', secret: 'env:X' } })).toBeUndefined()
	})
})
