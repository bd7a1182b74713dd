import { z } from 'zod'
import { deploy } from '../../approvals/protection/deploy.ts'
import { minuteMs, parseDuration } from '../../core/time.ts'
import { compareVersions } from '../../monitoring/comparison/compare-versions.ts'
import { VersionComparison } from '../../monitoring/comparison/comparison.schema.ts'
import { awaitDeployment, canBeDeployed } from '../../registry/deployment/await-deployment.ts'
import {
	type Deployment,
	DeploymentInput,
	Deployment as DeploymentSchema,
} from '../../registry/deployment/deployment.schema.ts'
import {
	currentDeployments,
	getDeployment,
	listDeployments,
} from '../../registry/deployment/get-deployment.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { DeploymentEvents, eventHeaders, eventsType } from '../deployment-events.ts'
import { type Call, endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pageOf, pageParameters, pathText, periodParameters } from '../parameters.ts'
import { accepts, prefers } from '../read-query.ts'

const input = { champion: '7', challenger: '8', canary: { version: '8', percent: 5 } }
const example = {
	model: 'credit-default',
	environment: 'production',
	revision: 1,
	...input,
	since: '2026-03-02T00:00:00.000Z',
}
const comparisonExample = {
	model: 'credit-default',
	environment: 'production',
	champion: '7',
	challenger: '8',
	since: '2026-03-02T00:00:00.000Z',
	design: 'paired',
	outcomes: 4100,
	loss: 'brier',
	method: 'empirical-bernstein' as const,
	clippedAt: null,
	clipped: null,
	verdict: 'not-yet',
	reason: 'the gain may be on either side',
	gain: { value: 0.004, low: -0.002, high: 0.01 },
	guards: [
		{
			metric: 'performance.roc_auc',
			name: 'ROC AUC',
			champion: 0.78,
			challenger: 0.79,
			value: 0.01,
			low: -0.008,
			high: 0.028,
			tolerance: 0.02,
			state: 'holds',
			holds: true,
		},
	],
	moreOutcomes: 2600,
	note: null,
}
const params = z.strictObject({ ...modelPath, environment: pathText('The environment.', 'production') })
const headers = { etag: 'Changes with the deployment; send it as If-None-Match' }

/** With the time, as a restored database gives the same revisions again. */
const etagOf = ({ revision, since }: Deployment) => `"${revision}-${Date.parse(since).toString(36)}"`

/** RFC 9110, 13.1.2: `*`, or a list of tags that are compared weakly. */
function matches(header: string | null, etag: string): boolean {
	if (header === null) return false
	return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}

const longestWaitMs = minuteMs

const getQuery = z.strictObject({
	wait: z
		.string()
		.default('0s')
		.transform((text, issues) => {
			const ms = parseDuration(text)
			if (ms !== undefined && ms <= longestWaitMs) return ms
			issues.addIssue({ code: 'custom', message: 'must be a duration of at most 60s, such as 30s' })
			return z.NEVER
		})
		.meta({
			pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d|w)$',
			description:
				'How long to wait for another deployment than the one in If-None-Match, at most 60s. Default: not at all.',
			example: '30s',
		}),
})
type GetCall = Call<typeof params, typeof getQuery>

const put = endpoint({
	method: 'put',
	path: '/v1/models/{model}/deployments/{environment}',
	id: 'setDeployment',
	summary: 'Deploy versions to an environment',
	description:
		'Changes are kept as history. Sending the same content again changes nothing. In a protected environment (`approvals.yaml`; by default production of models with the risk tier high), a change of the champion or the canary changes nothing and is requested instead: the answer is 409 `needs-approval` with the `request`, and its path in `Location`. The first deployment, and a change of the challenger alone, go through.',
	access: 'admin',
	params,
	body: DeploymentInput,
	bodyExample: input,
	answers: {
		200: { description: 'Changed, or unchanged', schema: DeploymentSchema, example, headers },
		201: {
			description: 'The first deployment to the environment',
			schema: DeploymentSchema,
			example,
			headers,
		},
	},
	errors: ['conflict', 'needs-approval', 'frozen', 'unsatisfiable'],
	handle: async ({ context, actor, params: { model, environment }, body }) => {
		const { deployment, isNew } = await deploy(context, actor, model, environment, body)
		return { status: isNew ? 201 : 200, body: deployment, headers: { etag: etagOf(deployment) } }
	},
})

