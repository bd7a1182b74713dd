import { z } from 'zod'
import type { Context } from '../context.ts'
import { collectBytes } from '../core/collect-bytes.ts'
import { peerText } from '../core/peer-text.ts'
import { secretReference } from '../core/secret-reference.ts'
import { hourMs, parseDuration, secondMs } from '../core/time.ts'
import type { Acted, ReadFailure } from '../ports/executors.ts'

/** What an executor may reach. */
export type TargetContext = Pick<Context, 'fetch' | 'now' | 'random' | 'readSecret'>

export type TargetCall = {
	method: 'GET' | 'POST' | 'DELETE'
	url: string
	headers?: Record<string, string>
	body?: string
	timeoutMs: number
	/** Of the answer. What is over it is not read. */
	maxBytes?: number
	/** Never shown, even if the target sends them back. */
	secrets?: readonly string[]
	signal?: AbortSignal | undefined
}

/** An answer, or why there is none. `unsent`: the call did not reach the target, so it is known to have had no effect. */
export type TargetReply = Answered | { ok: false; message: string; unsent: boolean }
export type Answered = { ok: true; status: number; headers: Headers; text: string; isCut: boolean }

export const maxAnswerBytes = 64 * 1024
const maxRetryAfterMs = hourMs

/** One HTTP call, bounded in time and size. Redirects are not followed: they could lead to other hosts. Never throws. */
export async function callTarget(context: Pick<Context, 'fetch'>, call: TargetCall): Promise<TargetReply> {
	const { method, url, headers, body, timeoutMs, maxBytes = maxAnswerBytes, secrets = [] } = call
	const deadline = AbortSignal.timeout(timeoutMs)
	const signal = call.signal ? AbortSignal.any([deadline, call.signal]) : deadline
	try {
		const response = await context.fetch(url, {
			method,
			redirect: 'manual',
			signal,
			...(headers ? { headers } : {}),
			...(body === undefined ? {} : { body }),
		})
		const announced = Number(response.headers.get('content-length') ?? 0)
		const bytes = await collectBytes(response.body, maxBytes, announced)
		const text = withoutSecrets(new TextDecoder().decode(bytes), secrets)
		return { ok: true, status: response.status, headers: response.headers, text, isCut: bytes === undefined }
	} catch (error) {
		if (call.signal?.aborted) return { ok: false, message: 'the call was interrupted', unsent: false }
		if (deadline.aborted)
			return { ok: false, message: `no complete answer within ${timeoutMs / secondMs} s`, unsent: false }
		const cause = causeOf(error)
		const message = withoutSecrets(peerText(cause.message || cause.code || error), secrets)
		return { ok: false, message, unsent: isUnsent(cause) }
	}
}

const withoutSecrets = (text: string, secrets: readonly string[]): string =>
	secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '…')), text)

type Cause = { message?: string; code?: string; syscall?: string; errors?: unknown[] }

/** The innermost error: fetch wraps what the connection reported. */
function causeOf(error: unknown): Cause {
	let at = error as Cause & { cause?: Cause }
	while (at.cause !== undefined && at.cause !== null) at = at.cause
	return (at.errors?.[0] as Cause | undefined) ?? at
}

const beforeSending =
	/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|EPROTO|ERR_SSL_.*|ERR_TLS_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*)$/

/** Whether no connection was made: the name, the address or the certificate failed. */
const isUnsent = ({ code = '', syscall, message }: Cause): boolean =>
	// fetch refuses some ports, such as 1 and 6000.
	message === 'bad port' || beforeSending.test(code) || syscall === 'connect' || syscall === 'getaddrinfo'

const isRetryable = (status: number) => status === 408 || status === 429 || status >= 500

/** `Retry-After` in milliseconds: seconds or a date; an hour at most. */
function retryAfterOf(headers: Headers, nowMs: number): number | undefined {
	const value = headers.get('retry-after')?.trim() ?? ''
	const ms = /^\d+$/.test(value) ? Number(value) * secondMs : Date.parse(value) - nowMs
	return ms >= 0 ? Math.min(ms, maxRetryAfterMs) : undefined
}

