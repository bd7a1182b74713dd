import { wordEnd } from './cut-text.ts'

const maxLength = 300

/** Secrets that must not pass from another system into logs, records and responses, and their replacement. */
const secrets: [RegExp, string][] = [
	// The query of a signed URL contains its signature; before the host there may be a user and password.
	[/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"'<>]*@/gi, '$1'],
	[/\b([a-z][a-z0-9+.-]*:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/gi, '$1?…'],
	[/\b(bearer|basic)\s+(?=\S*[\d=+/._-])[^\s,;"'<>]{4,}/gi, '$1 …'],
	[
		/\b((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]*(?:key|token|signature|secret|auth)[a-z-]*)["']?\s*[:=][^\r\n]*/gi,
		'$1: …',
	],
	[
		/\b([\w-]*(?:api[_-]?key|access[_-]?key(?:[_-]?id)?|token|secret|passw(?:or)?d|signature|credential))(["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&"'<>]+)/gi,
		'$1$2…',
	],
	[/\b(?:xox[a-z]|xapp|plk|whsec|ghp|gho|sk|pk)[-_][\w-]{8,}/g, '…'],
	[/\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g, '…'],
	[/\beyJ[\w-]{10,}(?:\.[\w-]+){1,2}/g, '…'],
]

/** A message of another system, fit for logs, records and responses: one short line without credentials. */
export function peerText(message: unknown): string {
	let text = message instanceof Error ? message.message : String(message)
	// The rest would be cut off anyway.
	text = text.slice(0, maxLength * 20)
	for (const [pattern, instead] of secrets) text = text.replace(pattern, instead)
	const line = text
		.replace(/<[^>]{0,200}>/g, ' ')
		.replace(/\s+/g, ' ')
		.trim()
	return line.length > maxLength ? `${line.slice(0, wordEnd(line, maxLength)).toWellFormed()}…` : line
}
