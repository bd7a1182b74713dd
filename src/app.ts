import { Hono } from 'hono'
import { forBrowsers } from './console/browser.ts'
import { consoleEndpoints } from './console/index.ts'
import type { Context } from './context.ts'
import { ByteBudget } from './core/byte-budget.ts'
import { secondMs } from './core/time.ts'
import type { BodySource } from './http/body.ts'
import { documentation } from './http/docs/page.ts'
import type { AppOptions, OpenRequest } from './http/endpoint.ts'
import { resources } from './http/index.ts'
import { honoPath, notFound, onError, refuseOtherMethods, requestId, safeHeaders } from './http/respond.ts'
import { serveEndpoint } from './http/serve-endpoint.ts'
import { Traffic } from './http/traffic.ts'
import { DeploymentFeed } from './registry/deployment/deployment-feed.ts'

export type { AppOptions } from './http/endpoint.ts'

/**
 * `body`: the source of the body, if it is not the request itself. `keptOpenAt`: since when the request is kept open, which
 * does not count as its duration.
 */
type Env = {
	Variables: { requestId: string; keptOpenAt?: number }
	Bindings: { body?: BodySource; keepOpen?: () => OpenRequest }
}
export type App = Hono<Env>

/**
 * The whole service as one `fetch` function. It reads no environment and no clock, only the context. There is one small
 * step for all requests, then the operation itself, so that no operation pays for the others.
 */
export function buildApp(context: Context, options: AppOptions = {}): App {
	const app = new Hono<Env>()
	const budget = options.budget ?? new ByteBudget(context.limits.bytesInFlight)
	const feed = deploymentFeeds(context, options.isolated)
	const service = { context, options, traffic: options.traffic ?? new Traffic(), budget, feed }
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
		app.on(endpoint.method.toUpperCase(), honoPath(endpoint), async (c) => {
			const from = context.now()
			const response = await serve(c).catch((error) => onError(context, error, c))
			const until = c.get('keptOpenAt') ?? context.now()
			service.traffic.add(endpoint.id, response.status, until - from)
			return response
		})
	}
	refuseOtherMethods(app, endpoints)
	app.notFound(notFound)
	app.onError((error, c) => onError(context, error, c))
	return app
}

/** Where a request must not wait for another one's work, each follower looks for changes itself, and less often. */
const isolatedEveryMs = secondMs

/** One feed for all requests, which hears of this process's commits at once. */
function deploymentFeeds(context: Context, isIsolated = false): () => DeploymentFeed {
	if (isIsolated) return () => new DeploymentFeed(context, isolatedEveryMs)
	const feed = new DeploymentFeed(context)
	context.committed = feed.committed
	return () => feed
}
