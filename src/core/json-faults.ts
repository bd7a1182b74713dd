/**
 * What JSON.parse accepts or reports without a location: a duplicate member, a word that is not JSON, or too deep nesting.
 */
export type JsonFault = { kind: 'twice' | 'word' | 'deep'; path: (string | number)[]; message: string }

// Punctuation, a string without its quotes, or anything else up to the next of either.
const token = /\s*(?:([{}[\],:])|"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s{}[\],:"]+))/y
const jsonWord = /^(?:true|false|null|-?\d.*)$/
const cures: ReadonlyMap<string, string> = new Map([
	...['NaN', 'nan', 'Infinity', '-Infinity', 'inf', '-inf', 'None', 'undefined', 'NA'].map(
		(word) => [word, 'null'] as const,
	),
	['True', 'true'],
	['False', 'false'],
])

type Level = { names?: Set<string>; at: string | number }

/**
 * The faults of a text that begins like an array or object. The search ends at the first word that is not JSON, and at more
 * than `maxLevels` levels.
 */
export function* findJsonFaults(text: string, maxLevels = Number.POSITIVE_INFINITY): Generator<JsonFault> {
	const levels: Level[] = []
	let isName = false
	const path = () => levels.map((level) => level.at)
	token.lastIndex = 0
	for (;;) {
		const at = token.lastIndex
		const [all, mark, quoted, word] = token.exec(text) ?? []
		if (all === undefined) return
		// The pattern is shared: a caller may scan another text in between.
		const next = at + all.length
		const level = levels.at(-1)
		if (mark === '{') levels.push({ names: new Set(), at: '' })
		else if (mark === '[') levels.push({ at: 0 })
		else if (mark === '}' || mark === ']') levels.pop()
		else if (mark === ',' && typeof level?.at === 'number') level.at++
		if (levels.length > maxLevels) {
			yield { kind: 'deep', path: path(), message: `is nested deeper than ${maxLevels} levels` }
			return
		}
		if (isName && quoted !== undefined && level?.names) {
			level.at = nameOf(quoted)
			if (level.names.has(level.at))
				yield { kind: 'twice', path: path(), message: 'is there twice in one object' }
			level.names.add(level.at)
		}
		if (word !== undefined && !jsonWord.test(word)) {
			const cure = cures.get(word)
			yield {
				kind: 'word',
				path: path(),
				message: `is a bare ${shown(word)}, which is not JSON${cure ? `: send ${cure}` : ''}`,
			}
			return
		}
		isName = mark === '{' || (mark === ',' && level?.names !== undefined)
		token.lastIndex = next
	}
}

/** Why a text is not JSON: the wrong word with its row (counted from `from`) and path, or the parser's message. */
export function whyNotJson(text: string, cause: unknown, from = 0): string {
	if (cause instanceof RangeError) return 'it is nested too deeply'
	const fault = firstWord(text)
	if (!fault) return (cause as Error).message.slice(0, 250).toWellFormed()
	const [first, ...rest] = fault.path
	const places = typeof first === 'number' ? [`row ${first + from}`, rest.join('.')] : [fault.path.join('.')]
	return `${places.filter((place) => place !== '').join(', ')} ${fault.message}`.trim()
}

function firstWord(text: string): JsonFault | undefined {
	for (const fault of findJsonFaults(text)) if (fault.kind === 'word') return fault
	return undefined
}

const shown = (word: string) => word.slice(0, 40).toWellFormed()

function nameOf(quoted: string): string {
	if (!quoted.includes('\\')) return quoted
	try {
		return JSON.parse(`"${quoted}"`)
	} catch {
		return quoted
	}
}
