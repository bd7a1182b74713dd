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

const Settings = withUrls(
	z.strictObject({
		url: z.string().default('https://gitlab.com'),
		/** Its number, or its path such as group/name. */
		project: z.union([z.string().min(1), z.number().int()]),
		ref: z.string().min(1).default('main'),
		/** A pipeline trigger token. */
		trigger_token: SecretReference,
		/** An access token with the scope read_api, to follow the pipeline. */
		token: SecretReference,
		variables: Inputs,
		timeout: Timeout,
		insecure: z.boolean().optional(),
	}),
	{ url: [] },
)
type Settings = z.output<typeof Settings>

const keyVariable = 'PLUMBLINE_REQUEST'

/** Triggers a pipeline of GitLab, and follows it. */
export const gitlabExecutor = pipelineExecutor({
	name: 'gitlab',
	settings: Settings,
	plan: planOf,
	find,
	start,
})

const projectUrl = ({ url, project }: Settings): string =>
	`${url.replace(/\/+$/, '')}/api/v4/projects/${encodeURIComponent(project)}`
const fileUrl = (settings: Settings): string => `${projectUrl(settings)}/repository/files/.gitlab-ci.yml/raw`

const variablesOf = ({ variables }: Settings, action: Action, key: string): Record<string, string> => ({
	...filledInputs(variables, action),
	[keyVariable]: key,
})

function planOf(settings: Settings, action: Action): string[] {
	const base = shownUrl(projectUrl(settings))
	const variables = JSON.stringify(variablesOf(settings, action, '(this request)'))
	return [
		`GET ${base}/pipelines until the pipeline of this request has ended`,
		`GET ${shownUrl(fileUrl(settings))}: whether workflow:name shows ${keyVariable}`,
		`POST ${base}/trigger/pipeline on ${settings.ref} with ${variables}`,
	]
}

async function callGitlab(
	context: TargetContext,
	settings: Settings,
	{ signal }: ExecutorCall,
	call: Pick<TargetCall, 'method' | 'url'> & { form?: Record<string, string> },
): Promise<TargetReply> {
	const isTrigger = call.form !== undefined
	const token = await context.readSecret(isTrigger ? settings.trigger_token : settings.token)
	return callTarget(context, {
		method: call.method,
		url: call.url,
		headers: isTrigger ? { 'content-type': 'application/x-www-form-urlencoded' } : { 'private-token': token },
		...(isTrigger ? { body: new URLSearchParams({ ...call.form, token }).toString() } : {}),
		timeoutMs: parseDuration(settings.timeout) as number,
		maxBytes: 2 * 2 ** 20,
		secrets: [token],
		signal,
	})
}

const Pipeline = z.object({ status: z.string(), name: z.string().nullish(), web_url: z.string() })
const pageSize = 100
const maxPages = 5

/** The pipeline whose name shows the request: `workflow:name` puts it there. */
async function find(context: TargetContext, settings: Settings, call: ExecutorCall): Promise<Found> {
	const { ref } = settings
	const filter = { source: 'trigger', ref, updated_after: since(context.now()), per_page: String(pageSize) }
	for (let page = 1; page <= maxPages; page++) {
		const url = `${projectUrl(settings)}/pipelines?${new URLSearchParams({ ...filter, page: String(page) })}`
		const reply = await callGitlab(context, settings, call, { method: 'GET', url })
		const list = z.array(Pipeline).safeParse(reply.ok && reply.status === 200 ? jsonOf(reply) : undefined)
		if (!list.success) return notFound(reply, context.now(), 'the list of pipelines')
		const found = list.data.find(({ name }) => name?.includes(call.idempotencyKey))
		if (found) return { ok: true, run: toRun(found) }
		if (list.data.length < pageSize) return { ok: true, run: undefined }
	}
	return {
		ok: false,
		failed: { status: 'refused', detail: 'more than 500 pipelines in two days, too many to find one' },
	}
}

const failedStatuses: ReadonlySet<string> = new Set(['failed', 'canceled', 'skipped'])

function toRun({ status, web_url: url }: z.output<typeof Pipeline>): Run {
	if (status === 'success') return { state: 'done', detail: `${url} ended as success` }
	if (failedStatuses.has(status)) return { state: 'failed', detail: `${url} ended as ${status}` }
	return { state: 'running', detail: `${url} is ${status}` }
}

async function start(context: TargetContext, settings: Settings, call: ExecutorCall): Promise<Acted> {
	const { ref } = settings
	const file = `${fileUrl(settings)}?${new URLSearchParams({ ref })}`
	const source = await callGitlab(context, settings, call, { method: 'GET', url: file })
	const unread = failedAct(source, context.now())
	if (unread || !source.ok)
		return unread?.status === 'unsure' ? { ...unread, known: 'not-done' } : (unread as Acted)
	if (!new RegExp(`^\\s*name:.*\\$\\{?${keyVariable}\\b`, 'm').test(source.text))
		return {
			status: 'refused',
			detail: `.gitlab-ci.yml has no workflow:name with $${keyVariable}: without it, a repeated call would start a second pipeline`,
		}
	const variables = Object.entries(variablesOf(settings, call.action, call.idempotencyKey))
	const form = { ref, ...Object.fromEntries(variables.map(([k, v]) => [`variables[${k}]`, v])) }
	const url = `${projectUrl(settings)}/trigger/pipeline`
	const reply = await callGitlab(context, settings, call, { method: 'POST', url, form })
	const failed = failedAct(reply, context.now())
	if (failed || !reply.ok) return failed as Acted
	const started = Pipeline.safeParse(jsonOf(reply))
	if (!started.success) return { status: 'unsure', detail: 'its answer cannot be read' }
	return { status: 'accepted', detail: `started ${started.data.web_url}` }
}
