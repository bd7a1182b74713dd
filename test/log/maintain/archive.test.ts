import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { jobs, runAll } from '../../../src/jobs/index.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { damagedCopies } from '../../support/flip-bytes.ts'
import type { TestServer } from '../../support/server.ts'

const it = withServerPerTest()
let folder: string
const ids = Array.from({ length: 40 }, (_, i) => `p${i}`)
const models = ['bad', 'good']

it.beforeEach(async ({ server }) => {
	folder = `${server.folder}/test.db.archive`
	for (const model of models) {
		await server.post('/v1/models', { model, task: 'binary', retention: '400d' })
		await server.post(`/v1/models/${model}/versions`, {
			version: '1',
			features: [{ name: 'income', type: 'numeric' }],
		})
		const rows = ids.map((predictionId, i) => ({
			predictionId,
			version: '1',
			timestamp: new Date(startOfTest - 95 * dayMs + i).toISOString(),
			features: { income: i },
			score: i / 40,
		}))
		await server.post(`/v1/models/${model}/predictions`, rows)
		await server.context.log.archive(model, startOfTest - 90 * dayMs)
	}
})

async function fileOf(model: string): Promise<string> {
	const [name] = await readdir(join(folder, model))
	return `${model}/${name}`
}
const read = (server: TestServer, model: string, id: string) =>
	server.fetch(`/v1/models/${model}/predictions/${id}`)

it('a damaged archive file is reported, whichever byte is wrong, and all other rows can be read', async ({
	server,
}) => {
	const name = await fileOf('bad')
	const whole = await readFile(join(folder, name))
	let at = 0
	for (const copy of damagedCopies(whole, 12)) {
		if (whole.equals(copy)) continue
		await writeFile(join(folder, name), copy)
		const { status, body } = await read(server, 'bad', ids[at++] as string)
		expect([status, body.detail]).toEqual([503, expect.stringContaining(name)])
		expect(body.detail).toContain('Restore it from a backup')
	}
	await rm(join(folder, name))
	expect((await read(server, 'bad', 'p30')).body.detail).toContain('it is missing')
	expect((await read(server, 'good', 'p30')).body).toMatchObject({
		predictionId: 'p30',
		features: { income: 30 },
	})
	await writeFile(join(folder, name), whole)
	expect((await read(server, 'bad', 'p31')).body).toMatchObject({
		predictionId: 'p31',
		features: { income: 31 },
	})
})

it('a damaged archive file without a stored digest is read or rejected', async ({ server }) => {
	await server.context.sql.batch([{ sql: 'DELETE FROM log_archive' }])
	const name = await fileOf('bad')
	const whole = await readFile(join(folder, name))
	let at = 0
	for (const copy of damagedCopies(whole, 20)) {
		await writeFile(join(folder, name), copy)
		const { status, text } = await read(server, 'bad', ids[at++] as string)
		expect([200, 503], text).toContain(status)
	}
	expect((await read(server, 'good', 'p3')).status).toBe(200)
})

it('a damaged archive file stops no job of another model', async ({ server }) => {
	const name = await fileOf('bad')
	const whole = await readFile(join(folder, name))
	whole[60] = (whole[60] as number) ^ 255
	await writeFile(join(folder, name), whole)
	// A baseline for archived rows: both models are summarised again from their files.
	for (const model of models) {
		const csv = ['income,score', ...ids.map((_, i) => `${i},${i / 40}`)].join('\n')
		const { status } = await server.fetch(`/v1/models/${model}/versions/1/baseline`, {
			method: 'PUT',
			body: csv,
			headers: { 'content-type': 'text/csv' },
		})
		expect(status).toBe(model === 'bad' ? 503 : 201)
	}
	const withoutRules = jobs.filter(({ id }) => id !== 'evaluate-rules')
	const runs = await runAll(server.context, 'test', withoutRules)
	for (const { job, status, error } of runs)
		if (status !== 'ok') expect([job, error]).toEqual([job, expect.stringMatching(/bad/)])
	const { items } = (await server.fetch('/v1/models/good/metrics?metric=drift.psi&window=1d')).body
	expect(items.length).toBeGreaterThan(0)
})
