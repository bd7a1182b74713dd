import type { Fault } from '../core/errors.ts'
import { maxDepth, tooDeep } from '../core/json-shape.ts'

const maxFaults = 20

// A NUL ends a text in some of the drivers; a lone surrogate has no UTF-8 form, so it would come back as another text.
const textFault = (text: string): string | undefined => {
	if (text.includes('\u0000')) return 'contains a NUL character (U+0000), which cannot be stored'
	if (!text.isWellFormed()) return 'contains a lone surrogate, which is not Unicode text'
	return undefined
}

/**
 * What in a parsed JSON value cannot be stored as it was sent: NULs, lone surrogates, numbers that overflowed,
 * nesting beyond 32 levels. At most 20 faults; empty when all is well.
 */
export function unstorable(value: unknown): Fault[] {
	const faults: Fault[] = []
	visit(value, [], faults)
	return faults
}

function visit(value: unknown, path: readonly string[], faults: Fault[]): void {
	if (faults.length >= maxFaults) return
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
		if (faults.length >= maxFaults) return
	}
}

const add = (faults: Fault[], path: readonly string[], message: string): void => {
	faults.push({ path: path.slice(0, 8).join('.'), message })
}
