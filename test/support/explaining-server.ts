import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { startOfTest } from './context.ts'
import { type Json, testServer } from './server.ts'

const folder = new URL('../decisions/explanation/golden/', import.meta.url)
/** Rows and answers of the small models that `golden/make.py` makes. */
export const golden = JSON.parse(readFileSync(new URL('golden.json', folder), 'utf8'))
export const goldenFile = (name: string) => new Uint8Array(readFileSync(new URL(`${name}.json`, folder)))
export const recordOf = (i: number): Record<string, number> =>
	Object.fromEntries(golden.names.map((name: string, f: number) => [name, golden.rows[i][f]]))
export const goldenCount: number = golden.rows.length

export const sumOf = (answer: Json): number =>
	answer.contributions.reduce((s: number, c: Json) => s + c.contribution, answer.base)
/** Contributions in the order of the golden names. */
export const byName = (answer: Json): number[] =>
	golden.names.map((n: string) => answer.contributions.find((c: Json) => c.feature === n).contribution)

/** A server on which models are registered with their file, and asked why. */
export async function explainingServer() {
	const server = await testServer()
	server.clock.now = startOfTest + dayMs
	return {
		...server,
		async register(
			model: { model: string; [more: string]: unknown },
			version: object,
			bytes: Uint8Array,
			format: string,
		) {
			const path = `/v1/models/${model.model}/versions`
			const sha256 = createHash('sha256').update(bytes).digest('hex')
			expect((await server.post('/v1/models', model)).status).toBe(201)
			const features = golden.names.map((name: string) => ({ name, type: 'numeric' }))
			const made = await server.post(path, {
				version: '1',
				features,
				artifact: { sha256, format },
				...version,
			})
			expect(made.status).toBe(201)
			const headers = { 'content-type': 'application/octet-stream' }
			const put = await server.fetch(`${path}/1/artifact`, {
				method: 'PUT',
				body: bytes as BodyInit,
				headers,
			})
			expect(put.status).toBe(201)
		},
		/** Logs the golden rows, of the day before. */
		async logRows(model: string, more: (i: number) => object) {
			const sent = Array.from({ length: goldenCount }, (_, i) => ({
				predictionId: `p${i}`,
				version: '1',
				timestamp: new Date(startOfTest - dayMs + i * 60_000).toISOString(),
				features: recordOf(i),
				...more(i),
			}))
			const { body } = await server.post(`/v1/models/${model}/predictions`, sent)
			expect([body.accepted, body.rejected]).toEqual([goldenCount, []])
		},
		async explain(model: string, id: string, query = ''): Promise<Json> {
			return (await server.fetch(`/v1/models/${model}/predictions/${id}/explanation${query}`)).body
		},
		async approve(model: string, entries: object[]) {
			const path = `/v1/models/${model}/reason-tables`
			const key = await server.keyOf('analyst')
			const { body } = await server.post(path, { table: { entries }, reason: 'first' }, { key })
			for (const _ of [1, 2])
				await server.post(
					`${path}/${body.revision}/approvals`,
					{ digest: body.digest, reason: 'read' },
					{ key: await server.keyOf('approver') },
				)
		},
	}
}
