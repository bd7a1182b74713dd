import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url).pathname
const page = readFileSync(`${root}docs/architecture.md`, 'utf8')
const sections = page.split(/^## /m)
const filesIn = (text: string): string[] =>
	[...text.matchAll(/`([a-z0-9/-]+(?:\.schema)?\.(?:ts|cjs|md))`/g)].map(([, path]) => path as string)

it('docs/architecture.md names files that exist', () => {
	const gone = filesIn(page).filter(
		(path) => path.includes('/') && !existsSync(`${root}src/${path}`) && !existsSync(`${root}${path}`),
	)
	expect(gone).toEqual([])
})

it.each([
	['A prediction is posted', 30],
	['A late outcome arrives', 20],
	['Somebody asks why', 25],
])('docs/architecture.md follows "%s" through at most %i files', (title, limit) => {
	const section = sections.find((text) => text.startsWith(title)) ?? ''
	const files = new Set(filesIn(section).filter((path) => path.includes('/') || path === 'app.ts'))
	expect(files.size).toBeGreaterThan(10)
	expect(files.size).toBeLessThanOrEqual(limit)
})
