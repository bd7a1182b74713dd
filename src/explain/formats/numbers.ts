/** A growing list of numbers without an object a number: tree files have tens of millions. */
export class NumberList {
	#room = new Float64Array(16)
	length = 0

	clear(): void {
		this.length = 0
	}

	push(value: number): void {
		if (this.length === this.#room.length) {
			const larger = new Float64Array(this.length * 2)
			larger.set(this.#room)
			this.#room = larger
		}
		this.#room[this.length++] = value
	}

	/** An exact-size copy, which does not change as the list grows. */
	copy(): Float64Array {
		return this.#room.slice(0, this.length)
	}
}

const powers = Array.from({ length: 23 }, (_, n) => 10 ** n)
const latin = new TextDecoder('latin1')

const minus = 45
const plus = 43
const point = 46

/**
 * Reads decimal numbers from bytes, correctly rounded: up to 15 digits and a power of ten up to 22 are exact in double
 * arithmetic (Clinger 1990), all others use `Number`. `at` moves past the number.
 */
export class NumberScanner {
	readonly bytes: Uint8Array
	at = 0

	constructor(bytes: Uint8Array) {
		this.bytes = bytes
	}

	/** The number at `at`; undefined, with `at` unchanged, if there is none. Accepts NaN, inf and Infinity in any case. */
	number(): number | undefined {
		const { bytes } = this
		const start = this.at
		let at = start
		const negative = bytes[at] === minus
		if (negative || bytes[at] === plus) at++
		let mantissa = 0
		let digits = 0
		const first = at
		for (let c = bytes[at] as number; c >= 48 && c <= 57; c = bytes[++at] as number) {
			mantissa = mantissa * 10 + (c - 48)
			digits++
		}
		let exponent = 0
		if (bytes[at] === point) {
			const dot = ++at
			for (let c = bytes[at] as number; c >= 48 && c <= 57; c = bytes[++at] as number) {
				mantissa = mantissa * 10 + (c - 48)
				digits++
			}
			exponent = dot - at
		}
		if (digits === 0) return this.#word(first, negative)
		if (bytes[at] === 69 || bytes[at] === 101) {
			const power = this.#exponent(at + 1)
			if (power === undefined) return undefined
			exponent += power
			at = this.at
		}
		this.at = at
		if (digits > 15 || exponent > 22 || exponent < -22) return Number(latin.decode(bytes.subarray(start, at)))
		const value =
			exponent < 0 ? mantissa / (powers[-exponent] as number) : mantissa * (powers[exponent] as number)
		return negative ? -value : value
	}

	#exponent(from: number): number | undefined {
		const { bytes } = this
		let at = from
		const negative = bytes[at] === minus
		if (negative || bytes[at] === plus) at++
		const first = at
		let power = 0
		for (let c = bytes[at] as number; c >= 48 && c <= 57; c = bytes[++at] as number)
			power = Math.min(power * 10 + (c - 48), 1_000_000)
		if (at === first) return undefined
		this.at = at
		return negative ? -power : power
	}

	#word(from: number, negative: boolean): number | undefined {
		const word = latin.decode(this.bytes.subarray(from, from + 8)).toLowerCase()
		const [text, value] = word.startsWith('infinity')
			? ['infinity', Number.POSITIVE_INFINITY]
			: word.startsWith('inf')
				? ['inf', Number.POSITIVE_INFINITY]
				: ['nan', Number.NaN]
		if (!word.startsWith(text)) return undefined
		this.at = from + text.length
		return negative ? -value : value
	}
}
