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

/**
 * The names of the members of an object, or of the first of a list, in the order of its text: an object itself puts names
 * like `2023` first. Where it has an object in the member `inside`, the names are of that.
 */
export function memberNames(text: string, inside: string): string[] {
	const open: string[] = []
	const [own, inner] = [new Set<string>(), new Set<string>()]
	let [isName, isInside] = [false, false]
	const first = /^\s*\[/.test(text) ? 2 : 1
	for (const [found] of text.matchAll(token)) {
		if (found === '{' || found === '[') {
			open.push(found)
			isName = found === '{'
		} else if (found === '}' || found === ']') {
			open.pop()
			if (open.length < first) break
		} else if (found === ',') isName = open.at(-1) === '{'
		else if (isName && found.startsWith('"')) {
			isName = false
			const name = JSON.parse(found) as string
			if (open.length === first) {
				own.add(name)
				isInside = name === inside
			} else if (isInside && open.length === first + 1) inner.add(name)
		}
	}
	return [...(inner.size > 0 ? inner : own)]
}
