import { Hono } from 'hono'
import { forBrowsers } from './console/browser.ts'
import { consoleEndpoints } from './console/index.ts'
import type { Context } from './context.ts'
import { ByteBudget } from './core/byte-budget.ts'
import type { BodySource } from './http/body.ts'
import { documentation } from './http/docs/page.ts'
import type { AppOptions } from './http/endpoint.ts'
import { resources } from './http/index.ts'
import { honoPath, notFound, onError, refuseOtherMethods, requestId, safeHeaders } from './http/respond.ts'
import { serveEndpoint } from './http/serve-endpoint.ts'
import { Traffic } from './http/traffic.ts'

export type { AppOptions } from './http/endpoint.ts'

/** `body`: the source of the body, if it is not the request itself. */
type Env = { Variables: { requestId: string }; Bindings: { body?: BodySource } }
export type App = Hono<Env>

/**
 * The whole service as one `fetch` function. It reads no environment and no clock, only the context. There is one small
 * step for all requests, then the operation itself, so that no operation pays for the others.
 */
export function buildApp(context: Context, options: AppOptions = {}): App {
	const app = new Hono<Env>()
	const budget = options.budget ?? new ByteBudget(context.limits.bytesInFlight)
	const service = { context, options, traffic: options.traffic ?? new Traffic(), budget }
	const endpoints = [
		...Object.values(resources).flatMap((r) => r.endpoints),
		...documentation(context, resources),
		...consoleEndpoints(options),
	]
	app.use(async (c, next) => {
		const id = requestId(context, c.req.header('x-request-id'))
		c.set('requestId', id)
		c.header('x-request-id', id)
		for (const name in safeHeaders) c.header(name, safeHeaders[name])
		await next()
	})
	app.use(forBrowsers(options.sessions))
	for (const endpoint of endpoints) {
		const serve = serveEndpoint(endpoint, service)
		app.on(endpoint.method.toUpperCase(), honoPath(endpoint.path), async (c) => {
			const from = context.now()
			try {
				const response = await serve(c)
				service.traffic.add(endpoint.id, response.status, context.now() - from)
				return response
			} catch (error) {
				const response = onError(context, error, c)
				service.traffic.add(endpoint.id, response.status, context.now() - from)
				return response
			}
		})
	}
	refuseOtherMethods(app, endpoints)
	app.notFound(notFound)
	app.onError((error, c) => onError(context, error, c))
	return app
}
