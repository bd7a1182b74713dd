import { parse } from '@bufbuild/cel'
import { nearest } from '../core/nearest.ts'
import { compileExpr, type Expr, ExprError } from './compile-expr.ts'
import type { FactNames, Lookup } from './facts.ts'

/** A compiled condition. `test` is three-valued: undefined when the facts that are missing could decide it. */
export type Condition = {
	text: string
	/** The facts that it names, in the order in which they stand. */
	names: readonly string[]
	expr: Expr
	test(facts: Lookup): boolean | undefined
}

/** What is wrong with a condition; `offset` is in characters from its start. */
export class ConditionError extends Error {
	readonly offset: number
	readonly word: string

	constructor(message: string, offset: number, word = '') {
		super(message)
		this.name = 'ConditionError'
		this.offset = offset
		this.word = word
	}
}

/** Reads a CEL condition and checks it against the names and types of the facts. Throws ConditionError. */
export function compileCondition(text: string, known: FactNames): Condition {
	const { expr, sourceInfo } = parseCel(text)
	const names: string[] = []
	const offsetOf = (id: bigint) => sourceInfo?.positions[String(id)] ?? 0
	const typeOf = (name: string) => {
		const fact = known.get(name)
		if (fact) {
			if (!names.includes(name)) names.push(name)
			return fact.type
		}
		const near = nearest(name, known.keys())
		throw new ExprError(
			`unknown metric ${JSON.stringify(name)}.${near ? ` Did you mean ${near}?` : ' Metric ids are listed in the documentation.'}`,
			undefined,
			name,
		)
	}
	try {
		const { type, value } = compileExpr(expr as Expr, typeOf)
		if (type !== 'boolean')
			throw new ExprError(`is a ${type}, not a condition: compare it with something`, expr.id)
		return { text, names, expr: expr as Expr, test: value as (facts: Lookup) => boolean | undefined }
	} catch (error) {
		if (!(error instanceof ExprError)) throw error
		const start =
			error.word === '' ? -1 : text.search(new RegExp(`(?<![\\w.])${escape(error.word)}(?![\\w.])`))
		throw new ConditionError(
			error.message,
			start >= 0 ? start : error.id === undefined ? 0 : offsetOf(error.id),
			error.word,
		)
	}
}

const escape = (text: string) => text.replace(/[.$]/g, '\\$&')

function parseCel(text: string) {
	try {
		return parse(text)
	} catch (error) {
		const { rawMessage, location } = error as {
			rawMessage?: string
			location?: { start: { offset: number } }
		}
		const said = (rawMessage ?? (error as Error).message).replace(/ but expecting.*$/s, '')
		throw new ConditionError(`not CEL: ${said}${hint(text)}`, location?.start.offset ?? 0)
	}
}

/** What people write who come from other languages. */
function hint(text: string): string {
	if (/=>|=</.test(text)) return '. Write >= and <='
	if (/[^=!<>]=[^=]/.test(text)) return '. Write == to compare'
	if (/\b(and|or|not)\b/i.test(text)) return '. Write && for and, || for or, ! for not'
	return ''
}

export type { Lookup }
