import { expect } from 'vitest'
import { actions } from '../../../src/alerting/actions.ts'
import { checkNames } from '../../../src/alerting/alert/check-names.ts'
import { evaluateAll } from '../../../src/alerting/alert/evaluate-all.ts'
import { publishRules, rulesInForce } from '../../../src/alerting/alert/rules-in-force.ts'
import type { Context } from '../../../src/context.ts'
import { metricIds } from '../../../src/metrics/index.ts'
import { parseRules } from '../../../src/rules/parse-rules.ts'
import { withContextPerTest } from '../../support/fixtures.ts'

import { registerTestModel } from '../../support/model.ts'

const it = withContextPerTest()
it.beforeEach(({ context }) => registerTestModel(context, 'credit-risk'))

const setOf = async (rules: string) => {
	const parsed = await parseRules([{ name: 'a.yaml', text: `rules:\n${rules}` }], metricIds)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
	return parsed.ruleSet
}
const rule = (name: string) => `  - name: ${name}\n    when: n >= 5 && severity == "warning"\n`
const inForce = async (context: Context) =>
	(await context.sql.values({ sql: 'SELECT digest FROM rule_use ORDER BY at' })).map((r) => r[0])

it('the rules of the service are used, whoever evaluates and whatever rules are in its folder', async ({
	context,
	clock,
}) => {
	const [service, command] = [await setOf(rule('served')), await setOf(rule('elsewhere'))]
	await publishRules(context, service)
	for (const current of [command, service, command]) {
		clock.advance(60_000)
		await evaluateAll({ ...context, rules: { current: () => current } }, actions)
	}
	expect(await inForce(context)).toEqual([service.digest])
	const stored = await rulesInForce({ ...context, rules: { current: () => command } })
	expect(stored.rules.map((r) => [r.name, r.when.test((name) => (name === 'n' ? 7 : 'warning'))])).toEqual([
		['served', true],
	])
	const broken = {
		current: (): never => {
			throw new Error('wrong rules')
		},
	}
	expect((await rulesInForce({ ...context, rules: broken })).digest).toBe(service.digest)
})

it('own rules are used if no service has published any, and otherwise those that were published last', async ({
	context,
}) => {
	const [one, two] = [await setOf(rule('one')), await setOf(rule('two'))]
	const own = { ...context, rules: { current: () => one } }
	expect((await rulesInForce(own)).digest).toBe(one.digest)
	for (const { digest, ...set } of [one, two, one, two]) {
		await publishRules(own, { digest, ...set })
		expect((await rulesInForce(own)).digest).toBe(digest)
	}
})

it('names that nothing registered has cause a warning', async ({ context }) => {
	const warnings = await checkNames(
		context.sql,
		await setOf(`  - { name: a, models: credit-rsk, when: n > 5 }
  - { name: b, models: "credit-*", features: [incme, region], each: feature, when: drift.psi > 0.2 }
  - { name: c, models: { tags: [credit] }, when: n > 5 }
  - { name: d, environments: prod, when: n > 5 }
  - { name: e, models: credit-risk, each: group, when: fairness.tpr < 0.2 }
  - { name: f, models: credit-risk, when: performance.rmse > 2 }
  - { name: fine, models: credit-risk, each: segment, when: drift.psi > 0.2 }
`),
	)
	expect(warnings.map((w) => `${w.rule}: ${w.message}`)).toEqual([
		'a: models: there is no model "credit-rsk". Did you mean credit-risk?',
		'b: features: no model of this rule has the feature "incme". Did you mean income?',
		'c: models: no model has the tag "credit".',
		'd: environments: no model of this rule runs in "prod".',
		'e: each: no model of this rule has sensitive attributes',
		'f: when: performance.rmse is for regression models, but this rule is about binary models',
	])
})
