import { expect } from 'vitest'
import { resources } from '../../src/http/index.ts'
import { withServer } from '../support/fixtures.ts'
import { registerModel } from '../support/rows.ts'

const it = withServer()
it.beforeAll(({ server }) => registerModel(server, { task: 'binary' }))

const endpoints = Object.values(resources)
	.flatMap((resource) => resource.endpoints)
	.filter(({ access }) => access !== 'open')

it.for(endpoints.map((e) => [e.method.toUpperCase(), e.path, e] as const))(
	'%s %s refuses a parameter that it does not know',
	async ([method, path, { bodyExample, rows }], { server }) => {
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
