import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { modelBytes, modelRows } from '../../../bench/explain-model.ts'
import { sha256Hex } from '../../../src/core/bytes.ts'
import { isTreeFormat } from '../../../src/explain/formats/read-tree-file.ts'
import { Manifest } from '../../../src/explain/manifest.ts'
import { ArtifactError, type Model } from '../../../src/explain/model.ts'
import { openModel, openTrees } from '../../../src/explain/open-model.ts'
import { openTreeReader } from '../../../src/platform/node/tree-reader.ts'
import { openBytes } from '../../../src/registry/artifact/open-version.ts'
import { bytesOf, checkContributions, checkReplay, readCases } from '../../explain/golden/case.ts'
import { testServer } from '../../support/server.ts'

const columns = 30
const large = modelBytes(Number.POSITIVE_INFINITY, 12, columns, 40e6)
const readTrees = openTreeReader()
const nothing = { manifest: {}, features: [] }

async function openLarge(bytes: Uint8Array): Promise<Model> {
	const opened = await openBytes({ readTrees }, 'xgboost-json', bytes, nothing)
	if (!('model' in opened)) throw new Error('it has no trees')
	return opened.model
}

/** What `run` answers, and how often something else could be done meanwhile. */
async function turnsOf<T>(run: () => T | Promise<T>) {
	let turns = 0
	const timer = setInterval(() => turns++, 2)
	try {
		return { value: await run(), turns }
	} finally {
		clearInterval(timer)
	}
}

describe('a large file of trees', () => {
	it('is opened while the process goes on, to the same model', async () => {
		const here = await turnsOf(() => openModel('xgboost-json', large))
		const there = await turnsOf(() => openLarge(large))
		expect(here.turns).toBe(0)
		expect(there.turns).toBeGreaterThan(5)
		const [a, b] = [here.value, there.value]
		expect([b.features, b.space, b.bytes]).toEqual([a.features, a.space, a.bytes])
		const x = modelRows(1, columns)
		expect(b.margin(x)).toEqual(a.margin(x))
		expect(b.score(b.margin(x))).toEqual(a.score(a.margin(x)))
		expect(b.explain(x)).toEqual(a.explain(x))
	})

	it('that is cut off is refused as a small one is', async () => {
		const half = large.subarray(0, large.length / 2)
		const refusal = (await openLarge(half).catch((error) => error)) as ArtifactError
		expect(refusal).toBeInstanceOf(ArtifactError)
		expect(() => openModel('xgboost-json', half)).toThrow(refusal.message)
	})

	it('whose thread ends is an error, and the next one is read', async () => {
		process.once('worker', (worker) => void worker.terminate())
		const first = openLarge(large)
		const second = openLarge(large)
		await expect(first).rejects.toThrow('the thread that reads a model file has ended')
		expect((await second).features).toHaveLength(columns)
	})

	it('is stored as it was uploaded', async () => {
		let threads = 0
		const server = await testServer(
			{},
			{
				readTrees: (...file) => {
					threads++
					return readTrees(...file)
				},
			},
		)
		try {
			await server.post('/v1/models', { model: 'large', task: 'binary', positiveLabel: '1' })
			await server.post('/v1/models/large/versions', { version: '1', features: [] })
			const path = '/v1/models/large/versions/1/artifact'
			const body = large as Uint8Array<ArrayBuffer>
			const headers = { 'content-type': 'application/octet-stream' }
			const { status, text } = await server.fetch(path, { method: 'PUT', body, headers })
			expect(status, text).toBe(201)
			const stored = await server.context.artifacts.get(await sha256Hex(large))
			expect([stored?.length, threads]).toEqual([large.length, 1])
		} finally {
			await server.close()
		}
	})
})

const golden = readCases(readFileSync(new URL('../../explain/golden/golden.ndjson.gz', import.meta.url)))
const wanted = /set splits|random forest|sigmoid 2|softprob|missing=0, categories/

it.each(golden.filter(({ name }) => wanted.test(name)))(
	'$name, read in a thread, is its library',
	async (one) => {
		if (!isTreeFormat(one.format)) throw new Error(`${one.format} is no format of trees`)
		const manifest = Manifest.parse(one.manifest ?? {})
		const model = openTrees(await readTrees(one.format, bytesOf(one)), { manifest })
		checkReplay(one, model)
		checkContributions(one, model)
	},
)
