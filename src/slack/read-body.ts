import { deepPath } from '../core/json-shape.ts'

/** The bytes of a body; undefined when there are more than `most`, of which no more are read. */
export async function readBody(request: Request, most: number): Promise<Uint8Array | undefined> {
	if (Number(request.headers.get('content-length') ?? 0) > most) return undefined
	const parts: Uint8Array[] = []
	let size = 0
	for await (const part of request.body ?? []) {
		size += part.byteLength
		if (size > most) return undefined
		parts.push(part)
	}
	const bytes = new Uint8Array(size)
	let at = 0
	for (const part of parts) {
		bytes.set(part, at)
		at += part.byteLength
	}
	return bytes
}

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value)

/** What Slack sent: JSON, a form, or JSON in the form's `payload`. Undefined when it is none of these. */
export function parseBody(bytes: Uint8Array, type: string): Record<string, unknown> | undefined {
	const text = new TextDecoder().decode(bytes)
	try {
		const form = new URLSearchParams(text)
		const json = type.startsWith('application/json') ? text : form.get('payload')
		const body: unknown = json === null ? Object.fromEntries(form) : JSON.parse(json)
		return isObject(body) && deepPath(body) === undefined ? body : undefined
	} catch {
		return undefined
	}
}
