// In the engines that we run on (V8 of Node 22 and later, workerd), but not yet in TypeScript's libraries.
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
/** Up to what a double can hold in size: longer ones overflow, like 1e400. */
const longInteger = /^-?\d{16,308}$/

/** Whether a double holds this integer, but perhaps as its neighbour. */
export const isInexact = (x: number): boolean => x >= 2 ** 53 || x <= -(2 ** 53)

/** The value of a JSON array or object, in which integers beyond 2^53 are a `bigint`: their digits may name something. */
export function parseExact(text: string): unknown {
	return longNumber.test(text) ? json.parse(text, keepDigits) : JSON.parse(text)
}

function keepDigits(_key: string, value: unknown, { source }: { source?: string }): unknown {
	return typeof value === 'number' && isInexact(value) && longInteger.test(source as string)
		? BigInt(source as string)
		: value
}

/** The JSON text of a value that may hold integers of `parseExact`. */
export function exactJson(value: unknown): string {
	try {
		return JSON.stringify(value)
	} catch (error) {
		// A bigint; the writer without a replacer is several times faster.
		if (!(error instanceof TypeError)) throw error
		return JSON.stringify(value, (_key, inner) =>
			typeof inner === 'bigint' ? json.rawJSON(String(inner)) : inner,
		)
	}
}
