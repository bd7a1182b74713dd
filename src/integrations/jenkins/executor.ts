import { z } from 'zod'
import { parseDuration } from '../../core/time.ts'
import type { Acted, Action, ExecutorCall } from '../../ports/executors.ts'
import { type Found, filledInputs, Inputs, notFound, pipelineExecutor, type Run } from '../pipeline.ts'
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
		url: z.string(),
		/** With its folders: folder/job. It must have the parameter PLUMBLINE_REQUEST. */
		job: z.string().regex(/^[^/]+(\/[^/]+)*$/, 'must be the name of a job, such as folder/deploy'),
		user: z.string().min(1),
		/** An API token of the user. */
		token: SecretReference,
		parameters: Inputs,
		timeout: Timeout,
		insecure: z.boolean().optional(),
	}),
	{ url: [] },
)
type Settings = z.output<typeof Settings>

const keyParameter = 'PLUMBLINE_REQUEST'

/** Builds a job of Jenkins, and follows it through the queue to its result. */
export const jenkinsExecutor = pipelineExecutor({
	name: 'jenkins',
	settings: Settings,
	plan: planOf,
	find,
	start,
})

const baseUrl = ({ url }: Settings): string => url.replace(/\/+$/, '')
const jobUrl = (settings: Settings): string =>
	`${baseUrl(settings)}/job/${settings.job.split('/').map(encodeURIComponent).join('/job/')}`

const parametersOf = ({ parameters }: Settings, action: Action, key: string): Record<string, string> => ({
	...filledInputs(parameters, action),
	[keyParameter]: key,
})

function planOf(settings: Settings, action: Action): string[] {
	const [base, job] = [shownUrl(baseUrl(settings)), shownUrl(jobUrl(settings))]
	const parameters = JSON.stringify(parametersOf(settings, action, '(this request)'))
	return [
		`GET ${base}/queue/api/json until the build of this request has left the queue`,
		`GET ${job}/api/json until the build of this request has ended`,
		`GET ${base}/crumbIssuer/api/json`,
		`POST ${job}/buildWithParameters ${parameters}`,
	]
}

async function callJenkins(
	context: TargetContext,
	settings: Settings,
	{ signal }: ExecutorCall,
	call: Pick<TargetCall, 'method' | 'url' | 'body' | 'headers'>,
): Promise<TargetReply> {
	const token = await context.readSecret(settings.token)
	const bytes = new TextEncoder().encode(`${settings.user}:${token}`)
	const pair = btoa(String.fromCharCode(...bytes))
	return callTarget(context, {
		...call,
		headers: { ...call.headers, authorization: `Basic ${pair}` },
		timeoutMs: parseDuration(settings.timeout) as number,
		maxBytes: 4 * 2 ** 20,
		secrets: [token, pair],
		signal,
	})
}

const actions = z
	.array(
		z
			.object({ parameters: z.array(z.object({ name: z.string(), value: z.unknown() })).optional() })
			.nullable(),
	)
	.default([])
const Queue = z.object({ items: z.array(z.object({ id: z.number(), why: z.string().nullish(), actions })) })
const Build = z.object({
	url: z.string(),
	result: z.string().nullish(),
	building: z.boolean().nullish(),
	actions,
})
const Job = z.object({
	property: z
		.array(z.object({ parameterDefinitions: z.array(z.object({ name: z.string() })).optional() }).nullable())
		.default([]),
	builds: z.array(Build).default([]),
})

const isOf = (key: string) => (item: { actions: z.output<typeof actions> }) =>
	item.actions.some((a) => a?.parameters?.some((p) => p.name === keyParameter && p.value === key))

const parameterTree = 'actions[parameters[name,value]]'

/** The build, or the item of the queue, with the request as its parameter. The queue first: what leaves it is a build. */
async function find(context: TargetContext, settings: Settings, call: ExecutorCall): Promise<Found> {
	const read = async <T>(url: string, tree: string, schema: z.ZodType<T>) => {
		const query = new URLSearchParams({ tree })
		const reply = await callJenkins(context, settings, call, {
			method: 'GET',
			url: `${url}/api/json?${query}`,
		})
		const parsed = schema.safeParse(reply.ok && reply.status === 200 ? jsonOf(reply) : undefined)
		return parsed.success ? { ok: true as const, value: parsed.data } : { ok: false as const, reply }
	}
	const queue = await read(`${baseUrl(settings)}/queue`, `items[id,why,${parameterTree}]`, Queue)
	if (!queue.ok) return notFound(queue.reply, context.now(), 'the queue')
	const item = queue.value.items.find(isOf(call.idempotencyKey))
	if (item) return { ok: true, run: { state: 'running', detail: `item ${item.id} of the queue waits` } }
	const tree = `property[parameterDefinitions[name]],builds[url,result,building,${parameterTree}]{0,100}`
	const job = await read(jobUrl(settings), tree, Job)
	if (!job.ok) return notFound(job.reply, context.now(), 'the job')
	const build = job.value.builds.find(isOf(call.idempotencyKey))
	if (build) return { ok: true, run: toRun(build) }
	// Jenkins drops parameters that a job does not declare.
	const isDeclared = job.value.property.some((p) =>
		p?.parameterDefinitions?.some((d) => d.name === keyParameter),
	)
	if (isDeclared) return { ok: true, run: undefined }
	const detail = `the job ${settings.job} has no parameter ${keyParameter}: without it, a repeated call would start a second build`
	return { ok: false, failed: { status: 'refused', detail } }
}

function toRun({ url, result, building }: z.output<typeof Build>): Run {
	if (building || !result) return { state: 'running', detail: `${url} is running` }
	return { state: result === 'SUCCESS' ? 'done' : 'failed', detail: `${url} ended as ${result}` }
}

const Crumb = z.object({ crumb: z.string(), crumbRequestField: z.string() })

/** The crumb and the session that it belongs to. An API token needs none, and a server may have no issuer. */
async function crumbHeaders(context: TargetContext, settings: Settings, call: ExecutorCall) {
	const url = `${baseUrl(settings)}/crumbIssuer/api/json`
	const reply = await callJenkins(context, settings, call, { method: 'GET', url })
	const crumb = Crumb.safeParse(reply.ok && reply.status === 200 ? jsonOf(reply) : undefined)
	if (!crumb.success || !reply.ok) return {}
	const cookies = reply.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
	return {
		[crumb.data.crumbRequestField]: crumb.data.crumb,
		...(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}),
	}
}

async function start(context: TargetContext, settings: Settings, call: ExecutorCall): Promise<Acted> {
	const crumb = await crumbHeaders(context, settings, call)
	const parameters = parametersOf(settings, call.action, call.idempotencyKey)
	const reply = await callJenkins(context, settings, call, {
		method: 'POST',
		url: `${jobUrl(settings)}/buildWithParameters`,
		headers: { ...crumb, 'content-type': 'application/x-www-form-urlencoded' },
		body: new URLSearchParams(parameters).toString(),
	})
	const failed = failedAct(reply, context.now())
	if (failed || !reply.ok) return failed as Acted
	const item = reply.headers.get('location')
	if (reply.status !== 201 || item === null)
		return { status: 'unsure', detail: 'its answer names no item of the queue' }
	return { status: 'accepted', detail: `queued as ${shownUrl(item)}` }
}
