import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openRules } from '../../src/platform/node/load-rules.ts'
import { testServer } from '../support/server.ts'
import { type Recorded, readAll, readPredictions, withoutWords } from './answers.ts'

type Kept = {
	now: number
	ids: string[]
	metricIds: string[]
	files: Record<string, string>
	answers: Recorded[]
}

type LookUp = { index: number; leafHash: string }

const kept = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.json.br'))

describe('a database of an earlier version', () => {
	it.each(kept)(
		'%s opens, and every metric, incident, explanation and ledger entry is the same',
		async (name) => {
			const bytes = readFileSync(new URL(name, import.meta.url))
			const { now, ids, metricIds, files, answers } = JSON.parse(
				brotliDecompressSync(bytes).toString('utf8'),
			) as Kept
			const write = (folder: string) => {
				for (const [path, text] of Object.entries(files)) {
					mkdirSync(dirname(join(folder, path)), { recursive: true })
					writeFileSync(join(folder, path), Buffer.from(text, 'latin1'))
				}
			}
			const server = await testServer({}, {}, write)
			try {
				server.clock.now = now
				server.context.rules = await openRules(
					new URL('../../rules', import.meta.url).pathname,
					server.context,
				)
				const get = (path: string) => server.fetch(path)
				const found = [
					...(await readAll(get, metricIds)),
					...(await readPredictions(get, 'credit-risk', ids)),
				]
				expect(found.map(({ path }) => path)).toEqual(answers.map(({ path }) => path))
				// Later versions add members, and change none.
				for (const [i, answer] of found.entries())
					expect(withoutWords(answer), answer.path).toMatchObject(withoutWords(answers[i] as Recorded))
				const { items } = (await get('/v1/audit/entries?action=read-explanation&limit=1000')).body
				const entries = new Map(items.map(({ index, leafHash }: LookUp) => [index, leafHash]))
				const lookUps = found.flatMap(
					({ body }) => (body as { proof?: { lookup: LookUp } })?.proof?.lookup ?? [],
				)
				expect(lookUps).toHaveLength(found.filter(({ path }) => path.endsWith('/explanation')).length)
				for (const { index, leafHash } of lookUps) expect(entries.get(index)).toBe(leafHash)
			} finally {
				await server.close()
			}
		},
	)
})
