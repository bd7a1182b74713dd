import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { verifyRows } from '../../../src/evidence/ledger/verify-rows.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { rollUp } from '../../../src/jobs/index.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { registerModel } from '../../support/rows.ts'
import type { TestServer } from '../../support/server.ts'

const it = withServerPerTest()
const at = (day: number) => formatTime(startOfTest - day * dayMs)
const own = { income: 48_213.625, note: 'tall lighthouse keeper' }
const values = { ...own, score: 0.2718281828 }

function filesUnder(folder: string): string[] {
	return readdirSync(folder).flatMap((name) => {
		const path = join(folder, name)
		return statSync(path).isDirectory() ? filesUnder(path) : [path]
	})
}

const doubleOf = (value: number, littleEndian: boolean) => {
	const bytes = Buffer.alloc(8)
	if (littleEndian) bytes.writeDoubleLE(value)
	else bytes.writeDoubleBE(value)
	return bytes
}
const needles = {
	subject: Buffer.from('ada-lovelace'),
	note: Buffer.from(values.note),
	'income as text': Buffer.from(String(values.income)),
	'income as a double': doubleOf(values.income, true),
	'income in a row of SQLite': doubleOf(values.income, false),
	score: doubleOf(values.score, true),
	'score as text': Buffer.from(String(values.score)),
}

/** What a search of the bytes of all files of a server finds. */
function foundIn(folder: string): string[] {
	return filesUnder(folder).flatMap((path) => {
		const bytes = readFileSync(path)
		return Object.entries(needles).flatMap(([name, needle]) =>
			bytes.includes(needle) ? [`${name} in ${path.slice(folder.length + 1)}`] : [],
		)
	})
}

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