const get = endpoint({
	method: 'get',
	path: '/v1/models/{model}/deployments/{environment}',
	id: 'getDeployment',
	summary: 'Read or follow the deployment of an environment',
	description:
		'To follow it, send the ETag as If-None-Match with `wait`: the answer comes as soon as there is another deployment, or is 304 when the time is up. `Accept: text/event-stream` streams the current deployment and each later one as an event `deployment` whose id is the revision, with a comment every 15 seconds; `Last-Event-ID` leaves out what is known. Both also wait for the first deployment to an environment.',
	access: 'viewer',
	params,
	query: getQuery,
	headers: z.strictObject({
		'if-none-match': z.string().optional().meta({
			description: 'The ETag of the deployment that is known.',
			example: '"1-mm8eww00"',
		}),
		'last-event-id': z.string().optional().meta({
			description: 'For a stream: the revision of the deployment that is known.',
			example: '1',
		}),
	}),
	answers: {
		200: {
			description: 'The current deployment, or a stream of deployments',
			schema: DeploymentSchema,
			example,
			headers,
			otherType: eventsType,
		},
		304: { description: 'Unchanged since the tag in If-None-Match' },
	},
	errors: ['overloaded'],
	handle: async (call) => {
		const { context, params: of, query, request } = call
		const accept = request.headers.get('accept')
		if (prefers(accept, eventsType) || !accepts(accept, 'application/json')) return stream(call)
		const isKnown = (deployment: Deployment) =>
			matches(request.headers.get('if-none-match'), etagOf(deployment))
		const waited = query.wait > 0 ? await wait(call, isKnown) : undefined
		// Throws when there is none.
		const deployment = waited?.deployment ?? (await getDeployment(context, of.model, of.environment))
		const about = {
			etag: etagOf(deployment),
			'cache-control': 'private, no-cache, no-transform',
			vary: 'Accept',
		}
		const isNew = waited?.deployment ? waited.isNew : !isKnown(deployment)
		return isNew ? ok(deployment, about) : { status: 304, headers: about }
	},
})

async function wait(call: GetCall, isKnown: (deployment: Deployment) => boolean) {
	const { context, actor, params: of, query } = call
	const { signal } = call.keepOpen()
	return await awaitDeployment(context, call.feed(), { actor, ...of, isKnown, ms: query.wait, signal })
}

/** Where requests are isolated, each look for changes counts as a call of the request, whose number is limited. */
const longestIsolatedMs = 10 * minuteMs

async function stream(call: GetCall): Promise<Response> {
	const { context, actor, params: of, request, options } = call
	if (!(await canBeDeployed(context, of.model, of.environment)))
		await getDeployment(context, of.model, of.environment)
	if (request.method === 'HEAD') return new Response(null, { headers: eventHeaders })
	const following = { actor, ...of, lastEventId: request.headers.get('last-event-id') }
	const longestMs = options.isolated ? longestIsolatedMs : undefined
	const events = new DeploymentEvents(context, call.feed(), call.keepOpen(), following, longestMs)
	return new Response(events.stream, { headers: eventHeaders })
}

const list = endpoint({
	method: 'get',
	path: '/v1/models/{model}/deployments',
	id: 'listDeployments',
	summary: 'List the deployments of all environments',
	access: 'viewer',
	params: z.strictObject(modelPath),
	answers: {
		200: {
			description: 'One item per environment',
			schema: pageOf(DeploymentSchema),
			example: { items: [example], next: null },
		},
	},
	handle: async ({ context, params: { model } }) => {
		await findModel(context, model)
		return ok({ items: await currentDeployments(context, model), next: null })
	},
})

const history = endpoint({
	method: 'get',
	path: '/v1/models/{model}/deployments/{environment}/history',
	id: 'listDeploymentHistory',
	summary: 'List past deployments of an environment, newest first',
	access: 'viewer',
	params,
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'Every deployment to the environment',
			schema: pageOf(DeploymentSchema),
			example: { items: [example], next: null },
		},
	},
	handle: async ({ context, params: { model, environment }, query }) =>
		ok(await listDeployments(context, model, environment, query)),
})

const compare = endpoint({
	method: 'get',
	path: '/v1/models/{model}/deployments/{environment}/comparison',
	id: 'compareVersions',
	summary: 'Compare a challenger or canary with the champion',
	description:
		'Uses an always-valid confidence sequence, so you can look as often as you like. Only rows after the deployment count. Requests that both versions scored (rows of one subject at one time) are compared in pairs, otherwise rows of the same hours. `promote`: better by more than the margin, and all guards hold. `keep`: worse, or a guard is broken. `not-yet`: about `moreOutcomes` more outcomes are needed. `selective`: outcomes are known mostly for rows that the versions decide differently, so more of them do not help.',
	access: 'viewer',
	params,
	query: z.strictObject({
		challenger: z.string().min(1).max(256).optional().meta({
			description: 'Default: the challenger of the deployment, otherwise its canary.',
			example: '8',
		}),
		from: periodParameters.from.meta({
			description: 'Predictions from this time on. Default: since the deployment.',
			example: '2026-03-02T00:00:00Z',
		}),
		margin: z.coerce.number().min(0).max(1e6).optional().meta({
			description: 'How much better it has to be, in units of the loss. Default: 0.',
			example: '0.01',
		}),
		aim: z.enum(['superior', 'non-inferior']).optional().meta({
			description: '`non-inferior`: it is enough not to be worse by more than the margin.',
			example: 'superior',
		}),
		tolerance: z.coerce.number().min(0).max(1).optional().meta({
			description:
				'How much ROC AUC, share of correct decisions and share of answered requests the challenger may lose. Default: 0.02.',
			example: '0.02',
		}),
		groupTolerance: z.coerce.number().min(0).max(1).optional().meta({
			description:
				"How much a group's error rate, or its distance in positive decisions from all others, may grow; for absolute errors, as a share of `clippedAt`. Default: 0.05.",
			example: '0.05',
		}),
	}),
	answers: {
		200: { description: 'The comparison so far', schema: VersionComparison, example: comparisonExample },
	},
	handle: async ({ context, params: { model, environment }, query }) =>
		ok(await compareVersions(context, model, environment, query)),
})

export const deployments = {
	about: 'Which versions serve in which environment.',
	endpoints: [put, get, list, history, compare],
} satisfies Resource
