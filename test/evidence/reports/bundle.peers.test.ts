import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { describe, expect } from 'vitest'
import { formatVerifierKey } from '../../../src/ledger/checkpoint.ts'
import { withServer } from '../../support/fixtures.ts'
import { testLedgerKey } from '../../support/ledger-key.ts'
import { hasPeers } from '../../support/peers.ts'
import { reportServer } from '../../support/report-server.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const folder = temporaryFolder()
const bundle = join(folder, 'bundle')
const modules = new URL('../../support/go/', import.meta.url).pathname
const test = withServer(reportServer)

/** The indented blocks of VERIFY.md, without their indent. */
const blocksOf = (text: string): string[] =>
	text
		.split(/\n(?=\S|\d\. )/)
		.flatMap((part) => [...part.matchAll(/(?:^|\n)((?: {7}.*\n|\n)+)/g)].map(([, block]) => block ?? ''))
		.map((block) => block.replace(/^ {7}/gm, '').trim())
		.filter((block) => block !== '')

describe.runIf(hasPeers('ledger'))('the commands in the VERIFY.md of a bundle', () => {
	test('verify it without Plumbline, and notice a changed file', async ({ server }) => {
		const period = { from: '2026-02-01T00:00:00Z', to: '2026-03-01T00:00:00Z' }
		const asked = { template: 'model-monitoring', model: 'credit', period }
		const { body } = await server.post('/v1/reports', asked)
		const response = await fetch(`${server.url}/v1/reports/${body.id}.zip`, {
			headers: { authorization: `Bearer ${server.adminKey}` },
		})
		for (const [path, bytes] of Object.entries(unzipSync(new Uint8Array(await response.arrayBuffer())))) {
			mkdirSync(dirname(join(bundle, path)), { recursive: true })
			writeFileSync(join(bundle, path), bytes)
			if (path !== 'VERIFY.md') continue
			const program = blocksOf(new TextDecoder().decode(bytes)).find((b) => b.startsWith('package main'))
			mkdirSync(join(folder, 'go'), { recursive: true })
			writeFileSync(join(folder, 'go/verify.go'), program ?? '')
			for (const name of ['go.mod', 'go.sum']) copyFileSync(join(modules, name), join(folder, 'go', name))
		}
		writeFileSync(join(folder, 'key.vkey'), `${formatVerifierKey(testLedgerKey().verifier)}\n`)
		const text = new TextDecoder().decode(execFileSync('cat', [join(bundle, 'VERIFY.md')]))
		const [files = '', entry = '', signature = ''] = blocksOf(text)
		const run = (script: string, cwd = bundle) =>
			execFileSync('bash', ['-euo', 'pipefail', '-c', script], { cwd, encoding: 'utf8' })
		expect(run(files)).toContain('report.json: OK')
		expect(run(entry)).toBe('1\n')
		expect(run(signature)).toContain('Signature Verified Successfully')
		expect(run('go run . ../bundle ../key.vkey', join(folder, 'go'))).toMatch(
			/^the report is entry \d+ of (\d+)\nall \1 entries are those that were signed\n$/,
		)
		writeFileSync(join(bundle, 'report.json'), '{}')
		expect(() => run(files)).toThrow()
	})
})
