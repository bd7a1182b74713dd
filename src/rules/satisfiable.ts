import { rangeOf } from './available.ts'
import type { Expr } from './condition.ts'
import { severities } from './rule-set.ts'

/** One comparison of a number or a text; `other` is opaque, and only distinguished from its opposite. */
type Atom =
	| { kind: 'number'; name: string; op: NumberOp; value: number }
	| { kind: 'text'; name: string; isEqual: boolean; value: string }
	| { kind: 'other'; key: string; holds: boolean }
	| { kind: 'never' }
type NumberOp = '<' | '<=' | '>' | '>=' | '==' | '!='
/** Comparisons that are all true. A condition is true where one of its cases is. */
type Case = readonly Atom[]
export type Cases = readonly Case[]

/** A condition with more cases than this is assumed to be satisfiable. */
const maxCases = 500
const opposite: Record<NumberOp, NumberOp> = {
	'<': '>=',
	'<=': '>',
	'>': '<=',
	'>=': '<',
	'==': '!=',
	'!=': '==',
}
const mirrored: Record<NumberOp, NumberOp> = {
	'<': '>',
	'<=': '>=',
	'>': '<',
	'>=': '<=',
	'==': '==',
	'!=': '!=',
}

/** The cases in which a condition is true, or false with `holds` false; undefined when there are too many. */
export function casesOf(expr: Expr, holds = true): Cases | undefined {
	const { case: kind, value } = expr.exprKind
	if (kind === 'constExpr') return constantOf(expr) === holds ? [[]] : [[{ kind: 'never' }]]
	if (kind !== 'callExpr') return [[other(expr, holds)]]
	const args = value.args as Expr[]
	const name = value.function
	if (name === '!_') return casesOf(args[0] as Expr, !holds)
	if (name === '_&&_' || name === '_||_') {
		const parts = args.map((arg) => casesOf(arg, holds))
		return (name === '_&&_') === holds ? every(parts) : some(parts)
	}
	const op = /^_(<|<=|>|>=|==|!=)_$/.exec(name)?.[1] as NumberOp | undefined
	return op === undefined ? [[other(expr, holds)]] : [[comparison(expr, op, args, holds)]]
}

function some(parts: readonly (Cases | undefined)[]): Cases | undefined {
	const all = parts.flatMap((part) => part ?? [])
	return parts.includes(undefined) || all.length > maxCases ? undefined : all
}

/** The cases in which one case of each part is true. */
export function every(parts: readonly (Cases | undefined)[]): Cases | undefined {
	let all: Cases = [[]]
	for (const part of parts) {
		if (!part || all.length * part.length > maxCases) return undefined
		all = all.flatMap((a) => part.map((b) => [...a, ...b]))
	}
	return all
}

function comparison(expr: Expr, op: NumberOp, [a, b]: Expr[], holds: boolean): Atom {
	const [left, right] = [constantOf(a as Expr), constantOf(b as Expr)]
	if (left !== undefined && right !== undefined)
		return compare(left, op, right) === holds
			? { kind: 'other', key: 'true', holds: true }
			: { kind: 'never' }
	const name = nameIn((left === undefined ? a : b) as Expr)
	const value = left ?? right
	if (name === undefined || value === undefined || typeof value === 'boolean') return other(expr, holds)
	if (typeof value === 'string') return { kind: 'text', name, isEqual: (op === '==') === holds, value }
	const turned = left === undefined ? op : mirrored[op]
	return { kind: 'number', name, op: holds ? turned : opposite[turned], value }
}

/** Opposite comparisons, such as a < b and a >= b, have one key. */
function other(expr: Expr, holds: boolean): Atom {
	const { case: kind, value } = expr.exprKind
	const op = kind === 'callExpr' ? /^_(>|>=|!=)_$/.exec(value.function)?.[1] : undefined
	if (op === undefined || kind !== 'callExpr') return { kind: 'other', key: textOf(expr), holds }
	const [a, b] = (value.args as Expr[]).map(textOf)
	return { kind: 'other', key: `_${opposite[op as NumberOp]}_(${a},${b})`, holds: !holds }
}

function textOf(expr: Expr): string {
	const { case: kind, value } = expr.exprKind
	if (kind === 'callExpr') return `${value.function}(${(value.args as Expr[]).map(textOf).join(',')})`
	if (kind === 'listExpr') return `[${(value.elements as Expr[]).map(textOf).join(',')}]`
	return nameIn(expr) ?? JSON.stringify(constantOf(expr) ?? String(expr.id))
}

