import { sha256Hex } from '../core/bytes.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { buildRule } from './build-rule.ts'
import { type FactNames, factNames } from './facts.ts'
import { type ReadFile, type RuleFault, type RuleText, readRuleFile } from './read-file.ts'
import type { Rule, RuleSet } from './rule-set.ts'
import { RuleInput } from './schema.ts'

export type ParsedRules = { ok: true; ruleSet: RuleSet } | { ok: false; errors: RuleFault[] }

type Placed = { input: RuleInput; file: ReadFile; index: number }

/**
 * Parses rule files as one set: if one file is invalid, the set is. Needs no file system, so that workers can call it.
 * `metricIds` are the ids that conditions can name besides the states of `facts.ts`; `packaged` are the files of
 * Plumbline, which apply if a file extends them.
 */
export async function parseRules(
	texts: readonly RuleText[],
	metricIds: Iterable<string>,
	packaged: readonly RuleText[] = [],
): Promise<ParsedRules> {
	const files = readAll(texts)
	const errors = files.flatMap((file) => file.faults)
	const own = files.flatMap(placedIn)
	const base = readAll(packaged.map((t) => ({ ...t, name: `packaged/${t.name}` }))).flatMap(placedIn)
	errors.push(...checkDisabled(files, base))
	const placed = [...own, ...keptOf(base, files, own)]
	const known = factNames(metricIds)
	errors.push(...checkNames(own, placed, base))
	const rules = placed.flatMap((p) => build(p, known, errors))
	if (errors.length > 0) return { ok: false, errors: errors.sort(byPosition) }
	const ordered = inOrder(rules)
	if ('cycle' in ordered) return { ok: false, errors: [cycleFault(ordered.cycle, placed)] }
	const names = new Set([...rules.map((r) => r.name), ...files.flatMap((f) => f.disable)])
	const leftOut = base.map((p) => p.input.name).filter((name) => !names.has(name))
	const content = canonicalJson(placed.map((p) => p.input).sort((a, b) => (a.name < b.name ? -1 : 1)))
	return { ok: true, ruleSet: { digest: await sha256Hex(content), content, rules: ordered.rules, leftOut } }
}

/** A rule set from its stored content. Throws `invalid` if this version of Plumbline does not support one of its rules. */
export function storedRules(digest: string, content: string, metricIds: Iterable<string>): RuleSet {
	const known = factNames(metricIds)
	const inputs = RuleInput.array().parse(JSON.parse(content))
	const rules = inputs.flatMap((input) => {
		const built = buildRule(input, known, { file: 'stored', line: 1 }, () => {})
		if (built.length > 0) return built
		throw new AppError('invalid', `This version of Plumbline does not support the stored rule ${input.name}.`)
	})
	const ordered = inOrder(rules)
	return { digest, content, rules: 'rules' in ordered ? ordered.rules : rules }
}

const readAll = (texts: readonly RuleText[]): ReadFile[] =>
	[...texts].sort((a, b) => (a.name < b.name ? -1 : 1)).map(readRuleFile)

const placedIn = (file: ReadFile): Placed[] => file.rules.map((input, index) => ({ input, file, index }))

/** The packaged rules that apply beside a folder's own: those that it neither replaces nor disables. */
function keptOf(base: readonly Placed[], files: readonly ReadFile[], own: readonly Placed[]): Placed[] {
	if (!files.some((file) => file.extends)) return []
	const gone = new Set(files.flatMap((file) => file.disable))
	const replaced = new Set(own.map((p) => p.input.name))
	return base
		.filter(({ input }) => !gone.has(input.name) && !replaced.has(input.name))
		.map((p) => ({
			...p,
			input: { ...p.input, inhibited_by: p.input.inhibited_by.filter((name) => !gone.has(name)) },
		}))
}

const byPosition = (a: RuleFault, b: RuleFault) =>
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
		errors.push({ file: file.name, ...at, rule: input.name, message: fault.message })
	})
}

/** Only packaged rules of an extended set can be disabled. */
function checkDisabled(files: readonly ReadFile[], base: readonly Placed[]): RuleFault[] {
	const names = new Set(base.map((p) => p.input.name))
	const isExtended = files.some((file) => file.extends)
	return files.flatMap((file) =>
		file.disable.flatMap((name, i) => {
			if (isExtended && names.has(name)) return []
			const near = nearest(name, names)
			const message = isExtended
				? `disable: there is no packaged rule ${name}.${near ? ` Did you mean ${near}?` : ''}`
				: 'disable: no packaged rule applies, since no file has extends: packaged'
			return [{ file: file.name, ...file.positions.ofValue(['disable', i]), message }]
		}),
	)
}

/** Names must be unique over all files, and `inhibited_by` must name existing rules. */
function checkNames(own: readonly Placed[], placed: readonly Placed[], base: readonly Placed[]): RuleFault[] {
	const first = new Map<string, Placed>()
	const faults: RuleFault[] = []
	const fault = (p: Placed, path: (string | number)[], message: string) =>
		faults.push({
			file: p.file.name,
			...p.file.positions.ofValue(['rules', p.index, ...path]),
			rule: p.input.name,
			message,
		})
	for (const p of own) {
		const other = first.get(p.input.name)
		if (!other) {
			first.set(p.input.name, p)
			continue
		}
		const { line } = other.file.positions.ofValue(['rules', other.index, 'name'])
		fault(p, ['name'], `another rule has the name ${p.input.name}: ${other.file.name}:${line}`)
	}
	const names = new Set(placed.map((p) => p.input.name))
	const packaged = new Set(base.map((p) => p.input.name))
	for (const p of own)
		p.input.inhibited_by.forEach((name, i) => {
			if (!names.has(name)) fault(p, ['inhibited_by', i], unknownInhibitor(name, names, packaged))
		})
	return faults
}

function unknownInhibitor(name: string, names: Set<string>, packaged: Set<string>): string {
	const problem = `inhibited_by: there is no rule ${name}.`
	if (packaged.has(name))
		return `${problem} It is a packaged rule, and those apply only if a file has extends: packaged`
	const near = nearest(name, names)
	return `${problem}${near ? ` Did you mean ${near}?` : ''}`
}

function cycleFault(cycle: readonly string[], placed: readonly Placed[]): RuleFault {
	const at = placed.find((p) => p.input.name === cycle[0]) as Placed
	return {
		file: at.file.name,
		...at.file.positions.ofValue(['rules', at.index, 'inhibited_by']),
		rule: at.input.name,
		message: `inhibited_by: these rules inhibit each other in a cycle: ${cycle.join(' -> ')}`,
	}
}

/** Orders rules by name, each after those that inhibit it. Or answers a cycle, with its first name repeated at the end. */
export function inOrder(rules: readonly Rule[]): { rules: Rule[] } | { cycle: string[] } {
	const byName = new Map(rules.map((rule) => [rule.name, rule]))
	const done = new Set<string>()
	const ordered: Rule[] = []
	const visit = (name: string, path: readonly string[]): string[] | undefined => {
		if (done.has(name)) return undefined
		const seen = path.indexOf(name)
		if (seen >= 0) return [...path.slice(seen), name]
		const rule = byName.get(name)
		for (const other of rule?.inhibitedBy ?? []) {
			const cycle = visit(other, [...path, name])
			if (cycle) return cycle
		}
		done.add(name)
		if (rule) ordered.push(rule)
		return undefined
	}
	for (const name of [...byName.keys()].sort()) {
		const cycle = visit(name, [])
		if (cycle) return { cycle }
	}
	return { rules: ordered }
}
