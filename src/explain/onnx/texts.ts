import { FeatureError } from '../model.ts'
import type { Texts } from './columns.ts'
import type { OnnxGraph } from './read-onnx.ts'

/** Texts that rows may bring beside those of the graph: a bound on memory. */
const mostTexts = 100_000

/** Numbers for the texts of a graph, in which rows are kept as numbers alone. */
export function openTexts(graph: OnnxGraph): Texts {
	const list: string[] = []
	const codes = new Map<string, number>()
	const add = (text: string): number => {
		const at = codes.get(text) ?? list.push(text) - 1
		codes.set(text, at)
		return at
	}
	for (const { op, attributes } of graph.nodes)
		if (op === 'OneHotEncoder' || op === 'LabelEncoder')
			for (const name of ['cats_strings', 'keys_strings']) attributes.get(name)?.texts.forEach(add)
	const known = new Set(list)
	const code = (text: string): number => {
		if (list.length >= known.size + mostTexts && !codes.has(text))
			throw new FeatureError('', `more than ${mostTexts} different texts: this is no category`)
		return add(text)
	}
	return { code, text: (at) => list[at] ?? '', known }
}
