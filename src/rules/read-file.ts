import {
	type Document,
	isMap,
	isNode,
	isPair,
	isScalar,
	LineCounter,
	type Node,
	parseDocument,
	type Scalar,
} from 'yaml'
import type { z } from 'zod'
import { nearest } from '../core/nearest.ts'
import { type ActionName, actionNames } from './rule-set.ts'
import { actionOptions, RuleFile, RuleInput } from './schema.ts'

/** What is wrong with a rule file, and where. Lines and columns count from 1. */
export type RuleFault = Position & { file: string; rule?: string; message: string }
export type RuleText = { name: string; text: string }
export type ReadFile = {
	name: string
	/** Whether the file has `extends: packaged`. */
	extends: boolean
	disable: string[]
	rules: RuleInput[]
	positions: Positions
	faults: RuleFault[]
}

/** Reads the YAML of one file and checks its shape. Conditions and references are checked with the whole set. */
export function readRuleFile({ name, text }: RuleText): ReadFile {
	const lines = new LineCounter()
	const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
	const positions = new Positions(document, lines, text)
	const fault = (message: string, at: Position): RuleFault => ({ file: name, ...at, message })
	const empty = { name, extends: false, disable: [], rules: [], positions }
	if (document.errors.length > 0) {
		const faults = document.errors.map((e) => fault(`invalid YAML: ${e.message}`, positions.at(e.pos[0])))
		return { ...empty, faults }
	}
	const content = toValue(() => document.toJS({ maxAliasCount: 100 }))
	if (content instanceof Error) return { ...empty, faults: [fault(content.message, { line: 1, column: 1 })] }
	// An empty file, or one with only comments, has no rules.
	if (content === null || content === undefined) return { ...empty, faults: [] }
	const parsed = RuleFile.safeParse(content, { reportInput: true })
	if (parsed.success) {
		const { rules, disable, extends: base } = parsed.data
		const isBare = base === undefined && !('rules' in (content as object))
		const faults = isBare ? [fault('rules: is missing', positions.ofValue([]))] : []
		return { ...empty, extends: base !== undefined, disable, rules, faults }
	}
	const faults = parsed.error.issues.flatMap((issue) =>
		describe(issue, content, positions).map(([message, at]) => fault(message, at)),
	)
	return { ...empty, faults }
}

function toValue(read: () => unknown): unknown {
	try {
		return read()
	} catch (error) {
		return error as Error
	}
}

export type Issue = z.core.$ZodIssue
type Described = [message: string, at: Position]

function describe(issue: Issue, content: unknown, positions: Positions): Described[] {
	const { path } = issue
	if (issue.code === 'unrecognized_keys')
		return issue.keys.map((key) => [unknownKey(key, path), positions.ofKey(path, key)])
	if (issue.code === 'invalid_union') return describeUnion(issue, content, positions)
	return [[messageOf(issue), positions.ofValue(path)]]
}

const ruleKeys = Object.keys(RuleInput.shape)

function unknownKey(key: string, path: readonly PropertyKey[]): string {
	const known = path.length === 0 ? Object.keys(RuleFile.shape) : path.length === 2 ? ruleKeys : []
	const near = nearest(key, known)
	return `unknown member ${JSON.stringify(key)}.${near ? ` Did you mean ${near}?` : known.length > 0 ? ` There are ${known.join(', ')}.` : ''}`
}

export function messageOf(issue: Issue): string {
	const last = issue.path.findLast((part) => typeof part === 'string')
	const where = last === undefined ? '' : `${String(last)}: `
	if (issue.code === 'invalid_type' && issue.input === undefined && issue.message.includes('undefined'))
		return `${where}is missing`
	if (issue.code === 'invalid_value') {
		const given = typeof issue.input === 'string' ? nearest(issue.input, issue.values.map(String)) : undefined
		return `${where}must be one of ${issue.values.map(String).join(', ')}${given ? `. Did you mean ${given}?` : ''}`
	}
	return `${where}${issue.message.replace(/^Invalid input: /, '')}`
}

/** A union's own message says nothing: an action is checked against its options instead. */
function describeUnion(
	issue: Extract<Issue, { code: 'invalid_union' }>,
	content: unknown,
	positions: Positions,
): Described[] {
	const { path } = issue
	const given = path.reduce<unknown>(
		(value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
		content,
	)
	if (path[2] === 'then' && path.length === 4) return describeAction(given, path, positions)
	const branch = issue.errors.find((errors) =>
		errors.every((e) => e.code !== 'invalid_type' || e.path.length > 0),
	)
	const [first] = branch ?? issue.errors[0] ?? []
	if (!first) return [[messageOf(issue), positions.ofValue(path)]]
	return describe({ ...first, path: [...path, ...first.path] } as Issue, content, positions)
}

function describeAction(given: unknown, path: readonly PropertyKey[], positions: Positions): Described[] {
	const [name, ...more] = typeof given === 'string' ? [given] : Object.keys((given ?? {}) as object)
	if (name === undefined || more.length > 0)
		return [
			[
				'then: an action is a name, or one name with options, such as notify: { channel: "#ml" }',
				positions.ofValue(path),
			],
		]
	if (!(actionNames as readonly string[]).includes(name)) {
		const near = nearest(name, actionNames)
		const next = near ? `Did you mean ${near}?` : `There are ${actionNames.join(', ')}.`
		return [[`unknown action ${JSON.stringify(name)}. ${next}`, positions.ofKey(path, name)]]
	}
	const options = typeof given === 'string' ? {} : ((given as Record<string, unknown>)[name] ?? {})
	const parsed = actionOptions[name as ActionName].safeParse(options)
	if (parsed.success) return [[`${name}: needs its options written as a map`, positions.ofKey(path, name)]]
	return parsed.error.issues.map((issue) => {
		const inner = [...path, name, ...issue.path]
		if (issue.code === 'unrecognized_keys') {
			const [key = ''] = issue.keys
			const near = nearest(key, Object.keys(actionOptions[name as ActionName].shape))
			return [
				`${name}: unknown option ${JSON.stringify(key)}.${near ? ` Did you mean ${near}?` : ''}`,
				positions.ofKey(inner, key),
			]
		}
		return [`${name}: ${messageOf({ ...issue, path: issue.path } as Issue)}`, positions.ofValue(inner)]
	})
}

export type Position = { line: number; column: number }
type Path = readonly PropertyKey[]

/** Finds the position of values in a YAML file, so that every error can say file:line:column. */
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

	/** The position of the value at the path, or of the innermost value around it that exists. */
	ofValue(path: Path): Position {
		for (let length = path.length; length >= 0; length--) {
			const node = this.node(path.slice(0, length))
			if (node?.range) return this.at(node.range[0])
		}
		return { line: 1, column: 1 }
	}

	/** The position of a key in the map at the path. */
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

	/** The position of a character in the text at the path; of `word` if the text is folded over lines. */
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
