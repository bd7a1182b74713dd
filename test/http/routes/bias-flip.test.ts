import { expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { registerModel } from '../../support/rows.ts'
import type { Json } from '../../support/server.ts'

const it = withServer()
const features = [
	{ name: 'SEX', type: 'categorical' },
	{ name: 'x', type: 'numeric' },
]

/** Women and men alike in every feature; of the women three in four are selected, of the men none. */
it.beforeAll(async ({ server }) => {
	await registerModel(server, { task: 'binary', positiveLabel: '1', sensitive: ['SEX'] }, features)
	await server.fetch('/v1/models/m/deployments/production', { method: 'PUT', json: { champion: '1' } })
	const row = (SEX: string, i: number, x: number | null) => ({
		predictionId: `${SEX}${i}`,
		version: '1',
		timestamp: new Date(startOfTest - dayMs + i).toISOString(),
		features: { SEX, x },
		label: SEX === 'f' && i % 4 !== 3 ? 1 : 0,
	})
	const numbers = Array.from({ length: 40 }, (_, i) => i)
	await server.post('/v1/models/m/predictions', [
		...numbers.flatMap((i) => [row('f', i, i), row('m', i, i)]),
		row('f', 40, null),
	])
})

it("holds each of a group against its nearest rows outside (Clarify's flip test)", async ({ server }) => {
	const { body } = await server.fetch('/v1/models/m/bias/proxies?attribute=SEX')
	const flips = Object.fromEntries(body.groups.map((g: Json) => [g.group, g.flipTest]))
	// No man is selected: each selected woman counts, and none the other way round.
	expect(flips['SEX=f']).toEqual({ value: 0.75, rows: 80 })
	// Of any five women next to each other at least three are selected: no man is, so all of them count against.
	expect(flips['SEX=m']).toEqual({ value: -1, rows: 80 })
})
