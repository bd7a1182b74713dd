import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Context } from '../../../src/context.ts'
import { toHex } from '../../../src/core/bytes.ts'
import { commit } from '../../../src/db/commit.ts'
import { checkpoint } from '../../../src/evidence/ledger/checkpoint.ts'
import { formatVerifierKey, parseCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { withContext, withServer } from '../../support/fixtures.ts'
import { testLedgerKey, testLedgerPem } from '../../support/ledger-key.ts'
import { writeLogFolder } from '../../support/log-folder.ts'
import { hasPeers, ledgerVerifier } from '../../support/peers.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const folder = temporaryFolder()
const key = formatVerifierKey(testLedgerKey().verifier)

/** Go's verifier, in a folder without anything of ours. */
const verify = (args: readonly string[], env: Record<string, string> = {}) =>
	new Promise<{ status: number; said: string }>((resolve) => {
		execFile(ledgerVerifier, args, { cwd: folder, env }, (error, stdout) =>
			resolve({ status: error ? Number(error.code) : 0, said: stdout.trim() }),
		)
	})

const atOnce = 1000
let count = 0
async function growTo(context: Context, size: number): Promise<void> {
	while (count < size) {
		const entries = Array.from({ length: Math.min(atOnce, size - count) }, (_, i) => ({
			action: 'note',
			object: `thing:${count + i}`,
		}))
		await commit(context, { id: 'cli', how: 'cli' }, entries, [])
		count += entries.length
	}
}

const test = withContext()
const it = withServer()

describe.runIf(hasPeers('ledger'))("Go's x/mod/sumdb", () => {
	let older: string | undefined

	for (const size of [1, 2, 255, 256, 257, 65_535, 100_000])
		test(`verifies checkpoint, tiles, inclusion and consistency of ${size} entries`, async ({ context }) => {
			await growTo(context, size)
			await checkpoint(context)
			const log = join(folder, 'log')
			const note = await writeLogFolder(context, log)
			const indexes = [0, 1, 254, 255, 256, Math.floor(size / 2), size - 1].filter((index) => index < size)
			const before = older === undefined ? [] : [older]
			expect(await verify([log, key, indexes.join(','), ...before])).toEqual({
				status: 0,
				said: `verified ${size}`,
			})
			older = join(folder, `checkpoint-${size}`)
			writeFileSync(older, note)
		})

	test('finds a checkpoint that is not one of the log before', async ({ context }) => {
		const other = join(folder, 'other')
		const note = await writeLogFolder(context, other)
		writeFileSync(join(other, 'checkpoint'), note.replace(/^(.)/, 'q'))
		expect(await verify([other, key, '0'])).toMatchObject({ status: 1 })
		expect(
			await verify([join(folder, 'log'), formatVerifierKey(testLedgerKey('other').verifier), '0']),
		).toMatchObject({
			status: 1,
		})
	})

	test('the signature is one that openssl verifies', async ({ context }) => {
		const note = parseCheckpoint((await checkpoint(context))?.note ?? '')
		const [signature] = note?.signatures ?? []
		const path = (name: string, content: string | Uint8Array) => {
			writeFileSync(join(folder, name), content)
			return join(folder, name)
		}
		const publicKey = execFileSync('openssl', ['pkey', '-pubout'], { input: testLedgerPem() })
		const said = execFileSync('openssl', [
			...['pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', path('public.pem', publicKey)],
			...['-in', path('text', note?.text ?? ''), '-sigfile', path('signature', signature?.signature ?? '')],
		])
		expect(said.toString()).toContain('Signature Verified Successfully')
		expect(toHex(signature?.keyId ?? new Uint8Array())).toBe(toHex(testLedgerKey().verifier.id))
	})
})

it.runIf(hasPeers('ledger'))("Go's x/mod/sumdb verifies a running service", async ({ server }) => {
	for (let i = 0; i < 300; i++) await server.keyOf('viewer')
	const { size } = (await checkpoint(server.context)) as { size: number }
	const env = { AUTHORIZATION: `Bearer ${server.adminKey}` }
	expect(await verify([`${server.url}/v1/audit`, key, `0,255,256,${size - 1}`], env)).toEqual({
		status: 0,
		said: `verified ${size}`,
	})
})
