import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { verifyArchive } from '../src/cli/audit/verify-folder.ts'
import { utf8 } from '../src/core/bytes.ts'
import { type ZipFile, zipOf } from '../src/evidence/reports/zip.ts'
import { checkpointText, signatureLine, signedNote } from '../src/ledger/checkpoint.ts'
import { entryText } from '../src/ledger/entry.ts'
import { encodeEntries, tileLevels, tilePath, tileWidth } from '../src/ledger/tiles.ts'
import { hashBytes, leafHash, MemoryTree } from '../src/ledger/tree.ts'
import { testLedgerKey } from '../test/support/ledger-key.ts'
import type { Measurement } from './table.ts'

const textOf = (i: number) =>
	entryText({
		at: new Date(Date.UTC(2026, 2, 2) + i * 1000).toISOString(),
		actor: { id: `key:key_${i % 100}`, how: 'key' },
		action: 'explain-prediction',
		object: `prediction:credit-risk/${i}`,
		model: 'credit-risk',
		details: { reasons: 4, requestId: `req_${i.toString(36).padStart(26, '0')}` },
	})

async function* filesOf(tree: MemoryTree, note: string): AsyncGenerator<ZipFile> {
	yield { path: 'checkpoint', bytes: utf8(note) }
	for (const [level, count] of tileLevels(tree.size).entries())
		for (let n = 0; n * tileWidth < count; n++) {
			const width = Math.min(tileWidth, count - n * tileWidth)
			const bytes = new Uint8Array(width * hashBytes)
			for (let i = 0; i < width; i++) bytes.set(await tree.read(level * 8, n * tileWidth + i), i * hashBytes)
			yield { path: `tile/${level}/${tilePath(n, width)}`, bytes, isCompact: true }
		}
	for (let from = 0; from < tree.size; from += tileWidth) {
		const width = Math.min(tileWidth, tree.size - from)
		const texts = Array.from({ length: width }, (_, i) => utf8(textOf(from + i)))
		yield { path: `tile/entries/${tilePath(from / tileWidth, width)}`, bytes: encodeEntries(texts) }
	}
}

/** Measures how fast an archive with the whole ledger is verified, on one core. */
export async function benchVerify(entries: number): Promise<Measurement[]> {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'))
	try {
		const leaves = new Uint8Array(entries * hashBytes)
		for (let i = 0; i < entries; i++) leaves.set(leafHash(textOf(i)), i * hashBytes)
		const tree = new MemoryTree(leaves)
		const key = testLedgerKey()
		const text = checkpointText({ origin: key.verifier.name, size: entries, root: await tree.root() })
		const note = signedNote(text, [signatureLine(key.verifier, await key.sign(utf8(text)))])
		const path = join(folder, 'log.zip')
		await pipeline(Readable.fromWeb(zipOf(filesOf(tree, note)) as never), createWriteStream(path))
		const before = process.cpuUsage()
		const began = performance.now()
		const found = await verifyArchive(path, { key: key.verifier, older: undefined, onProgress: () => {} })
		const seconds = (performance.now() - began) / 1000
		const { user, system } = process.cpuUsage(before)
		if (found.status !== 'verified') throw new Error(JSON.stringify(found))
		const cpu = (user + system) / 1e6
		return [
			{ name: `bundle of ${entries.toLocaleString('en')} entries verified`, value: seconds, unit: 's' },
			{
				name: 'bundle verified, CPU',
				value: cpu,
				unit: 's',
				target: '< 30 s a million',
				ok: cpu < (30 * entries) / 1e6,
			},
		]
	} finally {
		await rm(folder, { recursive: true })
	}
}
