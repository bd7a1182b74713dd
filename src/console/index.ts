import { html } from 'hono/html'
import { z } from 'zod'
import { checkStore } from '../alerting/health.ts'
import { getIncident, listIncidents } from '../alerting/incident/read-incidents.ts'
import type { Context } from '../context.ts'
import { readers } from '../core/actor.ts'
import { explainPrediction } from '../decisions/explanation/explain-prediction.ts'
import type { AppOptions, Sessions } from '../http/endpoint.ts'
import { type Endpoint, endpoint, ok, type Reply } from '../http/endpoint.ts'
import { modelPath, pathText } from '../http/parameters.ts'
import { prefersHtml } from '../http/read-query.ts'
import { explanationPage } from './explanation-page.ts'
import { incidentPage, incidentsPage } from './incident-page.ts'
import { facts, page } from './page.ts'
import { slackInstallEndpoints } from './slack-install.ts'

const htmlAnswer = { 200: { description: 'A page', type: 'text/html' } }
const hidden = { method: 'get' as const, hidden: true, answers: htmlAnswer }

/** The start page, and with sessions the pages for signed-in browsers. */
export const consoleEndpoints = ({ sessions, version }: AppOptions): Endpoint[] => [
	start(version),
	icon,
	...slackInstallEndpoints,
	...(sessions ? [demoLink(sessions), incidents, incident, explanation] : []),
]

const about = 'Observability and governance for machine-learning models in production'
const links = {
	docs: '/docs',
	openapi: '/openapi.json',
	health: '/healthz',
	ready: '/readyz',
	metrics: '/metrics',
}

const isReady = (context: Context): Promise<boolean> =>
	checkStore(context).then(
		() => true,
		() => false,
	)

const start = (version = 'unknown') =>
	endpoint({
		method: 'get',
		hidden: true,
		access: 'open',
		path: '/',
		id: 'start',
		summary: 'What this is',
		answers: {
			200: { description: 'JSON for programs, a page for browsers', otherType: 'text/html' },
		},
		handle: async ({ context, request }) => {
			const ready = await isReady(context)
			const headers = { vary: 'Accept' }
			const status = ready ? 'ok' : 'unavailable'
			if (!prefersHtml(request.headers.get('accept') ?? undefined))
				return ok({ name: 'plumbline', about, version, status, links }, headers)
			return startPage(version, ready, headers)
		},
	})

const startPage = (version: string, ready: boolean, headers: Record<string, string>): Promise<Reply> =>
	page(
		200,
		about,
		html`<p>Services post their predictions to Plumbline. It compares them with a baseline, opens incidents when a model drifts, performs badly or is unfair, and explains every decision.</p>
${facts([
	['Version', version],
	[
		'Health',
		ready
			? 'ready: the database can be read and written'
			: 'not ready: the database cannot be read and written',
	],
])}
<h2>Where to start</h2>
<ul>
<li><a href="${links.docs}">The HTTP interface</a>, with an example of each call, and <a href="${links.openapi}">openapi.json</a></li>
<li><a href="${links.ready}">readyz</a> and <a href="${links.health}">healthz</a> for load balancers, <a href="${links.metrics}">metrics</a> for Prometheus (with a key)</li>
<li><code>README.md</code> and the folder <code>docs</code> of the repository: sending predictions, rules, Slack, operations, security</li>
</ul>
<p>Calls need <code>Authorization: Bearer &lt;key&gt;</code>; <code>npx plumbline keys create --role viewer</code> creates a key.</p>`,
		headers,
	)

const icon = endpoint({
	method: 'get',
	hidden: true,
	access: 'open',
	path: '/favicon.ico',
	id: 'icon',
	summary: 'No icon',
	answers: { 204: { description: 'None', type: 'image/x-icon' } },
	handle: () => ({ status: 204, headers: { 'cache-control': 'max-age=86400' } }),
})

const again = html`<p><a href="/incidents">Go to the incidents</a> if you have opened the link in this browser before. Otherwise stop the demo (Ctrl-C) and start it again: it prints a new link.</p>`

const demoLink = (sessions: Sessions) =>
	endpoint({
		...hidden,
		access: 'open',
		path: '/demo/{token}',
		id: 'openDemo',
		summary: 'Start a session with a one-time link',
		params: z.object({ token: pathText('The token of the link.', '5e1f') }),
		handle: ({ params: { token }, request }) => {
			// Programs check links with HEAD, which must not use one up.
			if (request.method === 'HEAD') return page(200, 'Demo', html``)
			const opened = sessions.open(token)
			if (opened === 'used')
				return page(410, 'This link has already been used', html`<p>A demo link works once.</p>${again}`)
			if (opened === 'unknown')
				return page(404, 'Unknown link', html`<p>It does not belong to the demo that is running.</p>${again}`)
			return page(
				200,
				'You are signed in',
				html`<p>This browser can read the demo for twelve hours, or until the demo ends.</p>
<ul>${opened.links.map(({ text, path }) => html`<li><a href="${path}">${text}</a></li>`)}</ul>`,
				{ 'set-cookie': opened.cookie },
			)
		},
	})

const incidents = endpoint({
	...hidden,
	access: readers,
	path: '/incidents',
	id: 'incidentsPage',
	summary: 'The latest incidents, as a page',
	handle: async ({ context, actor }) =>
		incidentsPage((await listIncidents(context, actor, { limit: 100 })).items),
})

const incident = endpoint({
	...hidden,
	access: readers,
	path: '/incidents/{id}',
	id: 'incidentPage',
	summary: 'An incident, as a page',
	params: z.strictObject({ id: pathText('The id of an incident.', 'inc_01kjx2y4v0') }),
	handle: async ({ context, actor, params: { id } }) => incidentPage(await getIncident(context, actor, id)),
})

const explanation = endpoint({
	...hidden,
	access: readers,
	path: '/models/{model}/predictions/{predictionId}',
	id: 'explanationPage',
	summary: 'An explanation, as a page',
	params: z.object({
		...modelPath,
		predictionId: pathText('The id of the prediction.', '8841'),
	}),
	handle: async ({ context, actor, params }) =>
		explanationPage(await explainPrediction(context, actor, params)),
})
