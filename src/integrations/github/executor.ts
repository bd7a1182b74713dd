import { z } from 'zod'
import { parseDuration } from '../../core/time.ts'
import type { Acted, Action, ExecutorCall } from '../../ports/executors.ts'
import { type Found, filledInputs, Inputs, notFound, pipelineExecutor, type Run, since } from '../pipeline.ts'
import {
	callTarget,
	failedAct,
	jsonOf,
	SecretReference,
	shownUrl,
	type TargetCall,
	type TargetContext,
	type TargetReply,
	Timeout,
	withUrls,
} from '../target.ts'
import { githubHeaders } from './app.ts'

const Settings = withUrls(
	z.strictObject({
		repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'must be owner/name'),
		/** The file in .github/workflows. Its `run-name` must show the input `plumbline_request`. */
		workflow: z.string().regex(/^[\w.-]+\.ya?ml$/, 'must be the name of a file, such as deploy.yml'),
		ref: z.string().min(1).default('main'),
		/** With it, the workflow is started by `repository_dispatch`, else by `workflow_dispatch`. */
		event_type: z.string().min(1).max(100).optional(),
		inputs: Inputs,
		/** Actions: write; contents: read (write for `event_type`). */
		token: SecretReference,
		api: z.string().default('https://api.github.com'),
		timeout: Timeout,
		insecure: z.boolean().optional(),
	}),
	{ api: [] },
)
type Settings = z.output<typeof Settings>

const keyInput = 'plumbline_request'

/** Starts a workflow of GitHub Actions, and follows its run. */
export const githubExecutor = pipelineExecutor({
	name: 'github',
	settings: Settings,
	plan: planOf,
	find,
	start,
})

const pathsOf = ({ api, repository, workflow, event_type: event }: Settings) => {
	const base = `${api.replace(/\/+$/, '')}/repos/${repository}`
	const runs = `${base}/actions/workflows/${workflow}`
	return {
		file: `${base}/contents/.github/workflows/${workflow}`,
		runs: `${runs}/runs`,
		dispatch: event === undefined ? `${runs}/dispatches` : `${base}/dispatches`,
	}
}

function planOf(settings: Settings, action: Action): string[] {
	const { file, runs, dispatch } = pathsOf(settings)
	return [
		`GET ${shownUrl(runs)} until the run of this request has ended`,
		`GET ${shownUrl(file)}: whether run-name shows ${keyInput}`,
		`POST ${shownUrl(dispatch)} ${JSON.stringify(bodyOf(settings, action, '(this request)'))}`,
	]
}

function bodyOf({ ref, event_type: event, inputs }: Settings, action: Action, key: string) {
	const given = { ...filledInputs(inputs, action), [keyInput]: key }
	return event === undefined
		? { ref, inputs: given, return_run_details: true }
		: { event_type: event, client_payload: given }
}

async function callGithub(
	context: TargetContext,
	settings: Settings,
	{ signal }: ExecutorCall,
	call: Pick<TargetCall, 'method' | 'url'> & { body?: unknown; accept?: string },
): Promise<TargetReply> {
	const token = await context.readSecret(settings.token)
	const { method, url, body, accept = 'application/vnd.github+json' } = call
	return callTarget(context, {
		method,
		url,
		headers: { ...githubHeaders(token), accept },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		timeoutMs: parseDuration(settings.timeout) as number,
		maxBytes: 8 * 2 ** 20,
		secrets: [token],
		signal,
	})
}

const Runs = z.object({
	total_count: z.number(),
	workflow_runs: z.array(
		z.object({
			display_title: z.string(),
			status: z.string().nullable(),
			conclusion: z.string().nullable(),
			html_url: z.string(),
		}),
	),
})
const pageSize = 100
const maxPages = 5

