import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect } from 'vitest'
import { dayMs, minuteMs } from '../../../src/core/time.ts'
import { connectIntegrations } from '../../../src/integrations/index.ts'
import { deliver } from '../../../src/jobs/deliver.ts'
import { withServer } from '../../support/fixtures.ts'
import { type LoggedRun, logRun, startMlflow } from '../../support/mlflow.ts'
import { hasPeers } from '../../support/peers.ts'
import type { Json, TestServer } from '../../support/server.ts'

const commit = '9fceb02d0ae598e95dc970b74767f19372d61af8'

const it = withServer()

describe.runIf(hasPeers('mlflow'))('a version whose run is in MLflow', () => {
	let folder: string
	let mlflow: Awaited<ReturnType<typeof startMlflow>>
	let logged: LoggedRun
	const trace = async (server: TestServer, from: string) =>
		(await server.fetch(`/v1/lineage?from=${encodeURIComponent(from)}`)).body
	const node = (body: Json, id: string) => body.nodes.find((n: Json) => n.id === id)
	const register = (server: TestServer, version: string, json: object) =>
		server.post('/v1/models/credit/versions', { version, features: [], ...json })

	it.beforeAll(async ({ server }) => {
		folder = await mkdtemp(join(tmpdir(), 'plumbline-mlflow-'))
		mlflow = await startMlflow(folder)
		logged = await logRun(mlflow.url)
		connectIntegrations(server.context, { PLUMBLINE_MLFLOW_URL: mlflow.url })
		await server.post('/v1/models', { model: 'credit', task: 'binary' })
	})
	afterAll(async () => {
		await mlflow?.stop()
		await rm(folder, { recursive: true, force: true })
	})

	it('leads to the run, its data set, its code and its registered model', async ({ server }) => {
		await register(server, '1', { lineage: { run: `mlflow:${logged.run}` } })
		const body = await trace(server, 'version:credit@1')
		expect(node(body, `run:mlflow:${logged.run}`).attributes).toMatchObject({
			runId: logged.run,
			status: 'FINISHED',
			params: { C: '1.0' },
			metrics: { roc_auc: 0.77 },
			reading: { source: 'mlflow', status: 'read', readAt: '2026-03-02T00:00:00.000Z', reason: null },
		})
		expect(node(body, `dataset:credit-default@${logged.digest}`).attributes).toMatchObject({
			source: 'mlflow',
			digest: logged.digest,
			sourceType: 'code',
			context: 'training',
			rows: 4,
		})
		expect(node(body, `commit:${commit}`).attributes.source).toBe('mlflow')
		expect(node(body, 'registered-model:models:/credit-default/1')).toBeDefined()
		expect(body.chain.join('\n')).toContain(`the run used credit-default with the digest ${logged.digest}`)
	})

	it.for([
		['runs:/…/model', () => ({ lineage: { run: `runs:/${logged.run}/model` } })],
		['models:/name/version', () => ({ lineage: { run: 'models:/credit-default/1' } })],
		['models:/name@alias', () => ({ lineage: { run: 'models:/credit-default@champion' } })],
		[
			'the artefact, models:/m-…',
			() => ({ artifact: { uri: `models:/${logged.model}`, sha256: 'a'.repeat(64), format: 'onnx' } }),
		],
	] as const)('is found by %s', async ([name, json], { server }) => {
		const version = `by ${name.replaceAll(/[^a-z]/g, '')}`
		await register(server, version, json())
		const body = await trace(server, `version:credit@${version}`)
		expect(body.nodes.find((n: Json) => n.kind === 'run').attributes.runId).toBe(logged.run)
	})

	it('is found forward from what MLflow alone knows, before anybody looked at it', async ({ server }) => {
		await register(server, 'fresh', { lineage: { run: `mlflow:${logged.run}` } })
		await deliver.run(server.context)
		for (const from of [
			`dataset:${logged.digest}`,
			'dataset:credit-default',
			`commit:${commit.slice(0, 9)}`,
		]) {
			const body = await trace(server, from)
			const edge = body.edges.find((e: Json) => e.to === 'version:credit@fresh')
			expect([from, edge.source]).toEqual([from, 'mlflow'])
		}
	})

	it('keeps what was registered where MLflow says something else, and says so', async ({ server }) => {
		const lineage = { run: `mlflow:${logged.run}`, commit: 'aaaaaaaaaa' }
		await register(server, 'other', { lineage })
		const body = await trace(server, 'version:credit@other')
		expect(node(body, 'commit:aaaaaaaaaa').attributes.source).toBe('version')
		expect(node(body, `commit:${commit}`).attributes.differsFrom).toBe('aaaaaaaaaa')
		expect(body.chain.join('\n')).toContain('which differs from the registered one')
	})

	it('says that a run is not there', async ({ server }) => {
		await register(server, 'gone', { lineage: { run: `mlflow:${'0'.repeat(32)}` } })
		const body = await trace(server, 'version:credit@gone')
		expect(node(body, `run:mlflow:${'0'.repeat(32)}`).attributes.reading).toMatchObject({
			status: 'unreachable',
			reason: expect.stringContaining('404'),
		})
	})

	it('answers with what it kept, and says so, when MLflow is away', async ({ server }) => {
		await mlflow.stop()
		server.clock.advance(2 * dayMs)
		const body = await trace(server, 'version:credit@1')
		expect(node(body, `run:mlflow:${logged.run}`).attributes).toMatchObject({
			params: { C: '1.0' },
			reading: { status: 'unreachable', readAt: '2026-03-02T00:00:00.000Z' },
		})
		expect(body.chain.join('\n')).toMatch(/MLflow could not be reached for mlflow:\w+: (\w+ )?ECONN/)
		await register(server, 'late', { lineage: { run: 'mlflow:abc' } })
		expect(await deliver.run(server.context)).toMatchObject({ failed: ['training-run of credit'] })
		server.clock.advance(minuteMs)
	})
})
