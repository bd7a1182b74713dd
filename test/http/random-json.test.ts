import fc from 'fast-check'
import { expect } from 'vitest'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { resources } from '../../src/http/index.ts'
import { withServer } from '../support/fixtures.ts'

const seed = 20260302
const runs = 150
const writes = Object.values(resources)
	.flatMap((r): readonly Endpoint[] => r.endpoints)
	.filter((e) => ['post', 'put', 'patch'].includes(e.method) && e.id !== 'slackEvents')

const test = withServer()
test.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
	await server.post('/v1/models/credit/versions', {
		version: '1',
		features: [{ name: 'a', type: 'numeric' }],
	})
})

const names = [
	'model',
	'version',
	'name',
	'features',
	'__proto__',
	'constructor',
	'toString',
	'window',
	'from',
	'',
	'\u0000',
	'\ud800',
]
const text = fc.oneof(
	fc.string({ unit: 'binary' }),
	fc.constantFrom(
		'credit',
		'1',
		'binary',
		'production',
		'\ud83d',
		'a\u0000b',
		'2026-03-01T00:00:00Z',
		'x'.repeat(300),
	),
)
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(1e308, -0, 2 ** 53, 1e-320))
const { value: anyJson } = fc.letrec((tie) => ({
	value: fc.oneof(
		{ maxDepth: 4 },
		text,
		number,
		fc.boolean(),
		fc.constant(null),
		fc.array(tie('value'), { maxLength: 4 }),
		tie('object'),
	),
	object: fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie('value'), { maxKeys: 5 }),
}))

/** The documented example with a few of its parts replaced: what nearly is right finds more than noise does. */
const spoiled = (example: unknown) =>
	fc
		.tuple(fc.constant(example), fc.array(fc.tuple(fc.nat(), anyJson), { minLength: 1, maxLength: 3 }))
		.map(([whole, edits]) => {
			const copy = structuredClone(whole ?? {})
			for (const [pick, value] of edits) replace(copy, pick, value)
			return copy
		})

function replace(root: unknown, pick: number, value: unknown): void {
	const places: [Record<string, unknown>, string][] = []
	const walk = (node: unknown) => {
		if (typeof node !== 'object' || node === null) return
		for (const key of Object.keys(node)) {
			places.push([node as Record<string, unknown>, key])
			walk((node as Record<string, unknown>)[key])
		}
	}
	walk(root)
	const place = places[pick % Math.max(places.length, 1)]
	if (place) place[0][place[1]] = value
}

const pathOf = (endpoint: Endpoint) => {
	const known: Record<string, string> = {
		model: 'credit',
		version: '1',
		environment: 'production',
		job: 'compute',
	}
	return endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => known[name] ?? 'x')
}
const exampleOf = (endpoint: Endpoint) =>
	endpoint.bodyExample ?? endpoint.rows?.types['application/json']?.example

test.for(writes.map((endpoint) => [endpoint.id, endpoint] as const))(
	'%s answers whatever JSON it is sent',
	async ([_, endpoint], { server }) => {
		const method = endpoint.method.toUpperCase()
		const property = fc.asyncProperty(fc.oneof(anyJson, spoiled(exampleOf(endpoint))), async (value) => {
			const body = (JSON.stringify(value) ?? 'null') as string
			// The server of the tests checks the shape of every answer, that of problems too.
			const { status, text } = await server.fetch(pathOf(endpoint), {
				method,
				body,
				headers: { 'content-type': 'application/json' },
			})
			const noJobs = endpoint.id === 'runJob' && status === 503
			if (status >= 500 && !noJobs) throw new Error(`${status} for ${body}: ${text}`)
		})
		await fc.assert(property, { seed, numRuns: runs })
	},
)

test('still works afterwards', async ({ server }) => {
	expect((await server.fetch('/readyz')).status).toBe(200)
	expect((await server.fetch('/v1/models/credit')).status).toBe(200)
})
