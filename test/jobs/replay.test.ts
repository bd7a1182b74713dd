import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { dayMs, formatTime, hourMs, minuteMs } from '../../src/core/time.ts'
import { replayPrediction } from '../../src/decisions/replay/replay-prediction.ts'
import { recordMismatch } from '../../src/decisions/replay/store-day.ts'
import { runAll, runJobById } from '../../src/jobs/index.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { modelCache } from '../../src/registry/artifact/model-cache.ts'
import { openVersion } from '../../src/registry/artifact/open-version.ts'
import { findModel } from '../../src/registry/model/find-model.ts'
import { findVersion } from '../../src/registry/version/find-version.ts'
import { startOfTest } from '../support/context.ts'
import { withServerPerTest } from '../support/fixtures.ts'
import {
	digestOf,
	featuresOf,
	linearFile,
	linearScore,
	logDay,
	registerLinear,
	upload,
} from '../support/linear-model.ts'
import { type Json, type TestServer, testServer } from '../support/server.ts'

const it = withServerPerTest(async () => {
	const logger = { info() {}, warn() {}, error() {} }
	return testServer({}, { rules: await openRules(builtInRules(), { logger }) })
})
const file = linearFile()
const artifact = { sha256: digestOf(file), format: 'linear-json' }
const day = (n: number) => startOfTest + n * dayMs

const run = async (server: TestServer) => {
	const [replayed] = (await runAll(server.context, 'test')).filter((r) => r.job === 'replay')
	// The rules look at the clock; the next run is later.
	server.clock.advance(minuteMs)
	return replayed as NonNullable<typeof replayed>
}
const replays = async (server: TestServer, model = 'm', query = ''): Promise<Json[]> =>
	(await server.fetch(`/v1/models/${model}/replays${query}`)).body.items
const incidents = async (server: TestServer, model = 'm'): Promise<Json[]> =>
	(await server.fetch(`/v1/incidents?model=${model}`)).body.items.filter((i: Json) =>
		i.alerts.some((a: Json) => a.rule === 'replay-mismatch'),
	)
const timeline = async (server: TestServer, id: string): Promise<string> =>
	(await server.fetch(`/v1/incidents/${id}`)).body.timeline.map((e: Json) => e.what).join('\n')

describe('a model that serves what is registered', () => {
	it('matches, day by day, and opens no incident', async ({ server }) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(2)
		await logDay(server, 'm', day(0), 300)
		await logDay(server, 'm', day(1), 50)
		expect(await run(server)).toMatchObject({
			status: 'ok',
			detail: { days: 2, sampled: 250, mismatched: 0 },
		})
		expect(await replays(server)).toMatchObject([
			{ window: { from: formatTime(day(1)), to: formatTime(day(2)) }, rows: 50, sampled: 50, matched: 50 },
			{ status: 'matched', rows: 300, sampled: 200, matched: 200, worst: null, artifact: artifact.sha256 },
		])
		expect(await incidents(server)).toEqual([])
	})

	it('is replayed again only for days whose rows changed', async ({ server }) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(2)
		await logDay(server, 'm', day(0), 20)
		await logDay(server, 'm', day(1), 20)
		await run(server)
		expect((await run(server)).detail).toMatchObject({ days: 0 })
		await logDay(server, 'm', day(1), 5, { prefix: 'late' })
		expect((await run(server)).detail).toMatchObject({ days: 1, sampled: 25 })
		await server.post('/v1/models/m/outcomes', [
			{ predictionId: `p-${formatTime(day(0)).slice(0, 10)}-1`, actual: 1, timestamp: formatTime(day(1)) },
		])
		expect((await run(server)).detail).toMatchObject({ days: 0 })
	})

	it('is replayed with features that arrive separately, once they are there', async ({ server }) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(1)
		await logDay(server, 'm', day(0), 20, { row: { features: undefined } })
		await run(server)
		expect(await replays(server)).toMatchObject([
			{
				status: 'unavailable',
				unavailable: 20,
				reasons: [{ count: 20, reason: expect.stringContaining('no features') }],
			},
		])
		const late = Array.from({ length: 15 }, (_, i) => ({
			predictionId: `p-${formatTime(day(0)).slice(0, 10)}-${i}`,
			timestamp: formatTime(day(0)),
			features: featuresOf(i),
		}))
		expect((await server.post('/v1/models/m/features', late)).body).toMatchObject({ accepted: 15 })
		await run(server)
		expect(await replays(server)).toMatchObject([{ status: 'matched', matched: 15, unavailable: 5 }])
	})

	it('counts rows that could not be compared by reasons that contain no personal data', async ({
		server,
	}) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(1)
		await logDay(server, 'm', day(0), 12, { row: { features: { income: 'a secret', debt: 1 } } })
		await run(server)
		const viewer = await server.keyOf('viewer')
		const { body } = await server.fetch('/v1/models/m/replays', { key: viewer })
		const reason = 'the model cannot be run on the logged features, because of income'
		expect(body.items).toMatchObject([{ status: 'unavailable', reasons: [{ count: 12, reason }] }])
		expect(JSON.stringify(body)).not.toContain('secret')
	})

	it('is replayed for the days before its file was uploaded', async ({ server }) => {
		await registerLinear(server, 'm')
		server.clock.now = day(1)
		await logDay(server, 'm', day(0), 20)
		expect((await run(server)).detail).toMatchObject({ days: 0 })
		expect(await replays(server)).toEqual([])
		await upload(server, 'm', file)
		await run(server)
		expect(await replays(server)).toMatchObject([{ status: 'matched', matched: 20 }])
	})
})

