/** How deep JSON of ours may nest. */
export const maxDepth = 32

const [quote, comma, backslash] = [34, 44, 92]
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * How deep a JSON text nests, and about how many values it holds, by its brackets and commas: a parser takes seconds and
 * hundreds of megabytes for some texts of a few. Reads a text in steps, and does not see whether it is JSON.
 */
export class JsonShape {
	at: number
	depth = 0
	values = 1
	private level = 0
	private isText = false
	private readonly text: Uint8Array

	constructor(text: Uint8Array, at = 0) {
		this.text = text
		this.at = at
	}

	/** Reads up to `to`, or the comma or bracket that ends this element of a list. True when it stands there. */
	read(to = this.text.length): boolean {
		const { text } = this
		while (this.at < to) {
			const code = text[this.at]
			if (this.isText) {
				if (code === backslash) this.at++
				else if (code === quote) this.isText = false
			} else if (code === quote) this.isText = true
			else if (code === comma || code === closeList || code === closeObject) {
				if (this.level === 0) return true
				if (code === comma) this.values++
				else this.level--
			} else if (code === openList || code === openObject) {
				this.values++
				if (++this.level > this.depth) this.depth = this.level
			}
			this.at++
		}
		return false
	}

	/** Behind the comma: the next element. */
	next(): void {
		this.at++
		this.depth = 0
		this.values = 1
	}
}

/** The names that lead to what is nested deeper than `maxDepth` levels; undefined when nothing is. */
export function deepPath(value: unknown, left = maxDepth): string[] | undefined {
	if (typeof value !== 'object' || value === null) return undefined
	if (left === 0) return []
	for (const name in value) {
		const path = deepPath((value as Record<string, unknown>)[name], left - 1)
		if (path) return [name, ...path]
	}
	return undefined
}

export const tooDeep = `is nested deeper than ${maxDepth} levels`
