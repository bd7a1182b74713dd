import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Config } from '../../src/config.ts'

const page = readFileSync(new URL('../../docs/operate.md', import.meta.url), 'utf8')
/** Limits are named in the errors that they make; another address of Slack is for tests. */
const isTold = (name: string) => name.startsWith('PLUMBLINE_LIMIT_') || name === 'SLACK_API_URL'

it.each(Object.keys(Config.shape).filter((name) => !isTold(name)))('docs/operate.md tells of %s', (name) => {
	expect(page.includes(`\`${name}\``)).toBe(true)
})
