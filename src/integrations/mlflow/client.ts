import type { Context } from '../../context.ts'
import type { Result } from '../../core/result.ts'
import { secondMs } from '../../core/time.ts'
import { type Answered, answered, callTarget, jsonOf, type TargetCall, type TargetReply } from '../target.ts'

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

type Call = Pick<TargetCall, 'signal'> & {
	method: TargetCall['method']
	/** Of MLflow's REST API 2.0, such as `runs/get`. */
	path: string
	parameters: Record<string, string>
	timeoutMs?: number
}

/** One call of MLflow's REST API: the parameters are its query, or its JSON body. Never throws. */
export function callMlflow(
	context: Pick<Context, 'fetch'>,
	options: MlflowOptions,
	{ method, path, parameters, ...call }: Call,
): Promise<TargetReply> {
	const url = `${options.url}/api/2.0/mlflow/${path}`
	const json = { body: JSON.stringify(parameters), headers: { 'content-type': 'application/json' } }
	const sent = method === 'GET' ? { url: `${url}?${new URLSearchParams(parameters)}` } : { url, ...json }
	const { headers, secrets } = authorization(options)
	return callTarget(context, {
		timeoutMs,
		maxBytes: maxResponseBytes,
		...call,
		...sent,
		method,
		headers: { ...(method === 'GET' ? {} : json.headers), ...headers },
		secrets,
	})
}

/** GET of one path of MLflow's REST API 2.0, parsed. Never throws. */
export type MlflowGet = (path: string, query: Record<string, string>) => Promise<Result<unknown>>

const failure = (message: string, retryable: boolean) =>
	({ ok: false, error: { message, retryable } }) as const

export function mlflowGet(context: Pick<Context, 'fetch'>, options: MlflowOptions): MlflowGet {
	return async (path, query) => {
		const reply = await callMlflow(context, options, { method: 'GET', path, parameters: query })
		if (!reply.ok) return failure(reply.message, true)
		if (reply.isCut) return failure('its response is larger than 8 MB', false)
		const { status } = reply
		if (status >= 300) return failure(refusal(reply), status === 429 || status >= 500)
		const value = jsonOf(reply)
		return value === undefined ? failure('its response is not JSON', true) : { ok: true, value }
	}
}

function authorization({ username, password = '', token }: MlflowOptions) {
	if (token !== undefined) return { headers: { authorization: `Bearer ${token}` }, secrets: [token] }
	if (username === undefined) return { headers: {}, secrets: [] }
	const bytes = new TextEncoder().encode(`${username}:${password}`)
	const pair = btoa(String.fromCharCode(...bytes))
	return { headers: { authorization: `Basic ${pair}` }, secrets: [pair, password] }
}

const refusal = (reply: Answered): string =>
	reply.status === 401 || reply.status === 403
		? `it answered ${reply.status}: check PLUMBLINE_MLFLOW_USERNAME and _PASSWORD, or _TOKEN`
		: answered(reply)

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
