import type { Env, Hono } from 'hono'
import type { Endpoint } from './endpoint.ts'
import { problem, problemType } from './problem.ts'

export const honoPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1')

/** The methods of each path, GET with HEAD, as the Allow header lists them. */
export function methodsByPath(endpoints: readonly Endpoint[]): Map<string, string[]> {
	const paths = new Map<string, string[]>()
	for (const { path, method } of endpoints) {
		const name = method.toUpperCase()
		paths.set(path, [...(paths.get(path) ?? []), ...(name === 'GET' ? ['GET', 'HEAD'] : [name])])
	}
	return paths
}

/** Behind the operations: a known path with another method is 405 with Allow, and OPTIONS says what there is. */
export function refuseOtherMethods<E extends Env>(app: Hono<E>, endpoints: readonly Endpoint[]): void {
	for (const [path, methods] of methodsByPath(endpoints)) {
		const allow = [...methods, 'OPTIONS'].join(', ')
		app.all(honoPath(path), (c) => {
			if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow })
			const answer = problem('method-not-allowed', `${c.req.method} is not possible here; ${allow} are.`)
			return c.body(JSON.stringify(answer), 405, { 'content-type': problemType, allow })
		})
	}
}
