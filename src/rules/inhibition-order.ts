import type { Rule } from './rule-set.ts'

/** The rules with each one behind those that inhibit it, otherwise by name; or a cycle, its first name repeated at the end. */
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