function nameIn(expr: Expr): string | undefined {
	const { case: kind, value } = expr.exprKind
	if (kind === 'identExpr') return value.name
	if (kind !== 'selectExpr' || !value.operand) return undefined
	const operand = nameIn(value.operand)
	return operand === undefined ? undefined : `${operand}.${value.field}`
}

function constantOf(expr: Expr): number | string | boolean | undefined {
	const { case: kind, value } = expr.exprKind
	if (kind === 'callExpr' && value.function === '-_') {
		const of = constantOf(value.args[0] as Expr)
		return typeof of === 'number' ? -of : undefined
	}
	if (kind !== 'constExpr') return undefined
	const constant = value.constantKind.value
	return typeof constant === 'bigint' ? Number(constant) : (constant as number | string | boolean)
}

function compare(a: number | string | boolean, op: NumberOp, b: number | string | boolean): boolean {
	if (op === '==' || op === '!=') return (a === b) === (op === '==')
	return op === '<' ? a < b : op === '<=' ? a <= b : op === '>' ? a > b : a >= b
}

/** The interval of a number in a case; `hasLow` and `hasHigh`: whether it includes its ends. */
export type Bounds = { low: number; high: number; hasLow: boolean; hasHigh: boolean }

/** The interval of each number of a case, or why the case is impossible. */
export function boundsOf(atoms: Case): Map<string, Bounds> | { why: string } {
	const bounds = new Map<string, Bounds>()
	const texts = new Map<string, string[]>()
	const others = new Map<string, boolean>()
	for (const atom of atoms) {
		if (atom.kind === 'never') return { why: 'it compares constants' }
		if (atom.kind === 'text') {
			const possible = texts.get(atom.name) ?? [...severities]
			texts.set(
				atom.name,
				possible.filter((text) => (text === atom.value) === atom.isEqual),
			)
			if (texts.get(atom.name)?.length === 0)
				return { why: `${atom.name} is one of ${severities.join(', ')}` }
		} else if (atom.kind === 'other') {
			if ((others.get(atom.key) ?? atom.holds) !== atom.holds)
				return { why: 'it contains a comparison and its opposite' }
			others.set(atom.key, atom.holds)
		} else {
			const narrowed = narrow(bounds.get(atom.name) ?? wholeRange(atom.name), atom)
			bounds.set(atom.name, narrowed)
			if (isEmpty(narrowed)) return { why: whyEmpty(atom.name, atoms) }
		}
	}
	return bounds
}

function wholeRange(name: string): Bounds {
	const [low, high] = rangeOf(name)
	return { low, high, hasLow: true, hasHigh: true }
}

function narrow(of: Bounds, { op, value }: { op: NumberOp; value: number }): Bounds {
	const next = { ...of }
	const isClosed = op !== '<' && op !== '>'
	if (op === '>' || op === '>=' || op === '==') {
		if (value > next.low) Object.assign(next, { low: value, hasLow: isClosed })
		else if (value === next.low) next.hasLow &&= isClosed
	}
	if (op === '<' || op === '<=' || op === '==') {
		if (value < next.high) Object.assign(next, { high: value, hasHigh: isClosed })
		else if (value === next.high) next.hasHigh &&= isClosed
	}
	if (op === '!=' && value === next.low) next.hasLow = false
	if (op === '!=' && value === next.high) next.hasHigh = false
	return next
}

const isEmpty = ({ low, high, hasLow, hasHigh }: Bounds): boolean =>
	low > high || (low === high && !(hasLow && hasHigh))

function whyEmpty(name: string, atoms: Case): string {
	const [low, high] = rangeOf(name)
	const own = atoms.flatMap((a) => (a.kind === 'number' && a.name === name ? [`${a.op} ${a.value}`] : []))
	const range = high === 1 ? ` is from ${low} to ${high} and` : low === 0 ? ' is 0 or more and' : ''
	return `${name}${range} cannot be ${own.join(' and ')}`
}

/** Why a condition can never be true; undefined when it can be, or when it has too many cases. */
export function whyNever(cases: Cases | undefined): string | undefined {
	let why: string | undefined
	for (const one of cases ?? [[]]) {
		const bounds = boundsOf(one)
		if (bounds instanceof Map) return undefined
		why ??= bounds.why
	}
	return why
}
