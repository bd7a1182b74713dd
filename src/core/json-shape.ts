/** How deep accepted JSON may nest. */
export const maxDepth = 32

const [quote, comma, backslash] = [34, 44, 92]
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Measures how deep a JSON text nests and about how many values it has, by its brackets and commas, before it is parsed: some
 * texts of a few megabytes take a parser seconds and hundreds of megabytes. Works in steps and does not validate.
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

	/** Reads up to `to`, or up to the comma or bracket that ends this element of a list; true in the latter case. */
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

	/** Moves past the comma, to the next element. */
	next(): void {
		this.at++
		this.depth = 0
		this.values = 1
	}
}

/** The path to the first value nested deeper than `maxDepth` levels; undefined when there is none. */
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
