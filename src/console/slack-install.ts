import { html } from 'hono/html'
import { z } from 'zod'
import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { authenticate } from '../http/serve-endpoint.ts'
import { authoriseGlobs } from '../registry/key/authorise.ts'
import { beginInstall, finishInstall, slackApp, useInstallLink } from '../slack/install/install-app.ts'
import { page } from './page.ts'

const cookieName = 'plumbline_install'

/** Lax: Slack sends the browser back with a GET from another site. */
const cookieOf = (value: string, maxAgeSeconds: number, publicUrl: string): string =>
	`${cookieName}=${value}; Path=/slack; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${publicUrl.startsWith('https:') ? '; Secure' : ''}`

/** An admin can also begin with a key, without a link. */
async function adminOf(context: Context, request: Request): Promise<Actor> {
	if (!request.headers.has('authorization'))
		throw new AppError(
			'unauthenticated',
			'Only an admin connects a workspace: open the link that `plumbline slack install` prints.',
		)
	const actor = await authenticate(context, request)
	authoriseGlobs(actor, 'admin', ['*'])
	return actor
}

const begin = endpoint({
	method: 'get',
	hidden: true,
	access: 'open',
	path: '/slack/install',
	id: 'beginSlackInstall',
	summary: 'Install the app in another workspace: goes to Slack',
	query: z.object({ link: z.string().max(256).optional() }),
	answers: { 302: { description: 'To Slack, where the workspace is chosen', type: 'text/html' } },
	handle: async ({ context, request, query: { link } }) => {
		slackApp(context)
		// Programs check links with HEAD, which must not use one up.
		if (request.method === 'HEAD') return page(200, 'Install in Slack', html``)
		const by = link === undefined ? await adminOf(context, request) : await useInstallLink(context, link)
		const { url, cookie, maxAgeSeconds } = await beginInstall(context, by)
		const headers = { location: url, 'set-cookie': cookieOf(cookie, maxAgeSeconds, context.publicUrl) }
		return page(302, 'Install in Slack', html`<p><a href="${url}">Go on at Slack</a></p>`, headers)
	},
})

/** The value of a cookie of the request. */
const cookieIn = (request: Request): string | undefined =>
	new RegExp(`(?:^|; *)${cookieName}=([\\w-]+)`).exec(request.headers.get('cookie') ?? '')?.[1]

const finish = endpoint({
	method: 'get',
	hidden: true,
	access: 'open',
	path: '/slack/oauth',
	id: 'finishSlackInstall',
	summary: 'Where Slack sends the browser back',
	query: z.object({
		state: z.string().max(256).optional(),
		code: z.string().max(1024).optional(),
		error: z.string().max(256).optional(),
	}),
	answers: { 200: { description: 'The workspace is connected', type: 'text/html' } },
	handle: async ({ context, request, query }) => {
		const install = await finishInstall(context, { ...query, cookie: cookieIn(request) })
		const gone = cookieOf('', 0, context.publicUrl)
		return page(
			200,
			`${install.name} is connected`,
			html`<p>Plumbline answers in the Slack workspace ${install.name} (${install.team}) from now on. Its people have no role yet: <code>plumbline slack map ${install.team}/USER --role viewer</code> gives one.</p>`,
			{ 'set-cookie': gone },
		)
	},
})

export const slackInstallEndpoints: readonly Endpoint[] = [begin, finish]
