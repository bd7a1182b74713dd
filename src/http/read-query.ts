import type { z } from 'zod'
import { unstorable } from './clean-json.ts'
import { invalid, parseOr422 } from './faults.ts'

/**
 * The query parameters by their schema. A parameter that stands twice is a mistake: which one counts would be a guess.
 * Throws `invalid`, also for unknown parameters.
 */
export function readQuery(schema: z.ZodObject | undefined, url: string): Record<string, unknown> {
	const at = url.indexOf('?')
	if (at === -1 && schema === undefined) return {}
	const raw: Record<string, string> = Object.create(null)
	for (const [name, value] of new URLSearchParams(at === -1 ? '' : url.slice(at + 1).split('#', 1)[0])) {
		if (Object.hasOwn(raw, name))
			throw invalid('query', [{ path: name, message: 'stands more than once; give it once' }])
		raw[name] = value
	}
	const faults = unstorable(raw)
	if (faults.length > 0) throw invalid('query', faults)
	return schema ? parseOr422(schema, raw, 'query') : refuseAll(raw)
}

function refuseAll(raw: Record<string, string>): Record<string, unknown> {
	const faults = Object.keys(raw).map((name) => ({
		path: name,
		message: 'unknown parameter; this takes none',
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

/** Whether a client with this Accept header takes `type` (RFC 9110, 12.5.1: the most specific range decides). */
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

/** Whether the client names HTML, as browsers do, and likes JSON no better. */
export function prefersHtml(accept: string | undefined): boolean {
	const ranges = parts(accept ?? '')
	const weight = (type: string) => ranges.find((r) => r.type === type)?.q ?? 0
	return weight('text/html') > 0 && weight('text/html') >= weight('application/json')
}
