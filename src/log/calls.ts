import type { CipherKeys } from '../core/cipher.ts'
import { SerialQueue } from '../core/serial-queue.ts'

/** A protocol is one object of functions. Whoever calls them on another thread, or in turn, gets promises. */
export type Functions = Readonly<Record<string, (...args: never[]) => unknown>>
export type Calls<F> = {
	readonly [Name in keyof F]: F[Name] extends (...args: infer Args) => infer Result
		? (...args: Args) => Promise<Awaited<Result>>
		: never
}

/** The named functions, each of which is called by `call`. */
export const callsOf = <F extends Functions>(
	names: readonly string[],
	call: (name: string, args: never[]) => Promise<unknown>,
): Calls<F> =>
	Object.fromEntries(names.map((name) => [name, (...args: never[]) => call(name, args)])) as Calls<F>

/** The functions, one call at a time and in order. */
export function inTurn<F extends Functions>(functions: F): Calls<F> {
	const queue = new SerialQueue()
	return callsOf(Object.keys(functions), (name, args) => queue.run(() => functions[name]?.(...args)))
}

/** What the threads of a log open. */
export type ThreadData = { url: string; archive: string; dataKeys: CipherKeys }
