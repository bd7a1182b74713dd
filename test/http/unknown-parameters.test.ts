import { afterAll, beforeAll, expect, it } from 'vitest'
import { resources } from '../../src/http/index.ts'
import { testServer } from '../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
beforeAll(async () => {
	server = await testServer()
	await server.post('/v1/models', { model: 'm', task: 'binary' })
	await server.post('/v1/models/m/versions', { version: '1', features: [] })
})
afterAll(() => server.close())

const endpoints = Object.values(resources)
	.flatMap((resource) => resource.endpoints)
	.filter(({ access }) => access !== 'open')

it.each(endpoints.map((e) => [e.method.toUpperCase(), e.path, e] as const))(
	'%s %s refuses a parameter that it does not know',
	async (method, path, { bodyExample, rows }) => {
		const names: Record<string, string> = { model: 'm', version: '1' }
		const to = path.replace(/\{(\w+)\}/g, (_all, name: string) => names[name] ?? 'x')
		const type = Object.keys(rows?.types ?? {})[0]
		const answer = await server.fetch(`${to}?no-such-parameter=1`, {
			method,
			...(bodyExample === undefined ? {} : { json: bodyExample }),
			...(type === undefined ? {} : { body: '[]', headers: { 'content-type': type } }),
		})
		const paths = answer.body?.errors?.map(({ path: at }: { path: string }) => at)
		expect([answer.status, paths]).toEqual([422, expect.arrayContaining(['no-such-parameter'])])
	},
)
