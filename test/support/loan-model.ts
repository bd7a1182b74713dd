import { expect } from 'vitest'
import { dayMs, formatTime, hourMs } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { startOfTest } from './context.ts'
import { type Json, type TestServer, testServer } from './server.ts'

export const day = startOfTest - 3 * dayMs

export type Row = {
	id: string
	SEX: string | null
	REGION: string
	title: string
	noise: number
	branch?: string
	label?: number
	actual?: number
}

/** Selected of n, by branch and sex: men more often over all, women more often in either branch. */
const parts = [
	{ branch: 'a', SEX: 'm', n: 400, selected: 240 },
	{ branch: 'a', SEX: 'f', n: 100, selected: 80 },
	{ branch: 'b', SEX: 'm', n: 100, selected: 10 },
	{ branch: 'b', SEX: 'f', n: 380, selected: 114 },
	{ branch: 'b', SEX: 'x', n: 10, selected: 5 },
	{ branch: 'b', SEX: null, n: 50, selected: 20 },
	{ branch: undefined, SEX: 'f', n: 20, selected: 6 },
]

function makeRows(): Row[] {
	const chance = new Chance(5)
	return parts.flatMap(({ branch, SEX, n, selected }, part) =>
		Array.from({ length: n }, (_, i): Row => {
			const titleOf = SEX === 'f' ? 'Ms' : 'Mr'
			return {
				id: `r${part}-${i}`,
				SEX,
				REGION: i % 3 === 0 ? 'north' : 'south',
				title: chance.uniform() < 0.9 ? titleOf : 'Dr',
				noise: chance.uniform(),
				...(branch === undefined ? {} : { branch }),
				...(SEX === 'x' && i === 0 ? {} : { label: i < selected ? 1 : 0 }),
				...(i % 4 === 3 ? {} : { actual: (i + part) % 3 === 0 ? 1 : 0 }),
			}
		}),
	)
}

export const rows = makeRows()
export const features = [
	{ name: 'SEX', type: 'categorical' },
	{ name: 'REGION', type: 'categorical' },
	{ name: 'title', type: 'categorical' },
	{ name: 'noise', type: 'numeric' },
]
export const model = { task: 'binary', positiveLabel: '1', favourable: '1', segments: ['branch'] }
export async function predict(
	server: TestServer,
	name: string,
	sent: readonly Row[],
	from: number,
	more: Json = {},
): Promise<void> {
	const { body } = await server.post(
		`/v1/models/${name}/predictions`,
		sent.map(({ id, SEX, REGION, title, noise, branch, label }, i) => ({
			predictionId: id,
			version: '1',
			timestamp: formatTime(from + i * 1000),
			features: { SEX, REGION, title, noise },
			...(label === undefined ? {} : { label }),
			...(branch === undefined ? {} : { segment: { branch } }),
			...more,
		})),
	)
	expect(body).toMatchObject({ accepted: sent.length, rejected: [] })
}

/** A server with the model `loan`: the rows above three days ago, some forty days before, one in staging. */
export async function loanServer(): Promise<TestServer> {
	const server = await testServer()
	await server.post('/v1/models', { model: 'loan', ...model, sensitive: ['SEX', 'REGION', 'ethnicity'] })
	for (const version of ['1', '2']) await server.post('/v1/models/loan/versions', { version, features })
	const deployment = { method: 'PUT', json: { champion: '1' } }
	await server.fetch('/v1/models/loan/deployments/production', deployment)
	await predict(server, 'loan', rows, day)
	const outside = rows.slice(0, 40).map((row) => ({ ...row, id: `old-${row.id}` }))
	await predict(server, 'loan', outside, day - 40 * dayMs)
	await predict(server, 'loan', [{ ...(rows[0] as Row), id: 'staging' }], day, { environment: 'staging' })
	await server.post(
		'/v1/models/loan/outcomes',
		rows.flatMap(({ id, actual }) =>
			actual === undefined ? [] : [{ predictionId: id, actual, timestamp: formatTime(day + hourMs) }],
		),
	)
	await server.post(
		'/v1/models/loan/groups',
		rows.map(({ id }, i) => ({
			predictionId: id,
			timestamp: formatTime(day),
			groups: { ethnicity: i % 2 ? 'green' : 'blue' },
		})),
	)
	return server
}
