import { parse } from '@bufbuild/cel'
import { nearest } from '../core/nearest.ts'
import type { FactNames, FactType, FactValue, Lookup } from './facts.ts'

/** A compiled condition. `test` answers undefined when missing facts could decide it. */
export type Condition = {
	text: string
	/** The facts that it names, in order. */
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
		const problem = (rawMessage ?? (error as Error).message).replace(/ but expecting.*$/s, '')
		throw new ConditionError(`invalid CEL: ${problem}${hint(text)}`, location?.start.offset ?? 0)
	}
}

/** Hints for operators of other languages. */
function hint(text: string): string {
	if (/=>|=</.test(text)) return '. Write >= and <='
	if (/[^=!<>]=[^=]/.test(text)) return '. Write == to compare'
	if (/\b(and|or|not)\b/i.test(text)) return '. Write && for and, || for or, ! for not'
	return ''
}

export type { Lookup }

export type Expr = ReturnType<typeof parse>['expr']

/** An error at the expression `id`, or at `word`. */
export class ExprError extends Error {
	readonly id: bigint | undefined
	readonly word: string

	constructor(message: string, id: bigint | undefined, word = '') {
		super(message)
		this.id = id
		this.word = word
	}
}

type Value = (facts: Lookup) => FactValue | undefined
export type Compiled = { type: FactType; value: Value }
type TypeOf = (name: string) => FactType

/**
 * Type-checks and compiles the part of CEL that conditions need. The library's evaluator has the same results (a test
 * compares them), but it creates an Error for every missing fact, some 20 µs each, and conditions are evaluated by the
 * million. All numbers are doubles, so `n * 2 > 100` is valid.
 */
export function compileExpr(expr: Expr, typeOf: TypeOf): Compiled {
	const { case: kind, value } = expr.exprKind
	if (kind === 'constExpr') return constant(expr)
	if (kind === 'identExpr' || kind === 'selectExpr') return fact(expr, typeOf)
	if (kind !== 'callExpr' || value.target !== undefined) throw unsupported(expr)
	const name = value.function
	if (name === '@in') return membership(value.args as Expr[], typeOf)
	const args = (value.args as Expr[]).map((arg) => ({ ...compileExpr(arg, typeOf), id: arg.id }))
	const [a, b, c] = args
	if (name === '_?_:_' && a && b && c) return conditional(a, b, c)
	if (name === '!_' && a) return { type: 'boolean', value: negate(expect(a, 'boolean').value) }
	if (name === '-_' && a) {
		const of = expect(a, 'number').value as Numeric
		return { type: 'number', value: (facts) => finite(-(of(facts) ?? Number.NaN)) }
	}
	if ((name === '_&&_' || name === '_||_') && args.length > 0) {
		const terms = args.map((arg) => expect(arg, 'boolean').value)
		return { type: 'boolean', value: junction(terms, name === '_||_') }
	}
	if (a && b) return binary(expr, name, a, b)
	throw unsupported(expr)
}

type Typed = Compiled & { id: bigint }
type Numeric = (facts: Lookup) => number | undefined

const finite = (x: number): number | undefined => (Number.isNaN(x) ? undefined : x)

function unsupported(expr: Expr): ExprError {
	const known =
		'conditions can use numbers, texts, true, false, facts, && || ! == != < <= > >= + - * / ?: and in [ ]'
	if (expr.exprKind.case === 'selectExpr' && expr.exprKind.value.testOnly)
		return new ExprError('has() is not needed: the condition is unknown while a fact is missing', expr.id)
	return new ExprError(`this part of CEL is not supported: ${known}`, expr.id)
}

function expect<T extends Typed>(operand: T, type: FactType): T {
	if (operand.type !== type) throw new ExprError(`expected a ${type} here, not a ${operand.type}`, operand.id)
	return operand
}

function constant(expr: Expr): Compiled {
	const { case: kind, value } = (expr.exprKind.value as { constantKind: { case?: string; value?: unknown } })
		.constantKind
	if (kind === 'doubleValue' || kind === 'int64Value' || kind === 'uint64Value') {
		const number = Number(value)
		return { type: 'number', value: () => number }
	}
	if (kind === 'boolValue') return { type: 'boolean', value: () => value as boolean }
	if (kind === 'stringValue') return { type: 'string', value: () => value as string }
	throw unsupported(expr)
}

