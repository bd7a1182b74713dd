import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { nearest } from '../core/nearest.ts'
import { type Issue, messageOf, Positions, type RuleFault, type RuleText } from './read-file.ts'

export type ReadYaml<T> = { ok: true; value: T; positions: Positions } | { ok: false; faults: RuleFault[] }

/**
 * Reads the YAML of one file in the shape of a schema. `keysAt` names the members that can be at a path, so that an
 * unknown one is answered with the nearest.
 */
export function readYaml<S extends z.ZodType>(
	{ name, text }: RuleText,
	schema: S,
	keysAt: (path: readonly PropertyKey[]) => readonly string[],
): ReadYaml<z.output<S>> {
	const lines = new LineCounter()
	const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
	const positions = new Positions(document, lines, text)
	const [broken] = document.errors
	if (broken) {
		const message = `invalid YAML: ${broken.message}`
		return { ok: false, faults: [{ file: name, ...positions.at(broken.pos[0]), message }] }
	}
	let content: unknown
	try {
		content = document.toJS({ maxAliasCount: 100 })
		if (containsItself(content)) throw new Error('an alias stands inside of its own anchor, which is a cycle')
	} catch (error) {
		const message = `invalid YAML: ${(error as Error).message}`
		return { ok: false, faults: [{ file: name, line: 1, column: 1, message }] }
	}
	// An empty file, or one with only comments.
	const parsed = schema.safeParse(content ?? {}, { reportInput: true })
	if (parsed.success) return { ok: true, value: parsed.data, positions }
	const faults = parsed.error.issues.flatMap((issue) => describe(issue, positions, keysAt))
	return { ok: false, faults: faults.map(([message, at]) => ({ file: name, ...at, message })) }
}

/** Whether aliases make a value part of itself. */
function containsItself(value: unknown, around: readonly unknown[] = []): boolean {
	if (typeof value !== 'object' || value === null) return false
	return around.includes(value) || Object.values(value).some((v) => containsItself(v, [...around, value]))
}

type Described = [message: string, at: { line: number; column: number }]

function describe(
	issue: Issue,
	positions: Positions,
	keysAt: (path: readonly PropertyKey[]) => readonly string[],
): Described[] {
	const { path } = issue
	if (issue.code !== 'unrecognized_keys') return [[messageOf(issue), positions.ofValue(path)]]
	const known = keysAt(path)
	return issue.keys.map((key) => {
		const near = nearest(key, known)
		const next = near ? `Did you mean ${near}?` : `There are ${known.join(', ')}.`
		return [`unknown member ${JSON.stringify(key)}. ${next}`, positions.ofKey(path, key)]
	})
}
