import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { builtInRules } from '../../src/platform/node/load-rules.ts'
import type { PolicySet } from '../../src/rules/approval-policies.ts'
import { parsePolicies } from '../../src/rules/parse-policies.ts'

/** Executors that need no settings, for files that name them. */
const executors = { pointer: { settings: z.strictObject({}) } }

export const packagedText = await readFile(join(builtInRules(), 'approvals.yaml'), 'utf8')

/** The policies of a file with this text. */
export async function policiesOf(text: string): Promise<PolicySet> {
	const packaged = { name: 'approvals.yaml', text: packagedText }
	const parsed = await parsePolicies({ name: 'approvals.yaml', text }, packaged, executors)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
	return parsed.policies
}

/** The packaged policies. */
export const defaultPolicies = await policiesOf(packagedText)
