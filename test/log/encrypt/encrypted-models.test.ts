import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { sealRows } from '../../../src/evidence/ledger/seal-rows.ts'
import { verifyRows } from '../../../src/evidence/ledger/verify-rows.ts'
import { startOfTest } from '../../support/context.ts'
import { withOpener } from '../../support/fixtures.ts'
import { type TestServer, testServer } from '../../support/server.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

type Files = (folder: string) => void
const it = withOpener((keys: readonly Uint8Array[], write?: Files) => testServer({}, {}, write, keys))
const copies = temporaryFolder()
const [key, newer] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)]
const old = startOfTest - 95 * dayMs
const at = new Date(old).toISOString()

/** What must be found in no file: texts, and the bytes of a number. Summaries have the values of declared features and labels. */
const secrets = ['id-zq81', 'id-zq82', 'subject-zq83', 'note-zq84', 'group-zq85', 'late-zq86']
const number = 91827364.5

const prediction = (id: string, more: object = {}) => ({
	predictionId: id,
	version: '1',
	timestamp: at,
	features: { income: 1, amount: number, note: 'note-zq84', big: { deep: ['note-zq84', 1e300] } },
	score: 0.25,
	label: 'yes',
	attributions: { amount: number },
	probabilities: { yes: 1 },
	...more,
})

async function fill(server: TestServer, model: string, encrypt: boolean): Promise<void> {
	const { status } = await server.post('/v1/models', {
		...{ model, task: 'multiclass', retention: '400d', sensitive: ['sex'], encrypt },
	})
	expect(status).toBe(201)
	await server.post(`/v1/models/${model}/versions`, {
		version: '1',
		features: [{ name: 'income', type: 'numeric' }],
	})
	const send = async (path: string, rows: object[]) =>
		expect((await server.post(`/v1/models/${model}/${path}`, rows)).body.accepted).toBe(rows.length)
	await send('predictions', [prediction('id-zq81', { subject: 'subject-zq83' }), prediction('id-zq82')])
	await send('predictions', [prediction('id-zq82b', { subject: 'late-zq86', features: undefined })])
	await send('features', [{ subject: 'subject-zq83', timestamp: at, features: { note: 'note-zq84' } }])
	await send('groups', [{ subject: 'subject-zq83', timestamp: at, groups: { religion: 'group-zq85' } }])
	await send('outcomes', [
		{ predictionId: 'id-zq81', actual: 'yes', timestamp: new Date(startOfTest).toISOString() },
	])
}

const read = async (server: TestServer, model: string, id: string) =>
	server.fetch(`/v1/models/${model}/predictions/${id}`)

/** The files of a server that hold what must not be there. */
function found(folder: string, among: readonly string[] = secrets): string[] {
	const bytes = Buffer.from(new Float64Array([number]).buffer)
	return readdirSync(folder, { recursive: true }).flatMap((name) => {
		const path = join(folder, String(name))
		if (!statSync(path).isFile()) return []
		const content = readFileSync(path)
		const texts = among.filter((text) => content.includes(text))
		return [...texts, ...(content.includes(bytes) ? ['number'] : [])].map((text) => `${name}: ${text}`)
	})
}

const copy = (server: TestServer, name: string): string => {
	const to = join(copies, name)
	cpSync(server.folder, to, { recursive: true })
	return to
}
/** Puts the copied files into the folder of a new server. */
const from =
	(source: string, keep: (name: string) => boolean = () => true): Files =>
	(folder) => {
		for (const name of readdirSync(source))
			if (keep(name)) cpSync(join(source, name), join(folder, basename(name)), { recursive: true })
	}

