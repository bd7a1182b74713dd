import {
	type Document,
	isMap,
	isNode,
	isPair,
	isScalar,
	type LineCounter,
	type Node,
	type Scalar,
} from 'yaml'

export type Position = { line: number; column: number }
type Path = readonly PropertyKey[]

/** Finds where things stand in a YAML file, so that every error can say file:line:column. */
export class Positions {
	private readonly document: Document
	private readonly lines: LineCounter
	private readonly text: string

	constructor(document: Document, lines: LineCounter, text: string) {
		this.document = document
		this.lines = lines
		this.text = text
	}

	at(offset: number): Position {
		const { line, col } = this.lines.linePos(Math.max(0, offset))
		return { line: Math.max(1, line), column: Math.max(1, col) }
	}

	/** Of the value at the path; of the nearest thing around it that exists when it does not. */
	ofValue(path: Path): Position {
		for (let length = path.length; length >= 0; length--) {
			const node = this.node(path.slice(0, length))
			if (node?.range) return this.at(node.range[0])
		}
		return { line: 1, column: 1 }
	}

	/** Of a key in the map at the path. */
	ofKey(path: Path, key: string): Position {
		const map = this.node(path)
		if (isMap(map)) {
			for (const pair of map.items) {
				const node = isPair(pair) ? pair.key : undefined
				if (isScalar(node) && String(node.value) === key && node.range) return this.at(node.range[0])
			}
		}
		return this.ofValue(path)
	}

	/** Of a character in the text at the path, however the text is quoted; of `word` where it is folded over lines. */
	inText(path: Path, offset: number, word: string): Position {
		const node = this.node(path)
		if (!isScalar(node) || !node.range) return this.ofValue(path)
		const [start, end] = node.range
		const source = this.text.slice(start, end)
		const quote = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : 0
		if (source.slice(quote, quote + valueOf(node).length) === valueOf(node))
			return this.at(start + quote + offset)
		const before = valueOf(node).slice(0, offset)
		const found = word === '' ? -1 : nth(source, word, before.split(word).length)
		return this.at(start + Math.max(0, found))
	}

	private node(path: Path): Node | undefined {
		const node =
			path.length === 0 ? this.document.contents : this.document.getIn(path as (string | number)[], true)
		return isNode(node) ? node : undefined
	}
}

const valueOf = (node: Scalar): string => String(node.value)

/** The index of the nth occurrence; -1 when there are fewer. */
function nth(text: string, word: string, count: number): number {
	let index = -1
	for (let i = 0; i < count; i++) index = text.indexOf(word, index + 1)
	return index
}
