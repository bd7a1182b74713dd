import { describe, expect } from 'vitest'
import { minuteMs } from '../../../src/core/time.ts'
import { startOfTest } from '../../support/context.ts'
import { type ServerOf, withServer } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'
import { commitOf, dataset, fingerprint, sha, tracedServer } from '../../support/traced-model.ts'

const it = withServer(tracedServer)
type Server = ServerOf<typeof tracedServer>
const trace = (server: Server, from: string, more = '', key?: string) =>
	server.fetch(`/v1/lineage?from=${encodeURIComponent(from)}${more}`, key === undefined ? {} : { key })
const node = (body: Json, id: string) => body.nodes.find((n: Json) => n.id === id)
const edges = (body: Json, to: string) =>
	body.edges.filter((e: Json) => e.to === to).map((e: Json) => `${e.from} ${e.kind}`)

describe('from a prediction', () => {
	it('leads back to version, artefact, run, data set, commit and image', async ({ server }) => {
		const { status, body } = await trace(server, 'prediction:credit/p1')
		expect([status, body.direction, body.next]).toEqual([200, 'back', null])
		expect(node(body, 'prediction:credit/p1').attributes).toMatchObject({
			score: 0.7,
			environment: 'production',
		})
		expect(edges(body, 'prediction:credit/p1')).toContain('deployment:credit/production/1 decided')
		expect(edges(body, 'deployment:credit/production/1')).toEqual(['version:credit@7 champion'])
		expect(edges(body, 'version:credit@7').sort()).toEqual([
			`artifact:${sha('a')} loaded`,
			`image:img/score:7@${fingerprint} image`,
			'run:mlflow:4f1c produced',
		])
		expect(edges(body, 'run:mlflow:4f1c').sort()).toEqual([
			`commit:${commitOf('9')} code`,
			`dataset:${dataset} trained`,
		])
		expect(node(body, 'version:credit@7').attributes).toMatchObject({ registeredBy: 'key:key_admin' })
	})

	it('says what was true then, not what is now', async ({ server }) => {
		const then = (await trace(server, 'prediction:credit/p1')).body
		const later = (await trace(server, 'prediction:credit/late')).body
		expect(node(then, 'deployment:credit/production/1').attributes).toMatchObject({
			champion: '7',
			canary: { version: '8', percent: 5 },
			setBy: 'key:key_admin',
			since: new Date(startOfTest + minuteMs).toISOString(),
			until: expect.stringContaining('2026-03-02T02:02'),
		})
		const inForce = (body: Json, kind: string) => body.nodes.filter((n: Json) => n.kind === kind)
		expect(inForce(then, 'settings')[0].attributes).toMatchObject({ revision: 1, threshold: 0.5 })
		expect(inForce(later, 'settings')[0].attributes).toMatchObject({ revision: 2, threshold: 0.9 })
		expect(inForce(then, 'rules')[0].name).toBe('sha256:first')
		expect(inForce(then, 'rules')[0].attributes.since).toBe(new Date(startOfTest).toISOString())
		// The first set came back, and is in force since then.
		expect(inForce(later, 'rules')[0].name).toBe('sha256:first')
		expect(inForce(later, 'rules')[0].attributes.since).toContain('T02:02')
		expect(inForce(then, 'baseline')[0].attributes.digest).not.toBe(
			inForce(later, 'baseline')[0].attributes.digest,
		)
		// It was sent by a version that had been taken out of service.
		expect(edges(later, 'prediction:credit/late')).toEqual(
			expect.arrayContaining(['version:credit@7 decided', 'deployment:credit/production/2 in-force']),
		)
		expect(later.chain[1]).toContain('not deployed: 8 was the champion')
	})

	it('names the request for what was deployed', async ({ server }) => {
		const { body } = await trace(server, 'version:credit@8', '&direction=forward')
		expect(
			body.nodes.filter((n: Json) => n.kind === 'deployment').map((n: Json) => n.attributes.revision),
		).toEqual([2, 1])
		await server.predict('credit', '8', ['after'])
		const after = (await trace(server, 'prediction:credit/after')).body
		expect(after.chain.join('\n')).toMatch(
			/key:key_admin had requested 8 at .*: req_\w+, a promotion that is pending/,
		)
		expect(after.edges.find((e: Json) => e.kind === 'requested').to).toBe('deployment:credit/production/2')
	})

	it('says it in sentences', async ({ server }) => {
		const { body } = await trace(server, 'prediction:credit/c1')
		expect(body.chain).toEqual([
			'Prediction c1 was made at 2026-03-02T01:01:00.000Z by version 8 of credit in production.',
			expect.stringMatching(
				/^Version 8 was the canary at 5% then: revision 1 of production, in force since .* until .*, set by key:key_admin \(entry \d+ of the ledger\)\.$/,
			),
			expect.stringMatching(
				/^Version 8 of credit was registered at .* by key:key_admin \(entry \d+ of the ledger\)\.$/,
			),
			'No artefact was registered for it.',
			'No training run was registered for it.',
			`It was trained on ${dataset}.`,
			`The code was at commit ${commitOf('8')}.`,
			"In force then: revision 1 of the model's settings, with the threshold 0.5.",
			expect.stringMatching(/^In force then: the rules sha256:first, since /),
		])
	})

	it('says that nothing served yet of a decision that was sent for an earlier time', async ({ server }) => {
		await server.predict('credit', '7', ['early'], startOfTest - minuteMs)
		const { body } = await trace(server, 'prediction:credit/early')
		expect(edges(body, 'prediction:credit/early')).toContain('version:credit@7 decided')
		expect(body.chain[1]).toBe(
			'Nothing had been deployed in production then. Version 7 was deployed there at 2026-03-02T00:01:00.000Z, with revision 1.',
		)
		expect(body.edges.filter((e: Json) => e.kind === 'champion')).toHaveLength(1)
	})

	it('leaves an entry in the ledger', async ({ server }) => {
		await trace(server, 'prediction:credit/p2')
		const { body } = await server.fetch('/v1/audit/entries?action=read-lineage&object=prediction:credit/p2')
		expect(body.items.map((e: Json) => [e.actor, e.model])).toEqual([['key:key_admin', 'credit']])
	})

	it('goes no further than it is asked to', async ({ server }) => {
		const { body } = await trace(server, 'prediction:credit/p1', '&depth=1')
		expect(body.nodes.map((n: Json) => n.kind).sort()).toEqual([
			'baseline', 'deployment', 'prediction', 'rules', 'settings',
		]) // biome-ignore format: a list
	})

	it('answers 404 for a prediction, a version and a model that are not there', async ({ server }) => {
		expect((await trace(server, 'prediction:credit/none')).body.detail).toContain('No prediction "none"')
		expect((await trace(server, 'prediction:credti/p1')).body.detail).toContain('Did you mean "credit"?')
		expect(await trace(server, 'version:credit@77')).toMatchObject({
			status: 404,
			body: { detail: expect.stringContaining('"7"') },
		})
	})
})
