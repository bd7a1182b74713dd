import { expect } from 'vitest'
import { cliActor } from '../../../src/cli/keys.ts'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { eraseSubject } from '../../../src/evidence/erasure/erase-subject.ts'
import { verifyRows } from '../../../src/evidence/ledger/verify-rows.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { deleteOld, rollUp } from '../../../src/jobs/index.ts'
import { startOfTest } from '../../support/context.ts'
import { filesUnder, foundIn, own, values } from '../../support/erased.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { registerModel } from '../../support/rows.ts'
import type { TestServer } from '../../support/server.ts'

const it = withServerPerTest()
const at = (day: number) => formatTime(startOfTest - day * dayMs)
async function register(server: TestServer): Promise<void> {
	await registerModel(server, { task: 'binary', positiveLabel: '1', threshold: 0.5, sensitive: ['sex'] }, [
		'income',
		{ name: 'note', type: 'text' },
	])
}
const send = async (server: TestServer, kind: string, rows: object[]) =>
	(await server.post(`/v1/models/m/${kind}`, rows)).body

const prediction = (id: string, subject: string, features: object | undefined, day = 1) => ({
	predictionId: id,
	version: '1',
	timestamp: at(day),
	subject,
	score: subject === 'ada-lovelace' ? values.score : 0.25,
	...(features ? { features } : {}),
})

async function writeStory(server: TestServer): Promise<void> {
	await register(server)
	const others = Array.from({ length: 40 }, (_, i) =>
		prediction(`o${i}`, `other-${i}`, { income: 1000 + i, note: 'x' }),
	)
	await send(server, 'predictions', [...others, prediction('a1', 'ada-lovelace', own)])
	await send(server, 'predictions', [prediction('a2', 'ada-lovelace', undefined, 3)])
	await send(server, 'features', [{ subject: 'ada-lovelace', timestamp: at(5), features: own }])
	await send(server, 'groups', [{ subject: 'ada-lovelace', timestamp: at(5), groups: { sex: 'f' } }])
	await send(server, 'outcomes', [{ predictionId: 'a1', actual: '1', timestamp: at(1) }])
}
const erase = (server: TestServer, subject = 'ada-lovelace', more: object = {}) =>
	server.post(`/v1/subjects/${subject}/erase`, { reason: 'request of the subject', ...more })

it('destroys the values of a subject and refuses its predictions from then on', async ({ server }) => {
	await writeStory(server)
	for (const job of [rollUp, compute]) await job.run(server.context)
	expect(foundIn(server.folder)).not.toEqual([])
	const { status, body } = await erase(server)
	expect(status).toBe(200)
	expect(body).toEqual({
		status: 'erased',
		counts: { predictions: 2, outcomes: 1, features: 1, groups: 1, explanations: 0 },
		entry: expect.any(Number),
	})
	expect((await server.fetch('/v1/models/m/predictions/a1')).body).toMatchObject({
		status: 410,
		code: 'erased',
	})
	expect((await server.fetch('/v1/models/m/predictions/o1')).status).toBe(200)
	const again = await send(server, 'predictions', [prediction('a1', 'ada-lovelace', own)])
	expect(again).toMatchObject({ accepted: 0, rejectedCount: 1, rejected: [{ code: 'erased' }] })
	expect((await erase(server)).body.counts).toEqual({
		predictions: 0,
		outcomes: 0,
		features: 0,
		groups: 0,
		explanations: 0,
	})
	expect(foundIn(server.folder)).toEqual([])
	for (const job of [rollUp, compute]) await job.run(server.context)
	expect(foundIn(server.folder)).toEqual([])
})

it('keeps the proof of every row valid, without the keys and payloads of erased ones', async ({ server }) => {
	await writeStory(server)
	const proofOf = async (id: string) => (await server.fetch(`/v1/models/m/predictions/${id}/proof`)).body
	const before = [await proofOf('a1'), await proofOf('o3')]
	await server.context.log.compact()
	await erase(server)
	const after = [await proofOf('a1'), await proofOf('o3')]
	expect(after[0].row).toEqual({ ...before[0].row, key: null, payload: null })
	expect(after[1].row).toEqual(before[1].row)
	// A row that no entry had committed to before it was erased.
	expect((await proofOf('a2')).row).toMatchObject({ key: null, payload: null })
	expect(await verifyRows(server.context)).toMatchObject({ unsealed: 0, failures: [] })
})

