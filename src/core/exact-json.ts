// Supported by the engines (V8 of Node 22 and later, workerd), but not yet declared in TypeScript's libraries.
type Exact = {
	parse(
		text: string,
		reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
	): unknown
	rawJSON(text: string): unknown
}
const json = JSON as unknown as Exact

/** A number of 16 digits or more before any point, as 2^53 has; a fraction or a text with as many does not match. */
const longNumber = /[-:,[\s]\d{16}/
/** Longer integers overflow a double, like 1e400. */
const longInteger = /^-?\d{16,308}$/

/** Whether the integer is within the range of a double but may be rounded to a neighbour. */
export const isInexact = (x: number): boolean => x >= 2 ** 53 || x <= -(2 ** 53)

/** Parses a JSON array or object. Integers beyond 2^53 become a `bigint`, since they may be ids whose digits matter. */
export function parseExact(text: string): unknown {
	return longNumber.test(text) ? json.parse(text, keepDigits) : JSON.parse(text)
}

function keepDigits(_key: string, value: unknown, { source }: { source?: string }): unknown {
	return typeof value === 'number' && isInexact(value) && longInteger.test(source as string)
		? BigInt(source as string)
		: value
}

/** Serialises a value that may contain a `bigint` of `parseExact`. */
export function exactJson(value: unknown): string {
	try {
		return JSON.stringify(value)
	} catch (error) {
		// A bigint. Without a replacer JSON.stringify is several times faster.
		if (!(error instanceof TypeError)) throw error
		return JSON.stringify(value, (_key, inner) =>
			typeof inner === 'bigint' ? json.rawJSON(String(inner)) : inner,
		)
	}
}
