import { type AppOptions, buildApp } from '../../src/app.ts'
import type { Context } from '../../src/context.ts'
import type { CipherKeys } from '../../src/core/cipher.ts'
import { listen } from '../../src/platform/node/listen.ts'
import { ensureAdminKey } from '../../src/registry/key/ensure-admin-key.ts'
import { checkAnswer } from './check-answer.ts'
import { testContext } from './context.ts'

export const adminKey = 'test-admin-key-0123456789'

type Ask = {
	method?: string
	headers?: Record<string, string>
	key?: string | null
	json?: unknown
	body?: BodyInit
}
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers, whose shape `checkAnswer` has checked
export type Json = any
export type Answered = { status: number; headers: Headers; text: string; body: Json }

/**
 * The app on a real port over a fresh database, with an admin key. `fetch` takes a path, sends the admin key unless
 * `key` is another one (null: none), and answers with the body read and, where it is JSON, parsed. It fails when an
 * answer is not as the documentation says.
 */
export async function testServer(
	options: AppOptions = {},
	contextOptions: Partial<Context> = {},
	write?: (folder: string) => void,
	dataKeys: CipherKeys = [],
) {
	const made = await testContext(contextOptions, write, dataKeys)
	await ensureAdminKey(made.context, adminKey)
	const app = buildApp(made.context, options)
	const { url, close } = await listen(app.fetch, '127.0.0.1', 0, made.context.limits)
	const ask = async (path: string, { key = adminKey, json, ...init }: Ask = {}): Promise<Answered> => {
		const headers = new Headers(init.headers)
		if (key !== null) headers.set('authorization', `Bearer ${key}`)
		if (json !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
		const body = json === undefined ? init.body : JSON.stringify(json)
		const response = await fetch(url + path, {
			...init,
			headers,
			...(body === undefined ? {} : { body }),
		} as RequestInit)
		const text = await response.text()
		const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== ''
		const answered = {
			status: response.status,
			headers: response.headers,
			text,
			body: isJson ? JSON.parse(text) : undefined,
		}
		checkAnswer(init.method ?? 'GET', path, answered)
		return answered
	}
	const post = (path: string, json: unknown, more: Ask = {}) => ask(path, { method: 'POST', json, ...more })
	return {
		...made,
		databaseUrl: made.url,
		url,
		adminKey,
		fetch: ask,
		post,
		/** A key with the given role; answers its secret. */
		async keyOf(role: string, more: object = {}): Promise<string> {
			return (await post('/v1/keys', { name: role, role, ...more })).body.secret
		},
		async close() {
			await close()
			await made.close()
		},
	}
}

export type TestServer = Awaited<ReturnType<typeof testServer>>
