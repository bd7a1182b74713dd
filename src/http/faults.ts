import type { z } from 'zod'
import { AppError, type Fault } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'

const maxFaults = 50

/** The strict object that raised the issue knows its members; zod drops it before the issue reaches us. */
type RawIssue = {
	code?: string
	keys?: readonly string[]
	input?: unknown
	values?: readonly unknown[]
	inst?: unknown
}
const membersOf = (inst: unknown): string[] =>
	Object.keys((inst as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape ?? {})

/** Parses with `schema`. Throws `invalid` with the path of each fault; unknown members come with the nearest known name. */
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
	return new AppError('invalid', `The ${what} is wrong. ${where}${first?.message ?? ''}${rest}`, { faults })
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
