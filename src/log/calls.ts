import { AppError, type ErrorCode } from '../core/errors.ts'

/** A protocol is one object of functions; whoever calls them elsewhere, or later, gets promises. */
export type Functions = Readonly<Record<string, (...args: never[]) => unknown>>
export type Calls<F> = {
	readonly [Name in keyof F]: F[Name] extends (...args: infer Args) => infer Result
		? (...args: Args) => Promise<Awaited<Result>>
		: never
}

/** The functions with each call made by `call`. */
export const callsOf = <F extends Functions>(
	names: readonly string[],
	call: (name: string, args: never[]) => Promise<unknown>,
): Calls<F> =>
	Object.fromEntries(names.map((name) => [name, (...args: never[]) => call(name, args)])) as Calls<F>

/** The functions, one call at a time and in order. */
export function inTurn<F extends Functions>(functions: F): Calls<F> {
	let tail: Promise<unknown> = Promise.resolve()
	return callsOf<F>(Object.keys(functions), (name, args) => {
		const result = tail.then(() => functions[name]?.(...args))
		tail = result.catch(() => {})
		return result
	})
}

/** An error as it crosses a thread: structured cloning drops the class. */
export type Failure = {
	message: string
	code?: ErrorCode
	retryAfterMs?: number | undefined
	stack?: string | undefined
}

export function toFailure(error: unknown): Failure {
	if (error instanceof AppError)
		return { message: error.message, code: error.code, retryAfterMs: error.retryAfterMs }
	return { message: String(error), stack: error instanceof Error ? error.stack : undefined }
}

export function fromFailure({ message, code, retryAfterMs, stack }: Failure): Error {
	if (code) return new AppError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs })
	const error = new Error(message)
	if (stack !== undefined) error.stack = stack
	return error
}