describe('a model that was replaced without being registered', () => {
	const swap = async (server: TestServer) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(0) + hourMs
		await logDay(server, 'm', day(0), 30)
		await run(server)
		server.clock.now = day(1) + hourMs
		await logDay(server, 'm', day(1), 40, { slope: 0.6 })
		await run(server)
	}

	it('is an incident that names the version, how many of how many scores differ, and by how much', async ({
		server,
	}) => {
		await swap(server)
		const [mismatched] = await replays(server, 'm', '?status=mismatched')
		// Both models have the same score for a row without income.
		const same = Array.from({ length: 40 }, (_, i) => featuresOf(i)).filter((f) => f.income === 0).length
		expect(mismatched).toMatchObject({ sampled: 40, matched: same, mismatched: 40 - same })
		const worst = Math.max(
			...Array.from({ length: 40 }, (_, i) =>
				Math.abs(linearScore(featuresOf(i), 0.6) - linearScore(featuresOf(i))),
			),
		)
		expect(mismatched.worst).toBeCloseTo(worst, 12)
		expect(mismatched.examples).toHaveLength(10)
		const [incident, ...others] = await incidents(server)
		expect(others).toEqual([])
		expect(incident).toMatchObject({
			status: 'open',
			severity: 'critical',
			environment: 'production',
			alerts: [{ metric: 'replay.mismatched', value: 40 - same }],
		})
		expect(incident.title).toContain('the served model and the artefact differ')
		const told = await timeline(server, incident.id)
		expect(told).toContain(
			`version 1 on ${formatTime(day(1)).slice(0, 10)}: ${40 - same} of 40 replayed predictions`,
		)
		expect(told).toContain('by up to 0.1')
		const entries = (await server.fetch('/v1/audit/entries?model=m')).body.items
		expect(entries.map((e: Json) => e.action)).toContain('find-mismatch')
	})

	it('is resolved when a later day matches, and not before', async ({ server }) => {
		await swap(server)
		await logDay(server, 'm', day(1), 10, { prefix: 'mended' })
		await run(server)
		expect(await incidents(server)).toMatchObject([{ status: 'open' }])
		server.clock.now = day(2) + hourMs
		await run(server)
		expect(await incidents(server)).toMatchObject([{ status: 'open' }])
		await logDay(server, 'm', day(2), 10)
		await run(server)
		expect(await incidents(server)).toMatchObject([{ status: 'resolved' }])
		await run(server)
		expect(await incidents(server)).toMatchObject([{ status: 'resolved' }])
	})

	it('is resolved when what serves is registered as a new version', async ({ server }) => {
		await swap(server)
		await server.post('/v1/models/m/versions', {
			version: '2',
			features: [],
			artifact: { sha256: digestOf(linearFile(0.6)), format: 'linear-json' },
		})
		await server.fetch('/v1/models/m/versions/2/artifact', { method: 'PUT', body: linearFile(0.6) })
		server.clock.now = day(2) + hourMs
		await logDay(server, 'm', day(2), 10, { slope: 0.6, row: { version: '2' } })
		await run(server)
		expect(await incidents(server)).toMatchObject([{ status: 'resolved' }])
	})

	it('is found on a back-filled day although later days match', async ({ server }) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(20)
		for (let n = 10; n < 20; n++) await logDay(server, 'm', day(n), 10)
		await run(server)
		expect(await incidents(server)).toEqual([])
		await logDay(server, 'm', day(5), 10, { slope: 0.9 })
		await run(server)
		expect(await incidents(server)).toMatchObject([{ status: 'open' }])
	})

	it('is found when somebody asks why about a prediction outside of the sample', async ({ server }) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(1)
		await logDay(server, 'm', day(0), 20)
		await run(server)
		const { context } = server
		const version = await findVersion(context, 'm', '1')
		const stored = await context.log.read('m', `p-${formatTime(day(0)).slice(0, 10)}-3`)
		if (!stored) throw new Error('it is logged')
		const opened = await openVersion(context, version)
		const asked = { ...stored, score: 0.123456 }
		const replayed = await replayPrediction(opened, await findModel(context, 'm'), asked)
		expect(replayed).toMatchObject({ status: 'mismatched', logged: 0.123456 })
		const viewer = { id: 'key:v', how: 'key' } as const
		for (let n = 0; n < 2; n++) await recordMismatch(context, viewer, { stored: asked, opened, replayed })
		expect(await replays(server)).toMatchObject([
			{ status: 'mismatched', mismatched: 1, sampled: 20, matched: 20 },
		])
		await run(server)
		const [incident] = await incidents(server)
		expect(incident).toMatchObject({ status: 'open', alerts: [{ value: 1 }] })
		server.clock.now = day(1) + hourMs
		await logDay(server, 'm', day(1), 10)
		await run(server)
		expect(await incidents(server)).toMatchObject([{ status: 'resolved' }])
	})
})

