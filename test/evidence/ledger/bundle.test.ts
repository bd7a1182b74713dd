import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import { describe, expect } from 'vitest'
import { verifyArchive } from '../../../src/cli/audit/verify-folder.ts'
import { checkpoint } from '../../../src/evidence/ledger/checkpoint.ts'
import { createReport } from '../../../src/evidence/reports/create-report.ts'
import type { ReportTemplate } from '../../../src/evidence/reports/template.ts'
import { parseCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { actorOf } from '../../support/actors.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { governedServer } from '../../support/governed-server.ts'
import { testLedgerKey } from '../../support/ledger-key.ts'

const template: ReportTemplate = {
	id: 'entries',
	version: '1',
	title: 'Entries of the ledger',
	needs: 'period',
	law: ['ecoa-adverse-action'],
	build: async (_context, _actor, { model }, cut) => ({
		model: { model: String(model), version: '1', artifactSha256: null },
		rows: { included: cut.size, excluded: [] },
		sections: [],
		data: [{ path: 'sizes.json', content: `[${cut.size}]` }],
	}),
}

/** A server with the bundle of a report, and a folder for copies of it. */
async function bundleServer() {
	const server = await governedServer()
	const period = { from: startOfTest - 1000, to: startOfTest }
	const author = actorOf('analyst', { id: 'key:author', owner: 'ana@bank.example' })
	const { report } = await createReport(
		server.context,
		author,
		{ template: 'entries', model: 'loans', period },
		[template],
	)
	const load = async (key: string) => {
		const headers = { authorization: `Bearer ${key}` }
		const response = await fetch(`${server.url}/v1/reports/${report.id}.zip`, { headers })
		return new Uint8Array(await response.arrayBuffer())
	}
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-bundle-'))
	return {
		...server,
		zip: await load(server.adminKey),
		narrow: await load(await server.keyOf('auditor', { models: ['loans'] })),
		folder,
		async close() {
			await server.close()
			await rm(folder, { recursive: true })
		},
	}
}

const it = withServer(bundleServer)
const key = testLedgerKey().verifier
type Bundles = Awaited<ReturnType<typeof bundleServer>>

async function verify({ folder }: Bundles, zip: Uint8Array, pinned = key, older?: string) {
	const path = join(folder, 'bundle.zip')
	await writeFile(path, zip)
	const kept =
		older === undefined
			? undefined
			: { where: 'kept', size: parseCheckpoint(older)?.checkpoint.size ?? 0, note: older }
	const found = await verifyArchive(path, { key: pinned, older: kept, onProgress: () => {} })
	return { ...found, failures: found.failures.map(({ where, what }) => `${where}: ${what}`) }
}

/** The bundle with some of its files changed; null: without it. */
const changed = (zip: Uint8Array, change: (files: Record<string, Uint8Array>) => void) => {
	const files = unzipSync(zip)
	change(files)
	return zipSync(files)
}
const flip = (bytes: Uint8Array, at = bytes.length >> 1) =>
	bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

describe('the bundle of a report', () => {
	it('is verified with the key that the auditor has, and nothing else', async ({ server }) => {
		const found = await verify(server, server.zip, key, server.checkpoint)
		expect(found).toMatchObject({ status: 'verified', failures: [] })
		expect(found.entries).toBe(found.size)
		expect(found.records).toBeGreaterThan(4)
	})

	it('without the entries of other models is verified by the proof of its own entry', async ({ server }) => {
		const found = await verify(server, server.narrow)
		expect(found).toMatchObject({ status: 'verified', entries: 1, failures: [] })
	})

	it('names each file that was changed', async ({ server }) => {
		for (const path of Object.keys(unzipSync(server.zip))) {
			const { status, failures } = await verify(
				server,
				changed(server.zip, (files) => {
					files[path] = flip(files[path] as Uint8Array)
				}),
			)
			expect([path, status]).toEqual([
				path,
				path === 'checkpoint' ? expect.not.stringMatching('^verified') : 'mismatch',
			])
			expect(failures.length).toBeGreaterThan(0)
			if (!path.startsWith('tile/entries') && path !== 'checkpoint')
				expect(failures.join('\n')).toContain(path)
		}
	})

	it('names each file that is missing', async ({ server }) => {
		for (const path of Object.keys(unzipSync(server.zip))) {
			const { status, failures } = await verify(
				server,
				changed(server.zip, (files) => {
					delete files[path]
				}),
			)
			expect([path, status]).not.toEqual([path, 'verified'])
			expect(failures.join('\n')).toContain(path)
		}
	})

	it('names a file that was added, and one whose name leads out of it', async ({ server }) => {
		const { failures } = await verify(
			server,
			changed(server.zip, (files) => {
				files['data/more.json'] = new Uint8Array(3)
				files['../../etc/x'] = new Uint8Array(3)
			}),
		)
		expect(failures).toEqual(
			expect.arrayContaining([
				'data/more.json: It was added: the manifest does not list it.',
				'../../etc/x: Its name leads out of the archive, or is no plain path.',
			]),
		)
	})

	it('that is cut off or has other bytes before, between or after its files is not verified', async ({
		server,
	}) => {
		const { zip } = server
		for (const bytes of [
			zip.subarray(0, zip.length >> 1),
			zip.subarray(0, zip.length - 1),
			new Uint8Array(10),
			new Uint8Array(),
			Buffer.concat([zip, Buffer.from('more')]),
			Buffer.concat([Buffer.from('more'), zip]),
		]) {
			const found = await verify(server, bytes).catch((error: Error) => ({
				status: 'refused',
				failures: [error.message],
			}))
			expect(found.status).not.toBe('verified')
			expect(found.failures.length).toBeGreaterThan(0)
		}
	})

	it('that unpacks to far more than it says is stopped', async ({ server }) => {
		const bomb = changed(server.zip, (files) => {
			files['data/sizes.json'] = new Uint8Array(50_000_000)
		})
		const at = Buffer.from(bomb).lastIndexOf('data/sizes.json')
		// The directory says that it is short.
		new DataView(bomb.buffer).setUint32(at - 46 + 24, 10, true)
		const { failures } = await verify(server, bomb)
		expect(failures).toContain('data/sizes.json: It cannot be read: it is larger than the archive says')
	})

	it('that was signed with another key is not verified, whatever key comes with it', async ({ server }) => {
		const other = testLedgerKey('somebody else')
		const { status, failures } = await verify(server, server.zip, other.verifier)
		expect(status).toBe('unverifiable')
		expect(failures[0]).toMatch(/^checkpoint: It is not signed with the key/)
	})

	it('of a log that was set back behind a checkpoint that the auditor kept is a mismatch', async ({
		server,
	}) => {
		await server.post('/v1/models', { model: 'later', task: 'binary' })
		const newer = await checkpoint(server.context)
		const { status, failures } = await verify(server, server.zip, key, newer?.note)
		expect(status).toBe('mismatch')
		expect(failures.join()).toMatch(
			/kept: It covers \d+ entries, and the newest checkpoint of the log \d+: the log was set back/,
		)
	})
})
