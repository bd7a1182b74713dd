/** Only for calls that leave the process: the failure says whether trying again can help. */
export type Result<T, E = { message: string; retryable: boolean; retryAfterMs?: number }> =
	| { ok: true; value: T }
	| { ok: false; error: E }