/** The run whose title shows the request: `run-name` puts it there. */
async function find(context: TargetContext, settings: Settings, call: ExecutorCall): Promise<Found> {
	const event = settings.event_type === undefined ? 'workflow_dispatch' : 'repository_dispatch'
	const created = `>=${since(context.now())}`
	for (let page = 1; page <= maxPages; page++) {
		const query = new URLSearchParams({ event, created, per_page: String(pageSize), page: String(page) })
		const url = `${pathsOf(settings).runs}?${query}`
		const reply = limited(await callGithub(context, settings, call, { method: 'GET', url }))
		const runs = Runs.safeParse(reply.ok && reply.status === 200 ? jsonOf(reply) : undefined)
		if (!runs.success) return notFound(reply, context.now(), 'the list of runs')
		const { total_count: total, workflow_runs: list } = runs.data
		const run = list.find((r) => r.display_title.includes(call.idempotencyKey))
		if (run) return { ok: true, run: toRun(run) }
		if (list.length < pageSize || page * pageSize >= total) return { ok: true, run: undefined }
	}
	return {
		ok: false,
		failed: { status: 'refused', detail: 'more than 500 runs in two days, too many to find one' },
	}
}

function toRun({ status, conclusion, html_url: url }: z.output<typeof Runs>['workflow_runs'][number]): Run {
	if (status !== 'completed') return { state: 'running', detail: `${url} is ${status ?? 'queued'}` }
	const state = conclusion === 'success' ? 'done' : 'failed'
	return { state, detail: `${url} ended as ${conclusion ?? 'unknown'}` }
}

/** GitHub's rate limits are 403 or 429. */
function limited(reply: TargetReply): TargetReply {
	const isLimit =
		reply.ok &&
		reply.status === 403 &&
		(reply.headers.has('retry-after') || reply.headers.get('x-ratelimit-remaining') === '0')
	return isLimit ? { ...reply, status: 429, text: 'the rate limit of GitHub is reached' } : reply
}

const Started = z.object({ html_url: z.string() })

async function start(context: TargetContext, settings: Settings, call: ExecutorCall): Promise<Acted> {
	const { file, dispatch } = pathsOf(settings)
	// `repository_dispatch` runs the file of the default branch.
	const ref = settings.event_type === undefined ? `?${new URLSearchParams({ ref: settings.ref })}` : ''
	const accept = 'application/vnd.github.raw+json'
	const source = limited(
		await callGithub(context, settings, call, { method: 'GET', url: `${file}${ref}`, accept }),
	)
	const unread = failedAct(source, context.now())
	if (unread || !source.ok)
		return unread?.status === 'unsure' ? { ...unread, known: 'not-done' } : (unread as Acted)
	if (!new RegExp(`^run-name:.*\\b${keyInput}\\b`, 'm').test(source.text))
		return {
			status: 'refused',
			detail: `${settings.workflow} has no run-name with \${{ inputs.${keyInput} }}: without it, a repeated call would start a second run`,
		}
	const body = bodyOf(settings, call.action, call.idempotencyKey)
	const reply = limited(await dispatchOnce(context, settings, call, dispatch, body))
	const failed = failedAct(reply, context.now())
	if (failed || !reply.ok) return failed as Acted
	if (reply.isCut || reply.status > 204) return { status: 'unsure', detail: 'its answer cannot be read' }
	const started = Started.safeParse(jsonOf(reply))
	return {
		status: 'accepted',
		detail: started.success ? `started ${started.data.html_url}` : 'started a run',
	}
}

/** Older servers do not know `return_run_details`, and refuse the whole call for it. */
async function dispatchOnce(
	context: TargetContext,
	settings: Settings,
	call: ExecutorCall,
	url: string,
	body: ReturnType<typeof bodyOf>,
): Promise<TargetReply> {
	const reply = await callGithub(context, settings, call, { method: 'POST', url, body })
	if (!reply.ok || reply.status !== 422 || !reply.text.includes('return_run_details')) return reply
	const { return_run_details: _, ...rest } = body as { return_run_details?: boolean }
	return callGithub(context, settings, call, { method: 'POST', url, body: rest })
}
