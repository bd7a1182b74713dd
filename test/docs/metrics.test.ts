import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { metrics } from '../../src/metrics/index.ts'

const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')

describe('docs/metrics.md', () => {
	it.each(metrics.map((m) => [m.id, m]))('describes %s as the registry does', (_, { id, about, unit }) => {
		expect(page).toContain(`| \`${id}\` | ${about} | ${unit} |`)
	})

	it('names no metric that does not exist', () => {
		const named = [...page.matchAll(/^\| `([a-z]+(?:\.[a-z0-9_]+)+)` \|/gm)].map((m) => m[1])
		expect(named.sort()).toEqual(metrics.map((m) => m.id).sort())
	})
})