/** How a call that acts ended when the answer is not 2xx; undefined if it is. */
export function failedAct(reply: TargetReply, nowMs: number): Acted | undefined {
	if (!reply.ok)
		return { status: 'unsure', detail: reply.message, known: reply.unsent ? 'not-done' : undefined }
	if (reply.status >= 200 && reply.status < 300) return undefined
	const detail = answered(reply)
	if (!isRetryable(reply.status)) return { status: 'refused', detail }
	const known = reply.status === 429 ? 'not-done' : 'over'
	return { status: 'unsure', detail, known, retryAfterMs: retryAfterOf(reply.headers, nowMs) }
}

/** Why a call that reads failed when the answer is not 2xx; undefined if it is. */
export function failedRead(reply: TargetReply, nowMs: number): ReadFailure | undefined {
	if (!reply.ok) return { message: reply.message, retryable: true }
	if (reply.status >= 200 && reply.status < 300) return undefined
	return {
		message: answered(reply),
		retryable: isRetryable(reply.status),
		retryAfterMs: retryAfterOf(reply.headers, nowMs),
	}
}

/** `it answered 422: no such version`. Redirects say so. */
export function answered(reply: Answered): string {
	const { status, text, isCut } = reply
	if (status >= 300 && status < 400) return `it answered ${status}, a redirect, which is not followed`
	const words = isCut ? 'an answer that is too long' : peerText(messageIn(jsonOf(reply)) ?? text)
	return `it answered ${status}${words === '' ? '' : `: ${words}`}`
}

/** What a JSON answer says in words, where APIs usually say it. */
function messageIn(json: unknown): string | undefined {
	const { message, detail, error } = (json ?? {}) as Record<string, unknown>
	return [message, detail, error].find((text): text is string => typeof text === 'string' && text !== '')
}

/** The JSON of an answer; undefined if it is not JSON. */
export function jsonOf({ text, isCut }: Answered): unknown {
	try {
		return isCut ? undefined : JSON.parse(text)
	} catch {
		return undefined
	}
}

// What is shown of a URL: a query may hold a token.
export const shownUrl = (url: string): string => peerText(url)

/** The name in a URL. Dots alone would name another folder. */
function encoded(name: string): string {
	const text = encodeURIComponent(name)
	return /^\.{1,2}$/.test(text) ? text.replaceAll('.', '%252E') : text
}

/** Fills `{model}` and `{environment}` in, encoded. */
export const filledUrl = (template: string, names: Readonly<Record<string, string>>): string =>
	template.replace(/\{(\w+)\}/g, (all, name: string) =>
		names[name] === undefined ? all : encoded(names[name]),
	)

/** A reference to a secret, which is read at each use. */
export const SecretReference = z
	.string()
	.regex(secretReference, 'must be env:NAME or file:PATH, which is read at each use')

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Why the URL of a target cannot be used; undefined if it can. `names` are the placeholders that it can have. */
function urlFault(text: string, names: readonly string[], isInsecure: boolean): string | undefined {
	const unknown = [...text.matchAll(/\{([^}]*)\}/g)].find(([, name]) => !names.includes(name as string))
	if (unknown)
		return `has the unknown placeholder ${unknown[0]}; known are ${names.map((n) => `{${n}}`).join(', ') || 'none'}`
	if (!URL.canParse(text)) return 'must be a URL such as https://ops.example/act'
	const url = new URL(text)
	if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://'
	if (url.username !== '' || url.password !== '') return 'must not contain a user or password'
	if (/[{}]|%7b|%7d/i.test(url.host)) return 'must not have a placeholder in its host'
	if (url.protocol === 'http:' && !isInsecure && !loopback.test(url.hostname))
		return 'must begin with https://; `insecure: true` allows http:// to hosts other than this one'
	return undefined
}

/** Adds a check of each URL among the settings, with the placeholders that it can have. */
export const withUrls = <S extends z.ZodObject>(
	settings: S,
	placeholders: Record<string, readonly string[]>,
) =>
	settings.superRefine((value, issues) => {
		for (const [name, names] of Object.entries(placeholders)) {
			const url = (value as Record<string, unknown>)[name]
			if (typeof url !== 'string') continue
			const fault = urlFault(url, names, (value as { insecure?: boolean }).insecure === true)
			if (fault !== undefined) issues.addIssue({ code: 'custom', path: [name], message: fault })
		}
	})

/** How long one call may take. A text, so that checked settings can be checked again. */
export const Timeout = z
	.string()
	.refine((text) => {
		const ms = parseDuration(text)
		return ms !== undefined && ms >= 100 && ms <= 20 * secondMs
	}, 'must be a duration from 100ms to 20s, such as 10s')
	.default('10s')