describe('one model whose stored file is damaged', () => {
	it('is reported as failed, and the others are replayed', async ({ server }) => {
		server.clock.now = day(1)
		for (let n = 0; n < 5; n++) {
			const own = linearFile(0.5 + n / 100)
			await registerLinear(server, `m${n}`, { artifact: { sha256: digestOf(own), format: 'linear-json' } })
			await upload(server, `m${n}`, own)
			await logDay(server, `m${n}`, day(0), 20, { slope: 0.5 + n / 100 })
		}
		const digest = digestOf(linearFile(0.53))
		const path = join(server.folder, 'test.db-artifacts', digest.slice(0, 2), digest)
		await writeFile(path, linearFile(0.54))
		// As after a restart: nothing is cached.
		server.context.models = modelCache(2 ** 30, server.context.now)
		const { status, error, detail } = await run(server)
		expect(status).toBe('failed')
		expect(error).toContain('m3@1')
		expect(detail).toMatchObject({
			days: 4,
			mismatched: 0,
			failed: [expect.stringContaining('m3@1: the stored artefact is damaged')],
		})
		expect(await replays(server, 'm3')).toMatchObject([
			{ status: 'unavailable', reasons: [{ reason: expect.stringContaining('damaged') }] },
		])
		expect(await replays(server, 'm4')).toMatchObject([{ status: 'matched', matched: 20 }])
		// After a new upload the waiting day is replayed.
		await upload(server, 'm3', linearFile(0.53))
		expect((await runJobById(server.context, 'replay', 'test')).status).toBe('ok')
		expect(await replays(server, 'm3')).toMatchObject([{ status: 'matched', matched: 20 }])
	})
})
