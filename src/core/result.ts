/** For calls that leave the process only: the failure says whether a retry can help. */
export type Result<T, E = { message: string; retryable: boolean; retryAfterMs?: number }> =
	| { ok: true; value: T }
	| { ok: false; error: E }
