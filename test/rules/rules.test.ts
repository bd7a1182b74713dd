import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { metricIds } from '../../src/metrics/index.ts'
import { checkRules, readRuleFolder } from '../../src/platform/node/load-rules.ts'
import { evaluate } from '../../src/rules/evaluate.ts'
import { parseRules } from '../../src/rules/parse-rules.ts'
import { rulesJsonSchema } from '../../src/rules/schema.ts'
import { step } from '../../src/rules/step.ts'

const folder = new URL('../../rules', import.meta.url).pathname
const parse = (text: string) => parseRules([{ name: 'a.yaml', text }], metricIds)
const rule = (when: string, more = '') =>
	`rules:\n  - name: one\n    each: feature\n    when: ${JSON.stringify(when)}\n${more}`
const faults = async (text: string) => {
	const parsed = await parse(text)
	return parsed.ok ? [] : parsed.errors.map((e) => `${e.file}:${e.line}: ${e.message}`)
}
const test = async (when: string, facts: Record<string, number | boolean>) => {
	const parsed = await parse(rule(when))
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
	return parsed.ruleSet.rules[0]?.when.test((name) => facts[name])
}

describe('the packaged rules', () => {
	it('are valid, and are described by the schema for editors', async () => {
		expect(await checkRules(folder)).toMatchObject({ ok: true, errors: [] })
		expect(JSON.parse(readFileSync(`${folder}/rules.schema.json`, 'utf8'))).toEqual(
			JSON.parse(JSON.stringify(rulesJsonSchema())),
		)
	})

	it('have a digest of their content, not of its layout', async () => {
		const texts = await readRuleFolder(folder)
		const digest = async (list: typeof texts) => {
			const parsed = await parseRules(list, metricIds)
			return parsed.ok ? parsed.ruleSet.digest : ''
		}
		const spaced = texts.map((t) => ({ ...t, text: `# a remark\n${t.text}\n\n` }))
		const changed = texts.map((t) => ({ ...t, text: t.text.replace('n >= 500', 'n >= 501') }))
		expect(await digest(spaced)).toBe(await digest(texts))
		expect(await digest(changed)).not.toBe(await digest(texts))
	})
})

describe('an invalid rule file', () => {
	it.each([
		[
			'an unknown metric, with the nearest one',
			rule('drift.psj >= 0.2'),
			/a\.yaml:4: .*drift\.psj.*drift\.psi/,
		],
		['a condition that is not CEL', rule('drift.psi >='), /a\.yaml:4/],
		['a condition of another type', rule('drift.psi'), /a\.yaml:4/],
		['a text compared with a number', rule('drift.psi >= "high"'), /a\.yaml:4/],
		['an unknown member', rule('drift.psi >= 0.2', '    widow: 1h\n'), /a\.yaml:5.*widow/],
		['a window that there is not', rule('drift.psi >= 0.2', '    window: 2h\n'), /a\.yaml:5/],
		['an unknown action', rule('drift.psi >= 0.2', '    then: [open-incidnt]\n'), /a\.yaml:5/],
		['a rule that inhibits itself', rule('drift.psi >= 0.2', '    inhibited_by: [one]\n'), /one/],
		['an inhibitor that there is not', rule('drift.psi >= 0.2', '    inhibited_by: [two]\n'), /two/],
		['text that is not YAML', 'rules: [', /a\.yaml/],
		[
			'two rules of one name',
			`${rule('drift.psi >= 0.2')}  - name: one\n    each: feature\n    when: drift.ks > 0.1\n`,
			/one/,
		],
	])('is refused for %s', async (_, text, expected) => {
		expect((await faults(text)).join('\n')).toMatch(expected)
	})

	it('names a cycle of inhibitions', async () => {
		const two = `${rule('drift.psi >= 0.2', '    inhibited_by: [two]\n')}  - name: two\n    each: feature\n    when: drift.ks > 0.1\n    inhibited_by: [one]\n`
		expect((await faults(two)).join()).toMatch(/one.*two|two.*one/)
	})
})

it('a rule that fires inhibits others in the same window', async () => {
	const two = `${rule('drift.psi >= 0.2', '    inhibited_by: [two]\n')}  - name: two\n    each: feature\n    when: drift.ks > 0.1\n`
	const parsed = await parse(two)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
	const fired = (ks: number) => {
		const facts = new Map(Object.entries({ 'drift.psi': 0.3, 'drift.ks': ks }))
		const subjects = [{ feature: 'x', facts, n: 9, m: 9 }]
		const table = { from: 0, to: 1, closed: true, subjects }
		const around = { inhibited: () => false, state: () => undefined }
		return evaluate(parsed.ruleSet.rules, table, new Map(), around).events.map((e) => e.rule.name)
	}
	expect([fired(0.2), fired(0)]).toEqual([['two'], ['one']])
})

describe('conditions are three-valued', () => {
	it.each([
		['drift.psi >= 0.2 && drift.q <= 0.05', { 'drift.psi': 0.1 }, false],
		['drift.psi >= 0.2 && drift.q <= 0.05', { 'drift.psi': 0.3 }, undefined],
		['drift.psi >= 0.2 || drift.q <= 0.05', { 'drift.psi': 0.3 }, true],
		['drift.psi >= 0.2 || drift.q <= 0.05', { 'drift.psi': 0.1 }, undefined],
		['!(drift.psi >= 0.2)', {}, undefined],
		['!(drift.psi >= 0.2)', { 'drift.psi': 0.1 }, true],
		['drift.psi >= 0.2 && n >= 500', { 'drift.psi': 0.3, n: 500 }, true],
		['drift.psi * 2.0 >= 0.5', { 'drift.psi': 0.25 }, true],
	])('%s with %o is %s', async (when, facts, expected) => {
		expect(await test(when, facts)).toBe(expected)
	})
})

describe('the states of an alert', () => {
	const rules = { for: 2, keep: 2, noDataMs: undefined }
	const run = (verdicts: (boolean | undefined)[]) => {
		let state: ReturnType<typeof step>['state']
		return verdicts.map((when, i) => {
			const next = step(state, { when, clear: when === undefined ? undefined : !when }, rules, {
				from: i * 1000,
				windowMs: 1000,
			})
			state = next.state
			return next.event ?? next.state?.status ?? 'inactive'
		})
	}

	it('fire after `for` windows, and resolve after `keep` clear ones', () => {
		expect(run([true, true, true, false, false])).toEqual([
			'pending',
			'fired',
			'firing',
			'firing',
			'resolved',
		])
	})
	it('drop a pending alert after one false window', () => {
		expect(run([true, false, true])).toEqual(['pending', 'inactive', 'pending'])
	})
	it('neither fire nor resolve while facts are unknown', () => {
		expect(run([true, true, undefined, undefined]).slice(2)).toEqual(['firing', 'firing'])
		expect(run([undefined, undefined])).not.toContain('fired')
	})
	it('count clear windows from 0 after one that is not clear', () => {
		expect(run([true, true, false, true, false, false]).at(-1)).toBe('resolved')
		expect(run([true, true, false, true, false]).at(-1)).toBe('firing')
	})
})
