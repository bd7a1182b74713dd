import type { MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import type { Reply, Sessions } from '../http/endpoint.ts'
import { problemType } from '../http/problem.ts'
import { prefersHtml } from '../http/read-query.ts'
import { page } from './page.ts'

/**
 * Lets a browser with a session read with the key of the session, and shows it problems and JSON as pages. Only for GET, so
 * that requests forged by another site cannot change anything.
 */
export const forBrowsers =
	(sessions: Sessions | undefined): MiddlewareHandler =>
	async (c, next) => {
		if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return next()
		const wantsPage = prefersHtml(c.req.header('accept'))
		const isApi = c.req.path.startsWith('/v1/')
		const key = c.req.header('authorization') ? undefined : sessions?.keyOf(c.req.header('cookie'))
		if (key !== undefined) {
			const headers = new Headers(c.req.raw.headers)
			headers.set('authorization', `Bearer ${key}`)
			// JSON is turned into a page below.
			if (isApi && wantsPage) headers.set('accept', '*/*')
			c.req.raw = new Request(c.req.raw.url, { method: c.req.raw.method, headers })
		}
		await next()
		if (!wantsPage) return
		const type = c.res.headers.get('content-type') ?? ''
		if (type === problemType && (!isApi || key !== undefined))
			await replace(c, await problemPage(c.res, sessions !== undefined))
		else if (type === 'application/json' && isApi && key !== undefined)
			await replace(c, await jsonPage(c.req.path, c.res))
	}

async function replace(c: Parameters<MiddlewareHandler>[0], reply: Reply): Promise<void> {
	const headers = new Headers(c.res.headers)
	for (const [name, value] of Object.entries(reply.headers ?? {})) headers.set(name, value)
	headers.delete('content-length')
	// Otherwise Hono keeps the headers of the replaced response.
	c.res = undefined
	c.res = new Response(reply.body as string, { status: reply.status, headers })
}

async function problemPage(response: Response, hasSessions: boolean): Promise<Reply> {
	const { title, detail } = (await response.json()) as { title: string; detail: string }
	const hint =
		response.status === 401 && hasSessions
			? html`<p>To sign in with a browser, open the one-time link that <code>plumbline demo</code> prints.</p>`
			: ''
	return page(response.status, title, html`<p>${detail}</p>${hint}`)
}

const jsonPage = async (path: string, response: Response): Promise<Reply> =>
	page(200, path, html`<pre tabindex="0">${JSON.stringify(await response.json(), null, 2)}</pre>`)
