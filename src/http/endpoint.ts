import type { z } from 'zod'
import type { Context } from '../context.ts'
import type { Actor, Role } from '../core/actor.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { RequestBody } from './body.ts'
import type { AppOptions } from './options.ts'
import type { Traffic } from './traffic.ts'

/** What a handler answers: JSON unless `body` is a string, which goes out as it is with its own content type. */
export type Reply = { status: number; body?: unknown; headers?: Record<string, string> }

type Output<S> = S extends z.ZodType ? z.output<S> : undefined

/** What every operation of one app shares. */
export type Service = { context: Context; options: AppOptions; traffic: Traffic; budget?: ByteBudget }

/** A request that passed the key, role, scope and shape checks. */
export type Call<P = undefined, Q = undefined, B = undefined> = Service & {
	actor: Actor
	params: Output<P>
	query: Output<Q>
	body: Output<B>
	request: Request
	/** What the handler reads itself: the rows. */
	stream: RequestBody
}

/** One answer of an operation, for the documentation and its tests. */
export type Answer = {
	description: string
	schema?: z.ZodType
	/** Default `application/json`. */
	type?: string
	/** Another type that the handler may answer with, by the Accept header. */
	otherType?: string
	example?: unknown
	headers?: Record<string, string>
}

/** Rows that the handler reads from the stream itself. */
export type Rows = { description: string; types: Record<string, { schema?: z.ZodType; example: unknown }> }

export type Endpoint = {
	method: 'get' | 'post' | 'put' | 'patch' | 'delete'
	/** With `{name}` for parameters. A parameter called `model` is checked against the key's scope. */
	path: string
	id: string
	summary: string
	description?: string
	/** The roles of which one is needed; `open` needs no key. */
	access: 'open' | Role | readonly Role[]
	params?: z.ZodObject
	query?: z.ZodObject
	body?: z.ZodType
	bodyExample?: unknown
	/** A request without a body is fine. */
	bodyOptional?: boolean
	rows?: Rows
	answers: Readonly<Record<number, Answer>>
	/** Errors beyond those that follow from the rest. */
	errors?: readonly ErrorCode[]
	/** Not part of the described interface, such as the pages that describe it. */
	hidden?: boolean
	// biome-ignore lint/suspicious/noExplicitAny: a registry holds endpoints of every shape; `endpoint` types each one
	handle: (call: Call<any, any, any>) => Promise<Reply | Response> | Reply | Response
}

type Typed<P, Q, B> = Omit<Endpoint, 'params' | 'query' | 'body' | 'handle'> & {
	params?: P
	query?: Q
	body?: B
	handle: (call: Call<P, Q, B>) => Promise<Reply | Response> | Reply | Response
}

/** Declares one operation; the handler's `params`, `query` and `body` have the types of their schemas. */
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
