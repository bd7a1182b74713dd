const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},]/gs

/**
 * The member names of a JSON object, or of the first in a list, in the order of the text (a parsed object puts names such as
 * `2023` first). Where its member `inside` is an object, the names are those of that object.
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
