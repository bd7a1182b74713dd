import { wordEnd } from './cut-text.ts'

const longest = 300

/** What must not get from another system into a log, a record or an answer, and what stands there instead. */
const secrets: [RegExp, string][] = [
	// The query of a signed URL is its signature; what stands before the host are a name and a password.
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

/** What another system said, fit for logs, records and answers: one short line without credentials. */
export function peerText(said: unknown): string {
	let text = said instanceof Error ? said.message : String(said)
	// Whatever follows would be cut off anyway.
	text = text.slice(0, longest * 20)
	for (const [pattern, instead] of secrets) text = text.replace(pattern, instead)
	const line = text
		.replace(/<[^>]{0,200}>/g, ' ')
		.replace(/\s+/g, ' ')
		.trim()
	return line.length > longest ? `${line.slice(0, wordEnd(line, longest)).toWellFormed()}…` : line
}
