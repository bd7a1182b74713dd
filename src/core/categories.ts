/** An integer written as a float, as data frames write integer codes in columns with nulls. */
const integralFloat = /^(-?(?:0|[1-9]\d*))\.0+$/
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const integer = /^-?(?:0|[1-9]\d*)$/

const lowerCase: ReadonlyMap<string, string> = new Map(
	['true', 'false'].flatMap((word) => [
		[word.toUpperCase(), word],
		[`${word.charAt(0).toUpperCase()}${word.slice(1)}`, word],
	]),
)
const codeOf: ReadonlyMap<string, string> = new Map([
	['true', '1'],
	['false', '0'],
])

/** `1` for `1.0`; any other text unchanged. */
export function integerText(text: string): string {
	const whole = text.endsWith('0') ? integralFloat.exec(text)?.[1] : undefined
	return whole === '-0' ? '0' : (whole ?? text)
}

/**
 * The known categories of a feature. An unknown text may be another spelling of a known category: `1.0` for `1` where the
 * numeric categories are integers, `True` for `true`, and `1` for `true` where there are only two categories. `1.10` is never
 * `1.1`, and `007` is never `7`.
 */
export class Categories {
	private readonly exact: ReadonlyMap<string, number>
	private readonly spellings = new Map<string, number>()
	private readonly areIntegers: boolean
	private readonly areBooleans: boolean

	constructor(values: readonly string[]) {
		this.exact = new Map(values.map((value, i) => [value, i]))
		this.areIntegers = values.every((value) => !decimal.test(value) || integer.test(integerText(value)))
		const codes = values.map((value) => codeOf.get(lowerCase.get(value) ?? value) ?? integerText(value))
		this.areBooleans = values.length === 2 && codes.includes('0') && codes.includes('1')
		for (const [i, value] of values.entries()) {
			const key = this.keyOf(value)
			if (!this.spellings.has(key)) this.spellings.set(key, i)
		}
	}

	private keyOf(text: string): string {
		const plain = lowerCase.get(text) ?? (this.areIntegers ? integerText(text) : text)
		return this.areBooleans ? (codeOf.get(plain) ?? plain) : plain
	}

	/** The index of a text's category, in any spelling; undefined for an unknown one. */
	find(text: string): number | undefined {
		return this.exact.get(text) ?? this.spellings.get(this.keyOf(text))
	}
}

const known = new WeakMap<readonly string[], Categories>()

/** Cached by the list, which must not change. */
export function categoriesOf(values: readonly string[]): Categories {
	let categories = known.get(values)
	if (!categories) {
		categories = new Categories(values)
		known.set(values, categories)
	}
	return categories
}

/** Collects names as they occur. */
export class KnownNames {
	private list: readonly string[] = []

	get size(): number {
		return this.list.length
	}

	add(name: string): void {
		if (!this.list.includes(name)) this.list = [...this.list, name]
	}

	delete(name: string): void {
		this.list = this.list.filter((other) => other !== name)
	}

	/** The first spelling of a name; undefined when it is new. */
	find(name: string): string | undefined {
		const index = categoriesOf(this.list).find(name)
		return index === undefined ? undefined : this.list[index]
	}
}
