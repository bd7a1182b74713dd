import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { sealRows } from '../../../src/evidence/ledger/seal-rows.ts'
import { verifyRows } from '../../../src/evidence/ledger/verify-rows.ts'
import { deleteOld } from '../../../src/jobs/index.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { registerModel } from '../../support/rows.ts'
import type { TestServer } from '../../support/server.ts'

const it = withServerPerTest()

async function sendDay(server: TestServer, day: number): Promise<void> {
	const rows = [1, 2].map((n) => ({
		predictionId: `d${day}-${n}`,
		version: '1',
		timestamp: formatTime(startOfTest - day * dayMs + n),
		subject: `s${day}`,
		features: { income: day },
		score: 0.5,
	}))
	await server.post('/v1/models/m/predictions', rows)
	await sealRows(server.context)
}
const statusOf = async (server: TestServer, id: string) =>
	(await server.fetch(`/v1/models/m/predictions/${id}`)).status

async function writeStory(server: TestServer): Promise<void> {
	await registerModel(server, { task: 'binary', retention: '90d' }, ['income'])
	for (const day of [1, 50, 80]) await sendDay(server, day)
	await server.context.log.archive('m', startOfTest - 60 * dayMs)
}

it('deletes what is due from database and archive, says so in the ledger, and what is left verifies', async ({
	server,
}) => {
	await writeStory(server)
	expect(await deleteOld.run(server.context)).toMatchObject({ deletedRows: 0 })
	await server.fetch('/v1/models/m', { method: 'PATCH', json: { deleteAfter: { predictions: '40d' } } })
	expect(await deleteOld.run(server.context)).toMatchObject({ deletedRows: 4, finishedErasures: 0 })
	expect(await Promise.all(['d80-1', 'd50-2', 'd1-1'].map((id) => statusOf(server, id)))).toEqual([
		404, 404, 200,
	])
	const folder = join(server.folder, 'test.db.archive', 'm')
	expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])
	const { items } = (await server.fetch('/v1/audit/entries?action=delete-rows')).body
	expect(JSON.parse(items[0].entry).details).toMatchObject({ kind: 'predictions', rows: 4, seals: [2, 3] })
	expect(await verifyRows(server.context)).toMatchObject({ failures: [] })
	// Somebody who marks a seal as deleted is found.
	await server.context.sql.batch([{ sql: 'UPDATE log_seal SET deleted = 0 WHERE id = 1' }])
	expect((await verifyRows(server.context)).failures).toMatchObject([
		{ where: expect.stringContaining('rows 1') },
	])
})

it('skips what is on hold: a model, and the rows of a subject', async ({ server }) => {
	await writeStory(server)
	await server.fetch('/v1/models/m', { method: 'PATCH', json: { deleteAfter: { predictions: '40d' } } })
	await server.post('/v1/holds', { subject: 's80', reason: 'litigation' })
	const hold = (await server.post('/v1/holds', { model: 'm', reason: 'litigation' })).body
	expect(await deleteOld.run(server.context)).toMatchObject({ deletedRows: 0 })
	await server.fetch(`/v1/holds/${hold.id}`, { method: 'DELETE' })
	expect(await deleteOld.run(server.context)).toMatchObject({ deletedRows: 2 })
	expect(await Promise.all(['d80-1', 'd50-1'].map((id) => statusOf(server, id)))).toEqual([200, 404])
})

it('keeps rows as long as the law says, and refuses a time that is none', async ({ server }) => {
	await writeStory(server)
	const patch = (deleteAfter: object) =>
		server.fetch('/v1/models/m', { method: 'PATCH', json: { deleteAfter } })
	expect((await patch({ predictions: 'law' })).body.deleteAfter).toEqual({ predictions: 'law' })
	expect(await deleteOld.run(server.context)).toMatchObject({ deletedRows: 0 })
	expect((await patch({ predictions: 'soon' })).status).toBe(422)
	expect((await patch({ ids: '40d' })).status).toBe(422)
})
