import { AppError, type ErrorCode } from '../core/errors.ts'

/** An error as it crosses a thread: structured cloning would drop our class. */
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

export function fromFailure(failure: Failure): Error {
	if (failure.code) {
		const retry = failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }
		return new AppError(failure.code, failure.message, retry)
	}
	const error = new Error(failure.message)
	if (failure.stack !== undefined) error.stack = failure.stack
	return error
}
