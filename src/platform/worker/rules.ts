import approvals from '../../../rules/approvals.yaml'
import drift from '../../../rules/drift.yaml'
import fairness from '../../../rules/fairness.yaml'
import performance from '../../../rules/performance.yaml'
import quality from '../../../rules/quality.yaml'
import replay from '../../../rules/replay.yaml'
import service from '../../../rules/service.yaml'
import { AppError } from '../../core/errors.ts'
import { metricIds } from '../../metrics/index.ts'
import type { PolicySet } from '../../rules/approval-policies.ts'
import { type ExecutorSettings, parsePolicies } from '../../rules/parse-policies.ts'
import { parseRules } from '../../rules/parse-rules.ts'
import type { RuleFault } from '../../rules/read-file.ts'
import type { RuleSet } from '../../rules/rule-set.ts'

// A worker has no file system: every rule file is imported here, and a changed rule needs a deployment.
const texts = [
	{ name: 'drift.yaml', text: drift },
	{ name: 'fairness.yaml', text: fairness },
	{ name: 'performance.yaml', text: performance },
	{ name: 'quality.yaml', text: quality },
	{ name: 'replay.yaml', text: replay },
	{ name: 'service.yaml', text: service },
]

/** The bundled rules. Throws `invalid` with the faults. */
export async function workerRules(): Promise<RuleSet> {
	const parsed = await parseRules(texts, metricIds)
	if (parsed.ok) return parsed.ruleSet
	throw faulty('rules', parsed.errors)
}

/** The bundled approval policies. Throws `invalid` with the faults. */
export async function workerPolicies(executors: ExecutorSettings): Promise<PolicySet> {
	const parsed = await parsePolicies(undefined, { name: 'approvals.yaml', text: approvals }, executors)
	if (parsed.ok) return parsed.policies
	throw faulty('approval policies', parsed.errors)
}

function faulty(what: string, errors: readonly RuleFault[]): AppError {
	const faults = errors.map((e) => `${e.file}:${e.line}:${e.column}: ${e.message}`)
	return new AppError('invalid', `The ${what} are invalid. ${faults.join('; ')}`)
}
