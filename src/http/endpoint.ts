import type { z } from 'zod'
import type { Context } from '../context.ts'
import type { Actor, Role } from '../core/actor.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { JobRun } from '../jobs/run/run-job.ts'
import type { ExportedMetrics } from '../monitoring/windows/exported-points.ts'
import type { DeploymentFeed } from '../registry/deployment/deployment-feed.ts'
import type { RequestBody } from './body.ts'
import type { Traffic } from './traffic.ts'

/** What a handler returns. A `body` is sent as JSON, except a string, which is sent as it is with its own content type. */
export type Reply = { status: number; body?: unknown; headers?: Record<string, string> }

type Output<S> = S extends z.ZodType ? z.output<S> : undefined

/** What all operations of an app share. */
export type Service = { context: Context; options: AppOptions; traffic: Traffic; budget?: ByteBudget }

/** A request that is answered late, or with a stream. */
export type OpenRequest = {
	/** Aborted when the client is gone or the service stops. */
	signal: AbortSignal
	/** Ends the connection, when the client does not read. */
	cut(): void
}

/** A request that passed the key, role, scope and shape checks. */
export type Call<P = undefined, Q = undefined, B = undefined> = Service & {
	actor: Actor
	params: Output<P>
	query: Output<Q>
	body: Output<B>
	request: Request
	/** The body, for handlers that read it themselves. */
	stream: RequestBody
	/** Keeps the request open for long: its connection does not count in the limit of connections. */
	keepOpen: () => OpenRequest
	/** Tells of deployments as they are made. */
	feed: () => DeploymentFeed
}

/** One response of an operation, for the documentation and its tests. */
export type Answer = {
	description: string
	schema?: z.ZodType
	/** Default `application/json`. */
	type?: string
	/** Another content type that the handler can return, depending on the Accept header. */
	otherType?: string
	example?: unknown
	headers?: Record<string, string>
}

/** Rows that the handler reads from the stream itself. */
type Rows = { description: string; types: Record<string, { schema?: z.ZodType; example: unknown }> }

export type Endpoint = {
	method: 'get' | 'post' | 'put' | 'patch' | 'delete'
	/** With `{name}` for parameters. A parameter named `model` is checked against the scope of the key. */
	path: string
	/** The last parameter takes the rest of the path, with slashes. */
	takesRest?: boolean
	id: string
	summary: string
	description?: string
	/** The role that is needed, or one of several; `open` needs no key. */
	access: 'open' | Role | readonly Role[]
	params?: z.ZodObject
	query?: z.ZodObject
	/** Headers that the handler reads, for the documentation. */
	headers?: z.ZodObject
	body?: z.ZodType
	bodyExample?: unknown
	/** The body can be left out. */
	bodyOptional?: boolean
	rows?: Rows
	answers: Readonly<Record<number, Answer>>
	/** Errors beyond those that follow from the other members. */
	errors?: readonly ErrorCode[]
	/** Not part of the documented interface. */
	hidden?: boolean
	// biome-ignore lint/suspicious/noExplicitAny: the list holds endpoints of every shape; `endpoint` types each one
	handle: (call: Call<any, any, any>) => Promise<Reply | Response> | Reply | Response
}

type Typed<P, Q, B> = Omit<Endpoint, 'params' | 'query' | 'body' | 'handle'> & {
	params?: P
	query?: Q
	body?: B
	handle: (call: Call<P, Q, B>) => Promise<Reply | Response> | Reply | Response
}

/** Declares an operation. The handler's `params`, `query` and `body` have the types of their schemas. */
export const endpoint = <
	P extends z.ZodObject | undefined = undefined,
	Q extends z.ZodObject | undefined = undefined,
	B extends z.ZodType | undefined = undefined,
>(
	spec: Typed<P, Q, B>,
): Endpoint => spec as unknown as Endpoint

/** The operations of one kind of object: what a file in `routes/` exports. */
export type Resource = { about: string; endpoints: readonly Endpoint[] }

export const ok = (body: unknown, headers?: Record<string, string>): Reply => ({
	status: 200,
	body,
	...(headers ? { headers } : {}),
})
export const created = (body: unknown, headers?: Record<string, string>): Reply => ({
	status: 201,
	body,
	...(headers ? { headers } : {}),
})
export const noContent: Reply = { status: 204 }

/** Memory and CPU of the process, as the operating system reports them. */
export type ProcessUsage = { residentBytes: number; heapBytes: number; cpuSeconds: number; startedAt: number }

/** What the app has besides the HTTP routes. The paths of a part that is missing return `unavailable` and say why. */
export type AppOptions = {
	/** Handles what Slack posts to `/slack/events`. */
	slack?: (request: Request) => Promise<Response>
	jobs?: {
		list: readonly { id: string; cron: string }[]
		/** Runs one job of the list now, under its lease. A failed run is returned, not thrown. */
		run: (id: string) => Promise<JobRun>
	}
	/** Lets a browser sign in with a cookie, and adds the pages for it. Absent: keys in headers only. */
	sessions?: Sessions
	/** A request must not wait for the work of another one, as on workers. */
	isolated?: boolean
	/** The version of Plumbline. */
	version?: string
	/** The metrics whose values are exported to Prometheus. */
	exported?: ExportedMetrics
	/** Memory and CPU of the process, where there is one. */
	process?: () => ProcessUsage
	/** The counts of requests, when another port exports them too. */
	traffic?: Traffic
	/** The budget for bodies in memory, when another port exports it too. */
	budget?: ByteBudget
}

export type PageLink = { text: string; path: string }

/** Turns the token of a one-time link into the cookie of a session, and that cookie into a key. */
export type Sessions = {
	/** The value of the `Set-Cookie` header and the pages to start from. A token works once. */
	open(token: string): { cookie: string; links: readonly PageLink[] } | 'used' | 'unknown'
	/** The secret of the key that belongs to the session in a `Cookie` header. */
	keyOf(cookies: string | undefined): string | undefined
}
