import { parentPort } from 'node:worker_threads'
import { AppError, type ErrorCode } from '../../core/errors.ts'

// The protocol between a Thread and the module that it runs: a numbered call, then its value or its error.

// biome-ignore lint/suspicious/noExplicitAny: the argument's type is each function's own
export type Calls = Record<string, (argument: any) => unknown>

export type Request = { id: number; call: string; argument: unknown }
export type Reply = { id: number } & ({ value: unknown; failure?: undefined } | { failure: Failure })

/** An error as it crosses threads: structured cloning drops classes. `name` is its class. */
export type Failure = { name: string; message: string; code?: ErrorCode; retryAfterMs?: number | undefined }

/** A value whose buffers move to the other thread instead of being copied. */
export class Moved<T> {
	readonly value: T
	readonly buffers: readonly ArrayBufferLike[]

	constructor(value: T, buffers: readonly ArrayBufferLike[]) {
		this.value = value
		this.buffers = buffers
	}
}

const toFailure = (error: unknown): Failure => {
	if (error instanceof AppError) {
		const { name, message, code, retryAfterMs } = error
		return { name, message, code, retryAfterMs }
	}
	return error instanceof Error
		? { name: error.name, message: error.message }
		: { name: 'Error', message: String(error) }
}

/** Called once in a thread's module: runs the named functions as they are called, without waiting for one another. */
export function serveThread(calls: Calls): void {
	const port = parentPort as NonNullable<typeof parentPort>
	port.on('message', async ({ id, call, argument }: Request) => {
		try {
			const value = await (calls[call] as Calls[string])(argument)
			if (value instanceof Moved)
				port.postMessage({ id, value: value.value } satisfies Reply, value.buffers as ArrayBuffer[])
			else port.postMessage({ id, value } satisfies Reply)
		} catch (error) {
			port.postMessage({ id, failure: toFailure(error) } satisfies Reply)
		}
	})
}
