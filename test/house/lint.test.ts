import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = new URL('../..', import.meta.url).pathname

// The rules are tried on a small house of their own: a rule that never fires looks like a rule that is kept.
let folder: string
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'plumbline-house-'))
	for (const name of ['biome.json', '.dependency-cruiser.cjs', 'tsconfig.json', 'package.json', '.ci'])
		cpSync(join(root, name), join(folder, name), { recursive: true })
	symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
	for (const name of ['test', 'bench']) mkdirSync(join(folder, name))
	write('src/context.ts', 'export type Context = object\n')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(path: string, text: string): void {
	mkdirSync(dirname(join(folder, path)), { recursive: true })
	writeFileSync(join(folder, path), text)
}

function run(...args: string[]): { status: number | null; text: string } {
	const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
	return { status, text: stdout + stderr }
}

const arrows = () => run('.ci/arrows.ts')
const lint = (path: string) => run('node_modules/@biomejs/biome/bin/biome', 'lint', path)

describe('the arrows', () => {
	it.each([
		['src/stats/psi.ts', "import '../context.ts'\n", 'stats-imports-only-downward'],
		['src/registry/x.ts', "import '../http/y.ts'\n", 'registry-imports-only-downward'],
		['src/slack/x.ts', "import '../http/y.ts'\n", 'slack-imports-only-downward'],
		['src/db/x.ts', "import type { Y } from '../http/y.ts'\nexport type X = Y\n", 'db-imports-only-downward'],
		[
			'src/registry/x.ts',
			"import { readFileSync } from 'node:fs'\nreadFileSync('x')\n",
			'node-only-at-the-edge',
		],
		['src/registry/x.ts', "import { Hono } from 'hono'\nnew Hono()\n", 'hono-in-http'],
		['src/http/x.ts', "import { eq } from 'drizzle-orm'\neq\n", 'drizzle-in-use-cases'],
		['src/slack/x.ts', "import * as bolt from '@slack/bolt'\nbolt\n", 'bolt-in-one-file'],
		['src/http/x.ts', "import '../node.ts'\n", 'nothing-imports-a-root'],
		['src/core/x.ts', "import './y.ts'\n", 'no-cycles'],
		['src/core/x.ts', "import type { Y } from './y.ts'\nexport type X = Y\n", 'no-cycles'],
		['src/worker.ts', "import './http/y.ts'\nimport './core/z.ts'\n", 'worker-reaches-no-node-file'],
	])('do not let %s say %o', (path, text, rule) => {
		const targets = ['http/y', 'slack/y', 'db/y', 'node']
		for (const target of targets) write(`src/${target}.ts`, 'export type Y = 1\n')
		write('src/core/y.ts', "import './x.ts'\n")
		write('src/core/z.ts', "import './fs-node.ts'\n")
		write('src/core/fs-node.ts', 'export type Z = 1\n')
		write('src/core/x.ts', 'export type X = 1\n')
		write(path, text)
		const { status, text: said } = arrows()
		expect(said).toContain(`${rule}: ${path}`)
		expect(status).toBe(1)
	})

	it('accept a tree that keeps them, and count its modules', () => {
		write('src/stats/psi.ts', "import { a } from '../core/a.ts'\nexport const psi = a\n")
		write('src/core/a.ts', "import { b } from './b.ts'\nexport const a = b\n")
		write('src/core/b.ts', "import { c } from './c.ts'\nexport const b = c\n")
		write('src/core/c.ts', "import { d } from './d.ts'\nexport const c = d\n")
		write('src/core/d.ts', "import { e } from './e.ts'\nimport { f } from './f.ts'\nexport const d = e + f\n")
		write('src/core/e.ts', "import { f } from './f.ts'\nexport const e = f\n")
		write('src/core/f.ts', 'export const f = 1\n')
		write(
			'src/registry/s.ts',
			"import { psi } from '../stats/psi.ts'\nimport { a } from '../core/a.ts'\nexport const s = psi + a\n",
		)
		const { status, text } = arrows()
		expect(text).toMatch(/arrows: 9 modules, \d+ dependencies, 0 faults/)
		expect(status).toBe(0)
	})

	it('are not kept when nothing could be read', () => {
		write('src/core/a.ts', 'export const a = 1\n')
		writeFileSync(
			join(folder, '.dependency-cruiser.cjs'),
			"module.exports = { options: { parser: 'acorn', exclude: { path: '.' } } }\n",
		)
		expect(arrows().status).toBe(1)
	})
})

describe('the linter', () => {
	it.each([
		['src/registry/x.ts', 'export const x = Date.now()\n', 'plugin'],
		['src/registry/x.ts', 'export const x = new Date()\n', 'plugin'],
		['src/registry/x.ts', 'export const x = Math.random()\n', 'plugin'],
		['src/registry/x.ts', 'export const x = process.env.HOME\n', 'noProcessEnv'],
		['src/registry/x.ts', 'export enum X {\n\tA,\n}\n', 'noEnum'],
		['src/registry/camelCase.ts', 'export const x = 1\n', 'useFilenamingConvention'],
		['src/registry/x.ts', 'export default 1\n', 'noDefaultExport'],
		['src/registry/x.ts', `export const x = [\n${'\t1,\n'.repeat(501)}]\n`, 'noExcessiveLinesPerFile'],
		[
			'src/registry/x.ts',
			`export function x() {\n${'\tJSON.parse("1")\n'.repeat(61)}}\n`,
			'noExcessiveLinesPerFunction',
		],
		['test/x.test.ts', "import { it } from 'vitest'\nit.only('x', () => {})\n", 'noFocusedTests'],
	])('refuses in %s: %s', (path, text, rule) => {
		write(path, text)
		const { status, text: said } = lint(path)
		expect(said).toContain(rule)
		expect(status).toBe(1)
	})

	it('lets roots read the clock and the environment, and everybody make a date of a number', () => {
		write('src/node.ts', 'export const x = [Date.now(), new Date(), process.env.HOME]\n')
		write('src/core/x.ts', 'export const x = new Date(5)\n')
		expect(lint('src').status).toBe(0)
	})
})