it('finds the rows in folded chunks and archive files, and erases twice at once as once', async ({
	server,
}) => {
	await writeStory(server)
	const { log } = server.context
	await log.compact()
	await log.archive('m', startOfTest - 2 * dayMs)
	expect(filesUnder(server.folder).filter((path) => path.endsWith('.parquet')).length).toBeGreaterThan(1)
	const both = await Promise.all([erase(server), erase(server)])
	expect(both.map(({ body }) => body.counts.predictions)).toEqual([2, 0])
	expect(foundIn(server.folder)).toEqual([])
	expect(await verifyRows(server.context)).toMatchObject({ failures: [] })
	// The other rows of the rewritten files can still be read.
	await log.archive('m', startOfTest)
	expect((await server.fetch('/v1/models/m/predictions/o7')).body.features).toEqual({
		income: 1007,
		note: 'x',
	})
	expect(await log.rowsOfSubject('m', 'ada-lovelace')).toEqual({
		predictions: [],
		features: [],
		outcomes: [],
		groups: [],
	})
})

it('goes on while rows are sent at full rate, and takes later rows of the same subject', async ({
	server,
}) => {
	await writeStory(server)
	let sent = 0
	const sending = Array.from({ length: 20 }, async (_, batch) => {
		const rows = Array.from({ length: 100 }, (_, i) =>
			prediction(`n${batch}-${i}`, `other-${i}`, { income: i, note: 'y' }),
		)
		const { accepted } = await send(server, 'predictions', rows)
		sent += accepted
	})
	const { body } = await erase(server)
	expect(body.counts.predictions).toBe(2)
	await Promise.all(sending)
	expect(sent).toBe(2000)
	expect(
		await send(server, 'predictions', [prediction('a3', 'ada-lovelace', { income: 1, note: 'z' })]),
	).toMatchObject({ accepted: 1 })
	expect((await server.fetch('/v1/models/m/predictions/a3')).body.subject).toBe('ada-lovelace')
	expect(await verifyRows(server.context)).toMatchObject({ failures: [] })
})

it('refuses the id at every door: outcomes, features, groups, explanation, what-if and lineage', async ({
	server,
}) => {
	await writeStory(server)
	await erase(server)
	const row = { predictionId: 'a1', timestamp: at(1) }
	for (const [kind, more] of [
		['outcomes', { actual: '0' }],
		['features', { features: { income: 1 } }],
		['groups', { groups: { sex: 'f' } }],
	] as const)
		expect(await send(server, kind, [{ ...row, ...more }])).toMatchObject({ rejected: [{ code: 'erased' }] })
	for (const path of [
		'/v1/models/m/predictions/a1/explanation',
		'/v1/models/m/predictions/a2',
		'/v1/models/m/groups/a1',
		'/v1/lineage?from=prediction:m/a1',
	])
		expect((await server.fetch(path)).body).toMatchObject({ status: 410, code: 'erased' })
	const whatIf = await server.post('/v1/models/m/predictions/a1/what-if', { changes: { income: 1 } })
	expect(whatIf.body.code).toBe('erased')
})

it('is refused under a hold, for which the ledger has a digest of the subject', async ({ server }) => {
	await writeStory(server)
	const hold = (await server.post('/v1/holds', { subject: 'ada-lovelace', reason: 'litigation' })).body
	expect((await erase(server)).body).toMatchObject({ status: 409, code: 'on-hold' })
	expect((await server.fetch('/v1/holds')).body.items).toEqual([hold])
	expect((await server.fetch(`/v1/holds/${hold.id}`, { method: 'DELETE' })).body).toMatchObject({
		status: 'ended',
		subject: null,
	})
	const other = (await server.post('/v1/holds', { model: 'm', reason: 'litigation' })).body
	expect((await erase(server)).body.code).toBe('on-hold')
	await server.fetch(`/v1/holds/${other.id}`, { method: 'DELETE' })
	expect((await erase(server)).status).toBe(200)
	const { items } = (await server.fetch('/v1/audit/entries?limit=1000')).body
	expect(JSON.stringify(items)).not.toContain('ada-lovelace')
	expect((await erase(server, 'bob', { reason: 'bob asked' })).status).toBe(422)
})

it('is finished by the next run of the job when the process ends in the middle', async ({ server }) => {
	await writeStory(server)
	const { log } = server.context
	const dying = { ...server.context, log: { ...log, scrub: () => Promise.reject(new Error('killed')) } }
	await expect(
		eraseSubject(dying, cliActor, 'ada-lovelace', { reason: 'request of the subject' }),
	).rejects.toThrow('killed')
	expect(await deleteOld.run(server.context)).toMatchObject({ finishedErasures: 1 })
	expect(foundIn(server.folder)).toEqual([])
	expect(await deleteOld.run(server.context)).toMatchObject({ finishedErasures: 0 })
})