/** CEL parses `drift.psi` as the member `psi` of `drift`; here the whole chain is one name. */
function nameOf(expr: Expr): string {
	const kind = expr.exprKind
	if (kind.case === 'identExpr') return kind.value.name
	if (kind.case === 'selectExpr' && !kind.value.testOnly && kind.value.operand)
		return `${nameOf(kind.value.operand)}.${kind.value.field}`
	throw unsupported(expr)
}

function fact(expr: Expr, typeOf: TypeOf): Compiled {
	const name = nameOf(expr)
	const type = typeOf(name)
	if (type !== 'number') return { type, value: (facts) => facts(name) }
	return {
		type,
		value: (facts) => {
			const value = facts(name)
			return typeof value === 'number' ? finite(value) : undefined
		},
	}
}

const negate =
	(of: Value): Value =>
	(facts) => {
		const value = of(facts)
		return value === undefined ? undefined : !value
	}

/** Kleene logic: `false && unknown` is false, `true || unknown` is true, in either order. */
const junction =
	(terms: readonly Value[], decisive: boolean): Value =>
	(facts) => {
		let result: boolean | undefined = !decisive
		for (const term of terms) {
			const value = term(facts)
			if (value === decisive) return decisive
			if (value === undefined) result = undefined
		}
		return result
	}

function conditional(test: Typed, yes: Typed, no: Typed): Compiled {
	expect(test, 'boolean')
	if (yes.type !== no.type)
		throw new ExprError(`both sides of ?: must be of one type, not ${yes.type} and ${no.type}`, no.id)
	const value: Value = (facts) => {
		const chosen = test.value(facts)
		return chosen === undefined ? undefined : chosen ? yes.value(facts) : no.value(facts)
	}
	return { type: yes.type, value }
}

function membership(args: Expr[], typeOf: TypeOf): Compiled {
	const [needle, list] = args as [Expr, Expr]
	if (list.exprKind.case !== 'listExpr')
		throw new ExprError('write the values after `in` as a list: [1, 2]', list.id)
	const wanted = { ...compileExpr(needle, typeOf), id: needle.id }
	const items = (list.exprKind.value.elements as Expr[]).map((item) =>
		expect({ ...compileExpr(item, typeOf), id: item.id }, wanted.type),
	)
	const value: Value = (facts) => {
		const sought = wanted.value(facts)
		const values = items.map((item) => item.value(facts))
		return sought === undefined || values.includes(undefined) ? undefined : values.includes(sought)
	}
	return { type: 'boolean', value }
}

const arithmetic: Record<string, (a: number, b: number) => number> = {
	'_+_': (a, b) => a + b,
	'_-_': (a, b) => a - b,
	'_*_': (a, b) => a * b,
	'_/_': (a, b) => a / b,
}

const comparisons: Record<string, (a: FactValue, b: FactValue) => boolean> = {
	'_==_': (a, b) => a === b,
	'_!=_': (a, b) => a !== b,
	'_<_': (a, b) => a < b,
	'_<=_': (a, b) => a <= b,
	'_>_': (a, b) => a > b,
	'_>=_': (a, b) => a >= b,
}

function binary(expr: Expr, name: string, a: Typed, b: Typed): Compiled {
	const sum = arithmetic[name]
	if (sum) {
		const [left, right] = [expect(a, 'number').value as Numeric, expect(b, 'number').value as Numeric]
		return {
			type: 'number',
			value: (facts) => finite(sum(left(facts) ?? Number.NaN, right(facts) ?? Number.NaN)),
		}
	}
	const compare = comparisons[name]
	if (!compare) throw unsupported(expr)
	if (a.type !== b.type) throw new ExprError(`compares a ${a.type} with a ${b.type}`, b.id)
	if (a.type === 'boolean' && name !== '_==_' && name !== '_!=_')
		throw new ExprError('true and false cannot be ordered', expr.id)
	const value: Value = (facts) => {
		const left = a.value(facts)
		const right = left === undefined ? undefined : b.value(facts)
		return left === undefined || right === undefined ? undefined : compare(left, right)
	}
	return { type: 'boolean', value }
}
