/** What Python's json writes for what JSON has no word for. */
const bareWords = 'NaN|-?Infinity|nan|-?inf|None|True|False|undefined'
const token = new RegExp(`"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"|[[\\]{},]|(?<![\\w.])(?:${bareWords})(?!\\w)`, 'gs')

/**
 * Why a text is not JSON, in words: for a bare NaN what to send instead and, in a list, in which row it stands. Rows
 * count from `first`.
 */
export function jsonFault(text: string, error: unknown, first = 0): string {
	let depth = 0
	let row = first
	const isList = /^\s*\[/.test(text)
	for (const [found] of text.matchAll(token)) {
		if (found === '[' || found === '{') depth++
		else if (found === ']' || found === '}') depth--
		else if (found === ',') row += depth === 1 ? 1 : 0
		else if (!found.startsWith('"')) {
			const isBoolean = found === 'True' || found === 'False'
			const where = isList ? `row ${row} has` : 'it has'
			return isBoolean || found === 'None'
				? `${where} a bare ${found}, which is Python and not JSON: send ${isBoolean ? found.toLowerCase() : 'null'}`
				: `${where} a bare ${found}: send null (NaN and Infinity are not JSON: write null)`
		}
	}
	return (error as Error).message.slice(0, 250)
}

/** The names of an object's members in the order of its text: an object itself puts names like `2023` first. */
export function memberNames(text: string): string[] {
	const names = new Set<string>()
	let depth = 0
	let isName = false
	for (const [found] of text.matchAll(token)) {
		if (found === '{' || found === '[') isName = ++depth === 1 && found === '{'
		else if (found === '}' || found === ']') depth--
		else if (found === ',') isName = depth === 1
		else if (depth === 1 && isName && found.startsWith('"')) {
			names.add(JSON.parse(found))
			isName = false
		}
	}
	return [...names]
}
