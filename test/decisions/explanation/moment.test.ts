import { describe, expect } from 'vitest'
import { dayMs, hourMs } from '../../../src/core/time.ts'
import { incidents } from '../../../src/db/schema.ts'
import { modelAt } from '../../../src/registry/model/model-history.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import {
	decisionAt,
	declined,
	log,
	prediction,
	registerLending,
	served,
} from '../../support/lending-model.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServer()
const explain = async (server: TestServer, id: string, key?: string) =>
	(await server.fetch(`/v1/models/lending/predictions/${id}/explanation`, key ? { key } : {})).body

const incident = (id: string, began: number, ended: number | null) => ({
	id,
	model: 'lending',
	environment: 'production',
	status: ended === null ? ('open' as const) : ('resolved' as const),
	severity: 'warning' as const,
	title: `${id} drifts`,
	cause: null,
	began,
	ended,
	openedAt: began + hourMs,
	acknowledgedAt: null,
	acknowledgedBy: null,
	resolvedAt: ended,
	resolvedBy: null,
	channels: [],
	announcedAt: null,
	announceDue: null,
	revision: 1,
})

it.beforeAll(async ({ server }) => {
	await registerLending(server)
	await server.context.db
		.insert(incidents)
		.values([
			incident('inc_then', decisionAt - dayMs, decisionAt + hourMs),
			incident('inc_since', decisionAt - hourMs, null),
			incident('inc_before', decisionAt - 2 * dayMs, decisionAt - dayMs),
			incident('inc_later', decisionAt + hourMs, null),
		])
})

describe('the moment of the decision', () => {
	it('decides which incidents it was under', async ({ server }) => {
		const { incidents: under } = await explain(server, 'declined')
		expect(under.map((i: Json) => i.id).sort()).toEqual(['inc_since', 'inc_then'])
	})

	it('decides which deployment it was made by', async ({ server }) => {
		server.clock.now = decisionAt + 2 * hourMs
		await server.post('/v1/models/lending/versions', { version: '2', features: [] })
		await server.fetch('/v1/models/lending/deployments/production', {
			method: 'PUT',
			json: { champion: '2', challenger: '1' },
		})
		await log(server, [prediction('after', declined, server.clock.now)])
		expect((await explain(server, 'declined')).lineage.deployment).toMatchObject({
			revision: 1,
			as: 'champion',
		})
		expect((await explain(server, 'after')).lineage.deployment).toMatchObject({
			revision: 2,
			as: 'challenger',
		})
	})

	it('decides which settings it was read by, whatever was changed since', async ({ server }) => {
		server.clock.advance(hourMs)
		await server.fetch('/v1/models/lending', {
			method: 'PATCH',
			json: { positiveLabel: 'bad', sensitive: ['SEX', 'late'] },
		})
		server.clock.advance(hourMs)
		await log(server, [prediction('changed', declined, server.clock.now)])
		expect((await explain(server, 'declined')).decision).toBe('1')
		expect((await explain(server, 'changed')).decision).toBe('bad')
		const { context, clock } = server
		expect((await modelAt(context, 'lending', decisionAt)).sensitive).toEqual(['SEX'])
		expect((await modelAt(context, 'lending', clock.now)).sensitive).toEqual(['SEX', 'late'])
		// Back-filled decisions are older than the registration.
		expect((await modelAt(context, 'lending', startOfTest - 99 * dayMs)).revision).toBe(1)
		const moved = (await explain(server, 'changed')).counterfactuals.flatMap((c: Json) =>
			Object.keys(c.changes),
		)
		expect(moved).not.toContain('late')
	})
})

describe('what viewers see', () => {
	it('quotes no value, whatever went wrong', async ({ server }) => {
		const viewer = await server.keyOf('viewer')
		const secret = 'secret-school'
		await log(server, [
			prediction('unseen', { ...declined, education: secret }, decisionAt, 0.4242),
			prediction('wrong', { ...declined, income: secret }, decisionAt, 0.4242),
			prediction('fine', { ...declined, income: 98765 }, decisionAt, served({ ...declined, income: 98765 })),
		])
		for (const id of ['unseen', 'wrong', 'fine']) {
			const answer = await explain(server, id, viewer)
			expect(answer.predictionId).toBe(id)
			expect(JSON.stringify(answer)).not.toMatch(/secret-school|98765/)
		}
		expect(JSON.stringify(await explain(server, 'fine', await server.keyOf('auditor')))).toContain('98765')
	})
})
