import type { Context } from '../../context.ts'
import { collectBytes } from '../../core/collect-bytes.ts'
import { peerText } from '../../core/peer-text.ts'
import type { Result } from '../../core/result.ts'
import { secondMs } from '../../core/time.ts'

export type MlflowOptions = {
	url: string
	/** Basic authentication, which MLflow's own server uses, or a bearer token. */
	username?: string | undefined
	password?: string | undefined
	token?: string | undefined
}

// A request of a user waits for this call.
const timeoutMs = 3 * secondMs
const maxResponseBytes = 8 * 2 ** 20

/** GET of one path of MLflow's REST API 2.0, parsed. Never throws. */
export type MlflowGet = (path: string, query: Record<string, string>) => Promise<Result<unknown>>

const failure = (message: string, retryable: boolean) =>
	({ ok: false, error: { message, retryable } }) as const

export function mlflowGet(context: Pick<Context, 'fetch'>, options: MlflowOptions): MlflowGet {
	const headers = authorization(options)
	return async (path, query) => {
		try {
			const url = `${options.url}/api/2.0/mlflow/${path}?${new URLSearchParams(query)}`
			const response = await context.fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) })
			const bytes = await collectBytes(response.body, maxResponseBytes)
			if (!bytes) return failure('its response is larger than 8 MB', false)
			const text = new TextDecoder().decode(bytes)
			if (response.ok) return { ok: true, value: JSON.parse(text) }
			const { status } = response
			return failure(refusal(status, text), status === 429 || status >= 500)
		} catch (error) {
			const cause = (error as { cause?: { code?: string } }).cause?.code
			return failure(cause ?? peerText(error), true)
		}
	}
}

function authorization({ username, password = '', token }: MlflowOptions): Record<string, string> {
	if (token !== undefined) return { authorization: `Bearer ${token}` }
	if (username === undefined) return {}
	const bytes = new TextEncoder().encode(`${username}:${password}`)
	return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` }
}

function refusal(status: number, text: string): string {
	if (status === 401 || status === 403)
		return `it answered ${status}: check PLUMBLINE_MLFLOW_USERNAME and _PASSWORD, or _TOKEN`
	try {
		const { message } = JSON.parse(text) as { message?: string }
		if (message) return `it answered ${status}: ${peerText(message)}`
	} catch {}
	return `it answered ${status}`
}

/** How a text refers to a run. */
export type Reference =
	| { run: string }
	| { model: string; version: string }
	| { model: string; alias: string }
	| { loggedModel: string }

const runId = /^[\w-]{1,64}$/

/**
 * `mlflow:<run id>`, `runs:/<run id>/…`, and the forms of `models:/`: `<name>/<version>`, `<name>@<alias>`, `m-<id>`
 * (a logged model of MLflow 3). Undefined for other texts: an id alone may be another system's.
 */
export function parseReference(text: string): Reference | undefined {
	const run = /^(?:mlflow:|runs:\/)([^/:]+)(?:\/.*)?$/.exec(text)?.[1]
	if (run !== undefined) return runId.test(run) ? { run } : undefined
	const uri = /^(?:mlflow:)?models:\/+(.+)$/.exec(text)?.[1]
	if (uri === undefined) return undefined
	const [, model, version] = /^([^/@]+)\/(\d+)$/.exec(uri) ?? []
	if (model !== undefined && version !== undefined) return { model, version }
	const [, named, alias] = /^([^/@]+)@([^/@]+)$/.exec(uri) ?? []
	if (named !== undefined && alias !== undefined) return { model: named, alias }
	return /^m-\w{1,64}$/.test(uri) ? { loggedModel: uri } : undefined
}
