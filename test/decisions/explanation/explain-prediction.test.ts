import { describe, expect } from 'vitest'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import {
	approved,
	approveReasons,
	decisionAt,
	declined,
	log,
	prediction,
	registerLending,
	served,
} from '../../support/lending-model.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServer()
const path = (id: string) => `/v1/models/lending/predictions/${encodeURIComponent(id)}/explanation`
const explain = async (server: TestServer, id: string, query = '', key?: string) =>
	(await server.fetch(path(id) + query, key ? { key } : {})).body

it.beforeAll(async ({ server }) => {
	await registerLending(server)
	server.clock.now = startOfTest - 30 * 86400_000
	await approveReasons(server)
	server.clock.now = decisionAt + 3600_000
})

describe('an explanation', () => {
	it('replays the decision and adds up to its margin', async ({ server }) => {
		const answer = await explain(server, 'declined')
		expect(answer).toMatchObject({
			decision: '1',
			adverse: true,
			threshold: 0.5,
			score: served(declined),
			replay: { status: 'matched', reason: null },
			explanation: { status: 'exact', reason: null },
			method: 'linear-shap',
			space: 'log-odds',
			lineage: {
				run: 'mlflow:4f1c',
				commit: '9fceb02',
				deployment: { revision: 1, as: 'champion' },
			},
		})
		const sum = answer.contributions.reduce((s: number, c: Json) => s + c.contribution, answer.base)
		expect(sum).toBeCloseTo(answer.margin, 12)
		expect(answer.contributions[0]).toMatchObject({ feature: 'late', value: 4, contribution: 0.9 * 3.4 })
		const parts = answer.contributions.reduce((s: number, c: Json) => s + c.probability, 0)
		expect(answer.probability.base + parts).toBeCloseTo(answer.score, 12)
	})

	it('gives the reasons of the table in force, ranked against approvals near the cut-off, never a protected one', async ({
		server,
	}) => {
		const answer = await explain(server, 'declined')
		expect(answer.reasonsStatus.status).toBe('ok')
		expect(answer.reasons[0]).toMatchObject({ code: 'R01', text: 'Delinquent credit obligations' })
		expect(answer.reasons.flatMap((r: Json) => r.features)).not.toContain('SEX')
		expect(answer.background).toMatchObject({ kind: 'approved-near-cut-off' })
		expect(answer.background.rows).toBeGreaterThanOrEqual(30)
		const german = await explain(server, 'declined', '?locale=de')
		expect(german.reasons[0].text).toBe('Rückstände bei Krediten')
		expect(german.reasonsStatus.reason).toContain('no text in "de" for R0')
		expect(await explain(server, 'approved')).toMatchObject({
			decision: '0',
			adverse: false,
			reasons: [],
			reasonsStatus: { status: 'not-adverse' },
		})
	})

	it('says whom each part compares with', async ({ server }) => {
		expect((await explain(server, 'declined')).comparedWith).toEqual({
			contributions: 'model-file',
			reasons: 'approved-near-cut-off',
			percentiles: 'approved-applicants',
			counterfactuals: null,
		})
		const { comparedWith } = await explain(server, 'declined', '?method=interventional')
		expect(comparedWith.contributions).toBe('all-applicants')
	})

	it('moves a feature without limits only on request, and none against a reason', async ({ server }) => {
		const still = await explain(server, 'declined')
		expect(still).toMatchObject({ counterfactuals: [], counterfactualsStatus: { status: 'none' } })
		expect(still.counterfactualsStatus.reason).toContain('movable')
		const asked = await explain(server, 'declined', '?movable=late,income,SEX')
		expect(asked.counterfactuals.length).toBeGreaterThan(0)
		for (const { changes } of asked.counterfactuals) {
			expect(['late', 'income']).toEqual(expect.arrayContaining(Object.keys(changes)))
			if ('late' in changes) expect(changes.late).toBeLessThan(declined.late)
			if ('income' in changes) expect(changes.income).toBeGreaterThan(declined.income)
		}
		const wrong = await server.fetch(`${path('declined')}?movable=lat`)
		expect([wrong.status, wrong.body.detail]).toEqual([422, expect.stringContaining('Did you mean "late"?')])
	})

	it('says the percentile rank of each value among approved applicants', async ({ server }) => {
		const { contributions } = await explain(server, 'declined')
		const of = (name: string) => contributions.find((c: Json) => c.feature === name)
		expect(of('late').percentile).toBeGreaterThan(90)
		expect(of('income').percentile).toBeLessThan(20)
		expect(of('education').percentile).toBeNull()
		expect(of('education').share).toBeGreaterThan(10)
	})

	it('is the same each time but for its own entry in the ledger', async ({ server }) => {
		const [a, b] = [await explain(server, 'declined'), await explain(server, 'declined')]
		expect({ ...b, proof: null }).toEqual({ ...a, proof: null })
		expect(b.proof.lookup.index).toBe(a.proof.lookup.index + 1)
		const { items } = (await server.fetch('/v1/audit/entries?action=read-explanation&limit=1000')).body
		const entry = items.at(-1)
		expect(entry).toMatchObject({ index: b.proof.lookup.index, leafHash: b.proof.lookup.leafHash })
		expect(entry.object).toBe('prediction:lending/declined')
		expect(entry.entry).not.toContain('18000')
		expect(JSON.parse(entry.entry).details).toMatchObject({ replay: 'matched', version: '1' })
		const registered = (await server.fetch(`/v1/audit/entries?action=register-version`)).body.items[0]
		expect(a.proof.version).toEqual({ index: registered.index, leafHash: registered.leafHash })
	})

	it('shows viewers reasons and contributions without any value', async ({ server }) => {
		const key = await server.keyOf('viewer')
		const answer = await explain(server, 'declined', '', key)
		expect(answer.reasons.length).toBeGreaterThan(0)
		expect(answer.contributions.map((c: Json) => Object.keys(c).sort())[0]).toEqual([
			'contribution',
			'feature',
			'probability',
		])
		expect(JSON.stringify(answer)).not.toContain('18000')
		expect((await server.fetch(path('declined'), { key: await server.keyOf('ingest') })).status).toBe(403)
	})

	it('withholds reasons where another model answered, and says so first', async ({ server }) => {
		await log(server, [prediction('swapped', declined, decisionAt, 0.7123456)])
		const answer = await explain(server, 'swapped')
		expect(answer.replay).toMatchObject({ status: 'mismatched', logged: 0.7123456 })
		expect(answer).toMatchObject({
			explanation: { status: 'exact' },
			reasons: [],
			reasonsStatus: { status: 'withheld' },
			counterfactuals: [],
			counterfactualsStatus: { status: 'withheld' },
		})
		expect(answer.explanation.reason).toContain('did not give the logged score')
	})

	it('says what is missing where it cannot be replayed', async ({ server }) => {
		await server.post('/v1/models/lending/versions', {
			version: '2',
			features: [{ name: 'late', type: 'numeric' }],
		})
		await log(server, [
			{ ...prediction('bare', { late: 4 }, decisionAt, 0.8), version: '2' },
			{
				predictionId: 'no-features',
				version: '1',
				timestamp: new Date(decisionAt).toISOString(),
				score: 0.8,
			},
		])
		const bare = await explain(server, 'bare')
		expect(bare).toMatchObject({
			decision: '1',
			replay: { status: 'unavailable' },
			explanation: { status: 'unavailable' },
			contributions: [],
			reasonsStatus: { status: 'unavailable' },
			base: null,
		})
		expect(bare.replay.reason).toContain('without an artefact')
		expect((await explain(server, 'no-features')).replay.reason).toContain('no features are logged')
	})

	it('is 404 for what was never logged, with the nearest model', async ({ server }) => {
		expect((await server.fetch(path('nobody'))).status).toBe(404)
		const wrong = await server.fetch('/v1/models/lendnig/predictions/declined/explanation')
		expect(wrong.status).toBe(404)
		expect(wrong.body.detail).toContain('lending')
		expect((await server.fetch(`${path('declined')}?output=x`)).status).toBe(422)
		expect((await server.fetch(`${path('declined')}?method=magic`)).status).toBe(422)
	})

	it('reads the decision by the settings of its moment, not of now', async ({ server }) => {
		await server.fetch('/v1/models/lending', { method: 'PATCH', json: { threshold: 0.999 } })
		expect(await explain(server, 'declined')).toMatchObject({ threshold: 0.5, decision: '1' })
		await log(server, [prediction('later', declined, server.clock.now)])
		server.clock.advance(60_000)
		expect(await explain(server, 'later')).toMatchObject({ threshold: 0.999, decision: '0', adverse: false })
	})

	it('takes the logged label for the decision', async ({ server }) => {
		await log(server, [{ ...prediction('labelled', approved, decisionAt), label: 1 }])
		expect(await explain(server, 'labelled')).toMatchObject({ decision: '1', adverse: true })
	})

	it('explains against all applicants when asked to', async ({ server }) => {
		const answer = await explain(server, 'declined', '?method=interventional&interactions=true')
		const sum = answer.contributions.reduce((s: number, c: Json) => s + c.contribution, answer.base)
		expect(sum).toBeCloseTo(answer.margin, 9)
		expect(answer.interactions).toEqual([])
	})
})
