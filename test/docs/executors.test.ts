import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { executorSettings } from '../../src/integrations/index.ts'
import { parsePolicies } from '../../src/rules/parse-policies.ts'
import { packagedText } from '../support/policies.ts'

const page = readFileSync(new URL('../../docs/executors.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] as string)

it.each(examples)('an example of docs/executors.md is valid:\n%s', async (text) => {
	const packaged = { name: 'approvals.yaml', text: packagedText }
	const parsed = await parsePolicies({ name: 'approvals.yaml', text }, packaged, executorSettings())
	expect(parsed.ok ? [] : parsed.errors).toEqual([])
})

it('docs/executors.md has an example of each executor', async () => {
	const own = /^(pointer|silence|reason-table|risk-tier|report)$/
	const vendors = Object.keys(executorSettings()).filter((name) => !own.test(name))
	for (const name of vendors) expect(examples.join('\n'), name).toMatch(new RegExp(`^\\s+${name}:`, 'm'))
	expect(vendors.length).toBeGreaterThan(4)
})
