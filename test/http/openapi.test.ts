import { readdirSync } from 'node:fs'
import { expect } from 'vitest'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { resources } from '../../src/http/index.ts'
import { problems } from '../../src/http/problem.ts'
import { withServer } from '../support/fixtures.ts'
import type { Json } from '../support/server.ts'

const test = withServer()
let document: Json
const endpoints = Object.values(resources).flatMap((r): readonly Endpoint[] => r.endpoints)

test.beforeAll(async ({ server }) => {
	document = (await server.fetch('/openapi.json', { key: null })).body
})

test('the registry is its folder: it has every resource that a file of routes/ exports', async () => {
	const files = readdirSync(new URL('../../src/http/routes', import.meta.url))
	const exported = await Promise.all(files.map((file) => import(`../../src/http/routes/${file}`)))
	expect(Object.assign({}, ...exported)).toEqual(resources)
})

test('no two operations share a name or a method of a path', () => {
	expect(new Set(endpoints.map((e) => e.id)).size).toBe(endpoints.length)
	expect(new Set(endpoints.map((e) => `${e.method} ${e.path}`)).size).toBe(endpoints.length)
})

test('describes every operation with its answers, its errors and an example', ({ server }) => {
	expect(document).toMatchObject({
		openapi: '3.1.0',
		info: { title: 'Plumbline' },
		servers: [{ url: server.context.publicUrl }],
	})
	expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' })
	for (const endpoint of endpoints) {
		const operation = document.paths[endpoint.path][endpoint.method]
		expect(operation.operationId).toBe(endpoint.id)
		expect(operation.security).toEqual(endpoint.access === 'open' ? [] : [{ bearer: [] }])
		for (const status of Object.keys(endpoint.answers))
			expect(operation.responses[status].description).toBeTruthy()
		const statuses = [
			'406',
			'422',
			'503',
			...(endpoint.access === 'open' ? [] : ['401', '403']),
			...(endpoint.body ? ['400', '413', '415'] : []),
		]
		for (const status of statuses) {
			const media = operation.responses[status].content['application/problem+json']
			expect(media.schema).toEqual({ $ref: '#/components/schemas/Problem' })
			for (const { value } of Object.values(media.examples) as { value: { status: number } }[])
				expect(String(value.status)).toBe(status)
		}
		for (const parameter of operation.parameters ?? [])
			expect(parameter.description, `${endpoint.id} ${parameter.name}`).toBeTruthy()
		const paths = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1])
		expect(
			(operation.parameters ?? [])
				.filter((p: { in: string }) => p.in === 'path')
				.map((p: { name: string }) => p.name),
		).toEqual(paths)
	}
})

test('has examples that its own schemas accept', () => {
	for (const { id, body, bodyExample, bodyOptional, answers } of endpoints) {
		if (body && !bodyOptional) expect(body.safeParse(bodyExample).error, id).toBeUndefined()
		for (const [status, answer] of Object.entries(answers))
			if (answer.schema)
				expect(answer.schema.safeParse(answer.example).error, `${id} ${status}`).toBeUndefined()
	}
})

test('refers only to what it defines', () => {
	const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
		(m) => m[1],
	)
	for (const ref of refs) expect(document.components.schemas).toHaveProperty([ref as string])
})

test('is read by people at /docs, without anything from elsewhere', async ({ server }) => {
	const { headers, text } = await server.fetch('/docs', { key: null })
	expect(headers.get('content-type')).toMatch(/^text\/html/)
	for (const { id, path } of endpoints) {
		expect(text).toContain(`<h3 id="${id}">`)
		expect(text).toContain(path)
		expect(text).toContain(`<code id="curl-${id}">curl`)
	}
	for (const code of Object.keys(problems)) expect(text).toContain(`id="problem-${code}"`)
	expect(text).not.toMatch(/(src|href)="(https?:)?\/\//)
	expect(text).toMatch(/<html lang="en">/)
	expect(text).toContain('name="viewport"')
	const ids = [...text.matchAll(/ id="([^"]+)"/g)].map((m) => m[1])
	expect(new Set(ids).size).toBe(ids.length)
	for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target)
})

test('lets the page run its own style and script only', async ({ server }) => {
	const { headers, text } = await server.fetch('/docs', { key: null })
	const policy = headers.get('content-security-policy') as string
	for (const tag of ['style', 'script']) {
		const inner = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1] as string
		const digest = Buffer.from(
			await crypto.subtle.digest('SHA-256', new TextEncoder().encode(inner)),
		).toString('base64')
		expect(policy).toContain(`${tag}-src 'sha256-${digest}'`)
	}
	expect(text).not.toMatch(/ style="| on\w+="/)
})
