import type { z } from 'zod'
import { AppError, type Fault } from '../core/errors.ts'
import { maxDepth, tooDeep } from '../core/json-shape.ts'
import { nearest } from '../core/nearest.ts'

const maxFaults = 50

/** What zod knows while it raises an issue: the strict object itself is not in the issue that it returns. */
type RawIssue = {
	code?: string
	keys?: readonly string[]
	input?: unknown
	values?: readonly unknown[]
	inst?: unknown
}
const membersOf = (inst: unknown): string[] =>
	Object.keys((inst as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape ?? {})

/** Parses with `schema`. Throws `invalid` with the path of each fault, and the nearest known name for an unknown member. */
export function parseOr422<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
	const known = new Map<readonly string[], string[]>()
	const result = schema.safeParse(value, {
		error: (raw) => {
			const issue = raw as unknown as RawIssue
			if (issue.code === 'unrecognized_keys' && issue.keys) known.set(issue.keys, membersOf(issue.inst))
			if (issue.code === 'invalid_value') return valueMessage(issue)
			if (issue.code === 'invalid_type' && issue.input === undefined) return 'is required'
			return undefined
		},
	})
	if (result.success) return result.data
	const faults = result.error.issues.flatMap((issue) => toFaults(issue, known, what)).slice(0, maxFaults)
	throw invalid(what, faults)
}

export const invalid = (what: string, faults: readonly Fault[]): AppError => {
	const first = faults[0]
	const rest = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
	const where = first?.path ? `${first.path}: ` : ''
	return new AppError('invalid', `The ${what} is invalid. ${where}${first?.message ?? ''}${rest}`, { faults })
}

function valueMessage(issue: RawIssue): string {
	const allowed = (issue.values ?? []).map(String)
	const near = typeof issue.input === 'string' ? nearest(issue.input, allowed) : undefined
	return `must be one of ${allowed.join(', ')}${near ? `; did you mean ${JSON.stringify(near)}?` : ''}`
}

function toFaults(issue: z.core.$ZodIssue, known: Map<readonly string[], string[]>, what: string): Fault[] {
	const path = issue.path.map(String)
	if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }]
	const members = known.get(issue.keys) ?? []
	return issue.keys.slice(0, maxFaults).map((key) => {
		const near = nearest(key, members)
		const hint = near
			? `did you mean ${JSON.stringify(near)}?`
			: `known here: ${members.join(', ') || 'none'}`
		const kind = what === 'query' ? 'parameter' : 'member'
		return {
			path: [...path, key.slice(0, 256).toWellFormed()].join('.'),
			message: `unknown ${kind}; ${hint}`,
		}
	})
}

const maxUnstorable = 20

// Some database drivers end a text at a NUL; a lone surrogate has no UTF-8 form, so it would be read back changed.
const textFault = (text: string): string | undefined => {
	if (text.includes('\u0000')) return 'contains a NUL character (U+0000), which cannot be stored'
	if (!text.isWellFormed()) return 'contains a lone surrogate, which is not Unicode text'
	return undefined
}

/**
 * What cannot be stored as it was sent: NULs, lone surrogates, numbers that overflowed, nesting beyond 32 levels.
 * At most 20 faults; empty if everything can be stored.
 */
export function unstorable(value: unknown): Fault[] {
	const faults: Fault[] = []
	visit(value, [], faults)
	return faults
}

function visit(value: unknown, path: readonly string[], faults: Fault[]): void {
	if (faults.length >= maxUnstorable) return
	if (path.length > maxDepth) add(faults, path, tooDeep)
	else if (typeof value === 'string') {
		const fault = textFault(value)
		if (fault) add(faults, path, fault)
	} else if (typeof value === 'number') {
		if (!Number.isFinite(value)) add(faults, path, 'is too large for a double')
	} else if (typeof value === 'object' && value !== null) visitMembers(value, path, faults)
}

function visitMembers(value: object, path: readonly string[], faults: Fault[]): void {
	const named = !Array.isArray(value)
	for (const [key, member] of Object.entries(value)) {
		const fault = named ? textFault(key) : undefined
		if (fault) add(faults, path, `has a member whose name ${fault}`)
		else visit(member, [...path, key], faults)
		if (faults.length >= maxUnstorable) return
	}
}

const add = (faults: Fault[], path: readonly string[], message: string): void => {
	faults.push({ path: path.slice(0, 8).join('.'), message })
}
