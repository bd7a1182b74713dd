import type { z } from 'zod'
import { invalid, parseOr422, unstorable } from './faults.ts'

/**
 * The query parameters, parsed by their schema. Throws `invalid`, also for unknown parameters and for a parameter that
 * is given twice: which one counts would be a guess.
 */
export function readQuery(schema: z.ZodObject | undefined, url: string): Record<string, unknown> {
	const at = url.indexOf('?')
	if (at === -1 && schema === undefined) return {}
	const raw: Record<string, string> = Object.create(null)
	for (const [name, value] of new URLSearchParams(at === -1 ? '' : url.slice(at + 1).split('#', 1)[0])) {
		if (Object.hasOwn(raw, name))
			throw invalid('query', [{ path: name, message: 'is given more than once; give it once' }])
		raw[name] = value
	}
	const faults = unstorable(raw)
	if (faults.length > 0) throw invalid('query', faults)
	return schema ? parseOr422(schema, raw, 'query') : refuseAll(raw)
}

function refuseAll(raw: Record<string, string>): Record<string, unknown> {
	const faults = Object.keys(raw).map((name) => ({
		path: name,
		message: 'unknown parameter; there are none here',
	}))
	if (faults.length > 0) throw invalid('query', faults)
	return {}
}

const parts = (accept: string) =>
	accept.split(',').map((part) => {
		const [type = '', ...parameters] = part.split(';').map((p) => p.trim().toLowerCase())
		const q = parameters.find((p) => p.startsWith('q='))
		return { type, q: q === undefined ? 1 : Number(q.slice(2)) }
	})

/** Whether an Accept header allows `type` (RFC 9110, 12.5.1: the most specific range decides). */
export function accepts(accept: string | null, type: string): boolean {
	if (!accept || accept.trim() === '') return true
	const [major] = type.split('/')
	const ranges = parts(accept)
	for (const range of [type, `${major}/*`, '*/*']) {
		const found = ranges.find((r) => r.type === range)
		if (found) return !(found.q <= 0)
	}
	return false
}

/** Whether the client accepts a type by name and does not prefer JSON. */
export function prefers(accept: string | null | undefined, type: string): boolean {
	const ranges = parts(accept ?? '')
	const weight = (name: string) => ranges.find((r) => r.type === name)?.q ?? 0
	return weight(type) > 0 && weight(type) >= weight('application/json')
}

/** Browsers do. */
export const prefersHtml = (accept: string | undefined): boolean => prefers(accept, 'text/html')
