import drift from '../../../rules/drift.yaml'
import fairness from '../../../rules/fairness.yaml'
import performance from '../../../rules/performance.yaml'
import quality from '../../../rules/quality.yaml'
import replay from '../../../rules/replay.yaml'
import service from '../../../rules/service.yaml'
import { AppError } from '../../core/errors.ts'
import { metricIds } from '../../metrics/index.ts'
import { parseRules } from '../../rules/parse-rules.ts'
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
	const faults = parsed.errors.map((e) => `${e.file}:${e.line}:${e.column}: ${e.message}`)
	throw new AppError('invalid', `The rules are invalid. ${faults.join('; ')}`)
}