describe('an encrypted model', () => {
	it('has its values in no file, and answers like any other', async ({ open }) => {
		const server = await open([key])
		const plain = await open([])
		await fill(server, 'm', true)
		await fill(plain, 'm', false)
		expect((await server.fetch('/v1/models/m')).body.encrypt).toBe(true)
		const answers = async (of: TestServer) => ({
			predictions: [
				(await read(of, 'm', 'id-zq81')).body,
				(await read(of, 'm', 'id-zq82b')).body,
				(await of.fetch('/v1/models/m/groups/id-zq81')).body,
			],
			payload: (await of.fetch('/v1/models/m/predictions/id-zq81/proof')).body.row.payload,
		})
		const expected = await answers(plain)
		expect(await answers(server)).toEqual(expected)
		// The ledger names the predictions that somebody has read: those of the rows alone are compared.
		const values = secrets.filter((text) => !text.startsWith('id-'))
		expect(found(plain.folder, values).length).toBeGreaterThan(4)
		await sealRows(server.context)
		expect(found(server.folder, values)).toEqual([])
		await server.context.log.compact()
		expect(await answers(server)).toEqual(expected)
		expect(await server.context.log.archive('m', startOfTest - 90 * dayMs)).toBeGreaterThan(3)
		expect(await answers(server)).toEqual(expected)
		expect(found(server.folder, values)).toEqual([])
		expect((await verifyRows(server.context)).failures).toEqual([])
	})

	it('keeps ids out of all files as long as nobody reads them', async ({ open }) => {
		const server = await open([key])
		await fill(server, 'm', true)
		expect(found(server.folder)).toEqual([])
	})

	it('is found again after a restart, and refused without its key while others go on', async ({ open }) => {
		const server = await open([key])
		await fill(server, 'm', true)
		await fill(server, 'open', false)
		await sealRows(server.context)
		const files = copy(server, 'restart')
		const again = await open([key], from(files))
		expect((await read(again, 'm', 'id-zq81')).body.subject).toBe('subject-zq83')
		expect((await again.post('/v1/models/m/predictions', [prediction('id-zq82')])).body.duplicates).toBe(1)
		for (const keys of [[], [newer]]) {
			const without = await open(keys, from(files))
			const refused = await without.post('/v1/models/m/predictions', [prediction('other')])
			expect([refused.status, refused.body.detail]).toEqual([
				503,
				expect.stringContaining('PLUMBLINE_DATA_KEY'),
			])
			expect((await read(without, 'm', 'id-zq81')).status).toBe(503)
			expect((await without.post('/v1/models/open/predictions', [prediction('other')])).body.accepted).toBe(1)
			expect((await read(without, 'open', 'id-zq81')).status).toBe(200)
			expect((await sealRows(without.context)).faults).toEqual([])
			// Nobody has changed them: this process cannot tell.
			const { failures } = await verifyRows(without.context)
			expect(failures.map(({ kind }) => kind)).not.toContain('mismatch')
			expect(failures[0]?.what).toContain('PLUMBLINE_DATA_KEY')
			expect(await without.context.log.compact()).toBeGreaterThanOrEqual(0)
		}
	})

	it('is read with a newer key once the older one has been replaced', async ({ open }) => {
		const server = await open([key])
		await fill(server, 'm', true)
		const rotated = await open([newer, key], from(copy(server, 'first')))
		expect((await read(rotated, 'm', 'id-zq81')).status).toBe(200)
		const alone = await open([newer], from(copy(rotated, 'second')))
		expect((await read(alone, 'm', 'id-zq81')).body.features.note).toBe('note-zq84')
	})

	it('cannot be read in an old backup once the subject is erased, and others can', async ({ open }) => {
		const server = await open([key])
		await fill(server, 'm', true)
		const backup = copy(server, 'backup')
		expect((await read(server, 'm', 'id-zq81')).status).toBe(200)
		expect((await server.post('/v1/subjects/subject-zq83/erase', { reason: 'asked for' })).status).toBe(200)
		expect((await read(server, 'm', 'id-zq81')).status).toBe(410)
		expect((await verifyRows(server.context)).failures).toEqual([])
		const keys = copy(server, 'keys')
		const restored = await open([key], (folder) => {
			from(backup, (name) => !name.endsWith('-keys.db'))(folder)
			from(keys, (name) => name.endsWith('-keys.db'))(folder)
		})
		expect((await read(restored, 'm', 'id-zq81')).status).toBe(404)
		expect((await restored.fetch('/v1/models/m/groups/id-zq81')).status).toBe(404)
		expect((await read(restored, 'm', 'id-zq82')).body.features.note).toBe('note-zq84')
	})

	it('needs a key to be registered, can be encrypted later, and stays so', async ({ open }) => {
		const without = await open([])
		const model = { model: 'm', task: 'binary' }
		const refused = await without.post('/v1/models', { ...model, encrypt: true })
		expect([refused.status, refused.body.detail]).toEqual([
			422,
			expect.stringContaining('PLUMBLINE_DATA_KEY'),
		])
		const server = await open([key])
		await server.post('/v1/models', model)
		const patch = (json: object) => server.fetch('/v1/models/m', { method: 'PATCH', json })
		expect((await patch({ encrypt: true })).body.encrypt).toBe(true)
		const back = await patch({ encrypt: false })
		expect([back.status, back.body.detail]).toEqual([422, expect.stringContaining('cannot be taken back')])
	})
})
