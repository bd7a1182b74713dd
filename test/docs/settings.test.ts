import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Config } from '../../src/config.ts'

const page = readFileSync(new URL('../../docs/operate.md', import.meta.url), 'utf8')
it.each(Object.keys(Config.shape))('docs/operate.md describes %s', (name) => {
	expect(page.includes(`\`${name}\``)).toBe(true)
})

it('docs/operate.md describes no other setting', () => {
	const named = [...page.matchAll(/`((?:PLUMBLINE|SLACK|AWS)_[A-Z_0-9]+)`/g)].map((match) => match[1])
	expect(named.filter((name) => !(String(name) in Config.shape))).toEqual(['PLUMBLINE_PROT'])
})
