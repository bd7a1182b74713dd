import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { processKey, type Serving, serveProcess } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = new URL('../..', import.meta.url).pathname
const pages = [
	'README.md',
	...readdirSync(`${root}docs`)
		.filter((f) => f.endsWith('.md'))
		.map((f) => `docs/${f}`),
]
const read = (page: string) => readFileSync(root + page, 'utf8')
const blocks = (page: string) =>
	[...read(page).matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((m) => m[1] as string)

const folder = temporaryFolder()
let server: Serving
beforeAll(async () => {
	server = await serveProcess(join(folder, 'plumbline.db'))
	// In a clone npx runs what package.json says; here the same without npm's start, which is most of the time.
	const npx = `#!/bin/sh\ntest "$1" = plumbline || exit 1\nshift\nexec '${process.execPath}' '${root}src/plumbline.js' "$@"\n`
	writeFileSync(join(folder, 'npx'), npx)
	chmodSync(join(folder, 'npx'), 0o755)
})
afterAll(() => server.kill('SIGTERM'))

describe('the documentation', () => {
	// A page's blocks build on each other, and the first page registers the model that others name.
	const order = ['docs/send-predictions.md', ...pages.filter((p) => p !== 'docs/send-predictions.md')]
	it.each(order.flatMap((page) => blocks(page).map((script, i) => [page, i + 1, script] as const)))(
		'%s: command block %i works',
		(_page, _number, script) => {
			const env = {
				...process.env,
				PATH: `${folder}:${process.env.PATH}`,
				PLUMBLINE_URL: server.url,
				PLUMBLINE_KEY: processKey,
				PLUMBLINE_DATABASE_URL: `file:${join(folder, 'plumbline.db')}`,
			}
			const result = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
				cwd: folder,
				env,
				encoding: 'utf8',
			})
			expect(result.status, result.stdout + result.stderr).toBe(0)
		},
	)

	it.each(pages)('%s links to what is there', (page) => {
		const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((m) => m[1] as string)
		const base = new URL(page, `file://${root}`)
		for (const link of links) expect(() => readFileSync(new URL(link, base)), link).not.toThrow()
	})
})
