import type { Texts } from './columns.ts'
import type { OnnxGraph } from './read-onnx.ts'

/** Texts that rows brought and that are remembered beside those of the graph: a bound on memory. */
const maxTexts = 100_000

/**
 * Numbers for the texts of a graph, in which rows are kept as numbers alone. Of the texts that rows bring the oldest are
 * forgotten when there are very many; a number is never given twice, so a row that was kept for too long is an error.
 */
export function openTexts(graph: OnnxGraph): Texts {
	const codes = new Map<string, number>()
	const texts = new Map<number, string>()
	let next = 0
	const add = (text: string): number => {
		codes.set(text, next)
		texts.set(next, text)
		return next++
	}
	for (const { op, attributes } of graph.nodes)
		if (op === 'OneHotEncoder' || op === 'LabelEncoder')
			for (const name of ['cats_strings', 'keys_strings'])
				for (const text of attributes.get(name)?.texts ?? []) if (!codes.has(text)) add(text)
	const known = new Set(codes.keys())
	let oldest = next
	return {
		known,
		code(text) {
			const code = codes.get(text) ?? add(text)
			if (next - oldest > maxTexts) {
				codes.delete(texts.get(oldest) as string)
				texts.delete(oldest++)
			}
			return code
		},
		text(code) {
			const text = texts.get(code)
			if (text === undefined) throw new RangeError('the row was encoded too long ago: encode it again')
			return text
		},
	}
}
