import { sha256Hex } from '../core/bytes.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { nearest } from '../core/nearest.ts'
import { buildRule } from './build-rule.ts'
import { type FactNames, factNames } from './facts.ts'
import { inOrder } from './inhibition-order.ts'
import { type ReadFile, type RuleFault, type RuleText, readRuleFile } from './read-file.ts'
import type { Rule, RuleSet } from './rule-set.ts'
import type { RuleInput } from './schema.ts'

export type ParsedRules = { ok: true; ruleSet: RuleSet } | { ok: false; errors: RuleFault[] }

type Placed = { input: RuleInput; file: ReadFile; index: number }

/**
 * Parses rule files as one set: all of it is right, or nothing is used. Needs no file system, so that workers can call it.
 * `metricIds` are the ids that conditions may name, besides the states of `facts.ts`.
 */
export async function parseRules(
	texts: readonly RuleText[],
	metricIds: Iterable<string>,
): Promise<ParsedRules> {
	const files = [...texts].sort((a, b) => (a.name < b.name ? -1 : 1)).map(readRuleFile)
	const errors = files.flatMap((file) => file.faults)
	const placed = files.flatMap((file) => file.rules.map((input, index) => ({ input, file, index })))
	const known = factNames(metricIds)
	errors.push(...checkNames(placed))
	const rules = placed.flatMap((p) => build(p, known, errors))
	if (errors.length > 0) return { ok: false, errors: errors.sort(byPlace) }
	const ordered = inOrder(rules)
	if ('cycle' in ordered) return { ok: false, errors: [cycleFault(ordered.cycle, placed)] }
	const content = canonicalJson(placed.map((p) => p.input).sort((a, b) => (a.name < b.name ? -1 : 1)))
	return { ok: true, ruleSet: { digest: await sha256Hex(content), content, rules: ordered.rules } }
}

const byPlace = (a: RuleFault, b: RuleFault) =>
	a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column

function build(placed: Placed, known: FactNames, errors: RuleFault[]): Rule[] {
	const { input, file, index } = placed
	const place = { file: file.name, line: file.positions.ofValue(['rules', index]).line }
	return buildRule(input, known, place, (path, fault) => {
		const full = ['rules', index, ...path]
		const at =
			fault.offset === undefined
				? file.positions.ofValue(full)
				: file.positions.inText(full, fault.offset, fault.word ?? '')
		errors.push({ file: file.name, ...at, message: fault.message })
	})
}

/** Names are unique over all files, and `inhibited_by` names rules that there are. */
function checkNames(placed: readonly Placed[]): RuleFault[] {
	const first = new Map<string, Placed>()
	const faults: RuleFault[] = []
	for (const p of placed) {
		const other = first.get(p.input.name)
		if (!other) first.set(p.input.name, p)
		else {
			const { line } = other.file.positions.ofValue(['rules', other.index, 'name'])
			const message = `another rule is called ${p.input.name}: ${other.file.name}:${line}`
			faults.push({ file: p.file.name, ...p.file.positions.ofValue(['rules', p.index, 'name']), message })
		}
	}
	for (const p of placed) {
		p.input.inhibited_by.forEach((name, i) => {
			if (first.has(name)) return
			const near = nearest(name, first.keys())
			const message = `inhibited_by: there is no rule ${name}.${near ? ` Did you mean ${near}?` : ''}`
			faults.push({
				file: p.file.name,
				...p.file.positions.ofValue(['rules', p.index, 'inhibited_by', i]),
				message,
			})
		})
	}
	return faults
}

function cycleFault(cycle: readonly string[], placed: readonly Placed[]): RuleFault {
	const at = placed.find((p) => p.input.name === cycle[0]) as Placed
	return {
		file: at.file.name,
		...at.file.positions.ofValue(['rules', at.index, 'inhibited_by']),
		message: `inhibited_by: these rules inhibit each other in a circle: ${cycle.join(' -> ')}`,
	}
}
