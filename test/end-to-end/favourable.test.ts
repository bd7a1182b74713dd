import { describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../src/core/time.ts'
import { compute } from '../../src/jobs/compute.ts'
import { evaluateRules } from '../../src/jobs/index.ts'
import { readFacts } from '../../src/monitoring/windows/window-facts.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { admin } from '../support/actors.ts'
import { startOfTest } from '../support/context.ts'
import { type ServerOf, withServer } from '../support/fixtures.ts'
import { plumbServer } from '../support/plumb.ts'
import type { Json } from '../support/server.ts'

/** Rows of either group; a decline is the positive decision of a model of risk. */
const perGroup = 1000
/** A Monday, so that the week is over when the test begins. */
const start = startOfTest - 7 * dayMs

const it = withServer(async () => {
	const rules = await openRules(builtInRules(), { logger: { info() {}, warn() {}, error() {} } })
	return plumbServer({ rules })
})
type Server = ServerOf<typeof plumbServer>

async function serve(
	server: Server,
	model: string,
	declines: { a: number; b: number },
	more: object,
	manifest?: object,
) {
	await server.post('/v1/models', {
		model,
		task: 'binary',
		positiveLabel: 'decline',
		sensitive: ['sex'],
		...more,
	})
	const features = [{ name: 'sex', type: 'categorical' }]
	await server.post(`/v1/models/${model}/versions`, {
		version: '1',
		features,
		...(manifest ? { manifest } : {}),
	})
	await server.fetch(`/v1/models/${model}/deployments/production`, { method: 'PUT', json: { champion: '1' } })
	const rows = Object.entries(declines).flatMap(([sex, share]) =>
		Array.from({ length: perGroup }, (_, i) => ({
			predictionId: `${sex}${i}`,
			version: '1',
			timestamp: formatTime(start + i * 60_000),
			features: { sex },
			label: i < share * perGroup ? 'decline' : 'approve',
		})),
	)
	expect((await server.post(`/v1/models/${model}/predictions`, rows)).body.rejectedCount).toBe(0)
}

const runJobs = async (server: Server) => {
	await compute.run(server.context)
	await evaluateRules.run(server.context)
}
const incidents = async (server: Server, model: string) => {
	const { body } = await server.fetch(`/v1/incidents?model=${model}`)
	return body.items.flatMap((i: Json) =>
		i.alerts.map((a: Json) => `${a.rule} ${a.subject.group} ${i.severity}`),
	)
}
const week = async (server: Server, model: string, metric: string): Promise<Json> => {
	const { body } = await server.fetch(`/v1/models/${model}/metrics?window=7d&metric=${metric}&group=sex`)
	return body.items[0]
}
const audit = async (server: Server, model: string): Promise<Json> =>
	(await server.fetch(`/v1/models/${model}/bias`)).body

it.beforeAll(async ({ server }) => {
	const few = { a: 0.09, b: 0.13 }
	const many = { a: 0.8, b: 0.88 }
	await serve(server, 'few', few, { favourable: 'approve' })
	await serve(server, 'many', many, { favourable: 'approve' })
	await serve(server, 'manifest', many, { threshold: 0.5 }, { adverse: 'high' })
	await serve(server, 'unsaid', many, {})
	await runJobs(server)
})

describe('the four-fifths rule is about the decision that is good for the person', () => {
	it('passes declines of 9% and 13%, whose approval ratio is .956, and opens no incident', async ({
		server,
	}) => {
		const { favourable, selected, attributes } = await audit(server, 'few')
		expect([favourable, selected]).toEqual(['approve', 'approve'])
		const [{ fourFifths, groups, audit: table }] = attributes
		expect(fourFifths).toMatchObject({ verdict: 'pass', reference: 'sex=a', group: 'sex=b' })
		expect(fourFifths.ratio).toBeCloseTo(0.87 / 0.91, 12)
		expect(groups.map((g: Json) => [g.group, g.counts.selected, g.rates.selectionRate.value])).toEqual([
			['sex=a', 910, 0.91],
			['sex=b', 870, 0.87],
		])
		expect(table.rows.map((r: Json) => r.selected)).toEqual([910, 870])
		expect(groups[1].clarify.di).toBeCloseTo(0.87 / 0.91, 12)
		expect(await incidents(server, 'few')).toEqual([])
	})

	it('fails declines of 80% and 88%, whose approval ratio is .60, with a critical incident', async ({
		server,
	}) => {
		const [{ fourFifths }] = (await audit(server, 'many')).attributes
		expect(fourFifths).toMatchObject({ verdict: 'fail', reference: 'sex=a', group: 'sex=b' })
		expect(fourFifths.ratio).toBeCloseTo(0.6, 12)
		expect(await incidents(server, 'many')).toContain('four-fifths sex critical')
		const [incident] = (await server.fetch('/v1/incidents?model=many')).body.items
		expect(incident.changes[0].text).toBe(
			'sex: the group that gets the favourable decision least often gets it at 0.6 times the rate of the group that gets it most often',
		)
	})

	it('follows what the manifest says of scores where the model names no decision', async ({ server }) => {
		const { favourable, attributes } = await audit(server, 'manifest')
		expect(favourable).toBe('approve')
		expect(attributes[0].fourFifths.verdict).toBe('fail')
		expect(await incidents(server, 'manifest')).toContain('four-fifths sex critical')
	})

	it('has no value, and says why, while no favourable decision is declared', async ({ server }) => {
		const { favourable, selected, attributes } = await audit(server, 'unsaid')
		expect([favourable, selected]).toEqual([null, 'decline'])
		const { fourFifths } = attributes[0]
		expect(fourFifths).toMatchObject({ verdict: 'unknown', ratio: null, reference: null, group: null })
		expect(fourFifths.reason).toContain('the favourable decision is not known')
		expect(await week(server, 'unsaid', 'fairness.four_fifths')).toMatchObject({
			status: 'insufficient',
			value: null,
		})
		expect(await incidents(server, 'unsaid')).toEqual([])
	})

	it('is one verdict in the audit, the metric, the rule and Slack', async ({ server }) => {
		for (const [model, verdict] of [
			['few', 'pass'],
			['many', 'fail'],
		] as const) {
			const [{ fourFifths }] = (await audit(server, model)).attributes
			const metric = await week(server, model, 'fairness.four_fifths')
			expect(metric.value).toBe(fourFifths.ratio)
			expect(metric.reason).toBe(`${verdict}: ${fourFifths.reason.replaceAll('sex=', '')}`)
			const { shown } = await server.plumb(`bias ${model} 7d`)
			expect(shown).toContain(`Four-fifths rule: *${verdict}*: b against a: impact ratio`)
			expect(shown).toContain('the share that got approve')
			for (const id of ['demographic_parity_ratio', 'disparate_impact'])
				expect((await week(server, model, `fairness.${id}`)).reason).not.toMatch(/pass|fail|inconclusive/)
		}
		expect((await server.plumb('bias unsaid 7d')).shown).toContain(
			'Four-fifths rule: *unknown*, since the favourable decision is not set',
		)
	})

	it('says nothing of calibration where no outcome came, and compares mean scores under their own name', async ({
		server,
	}) => {
		expect(await week(server, 'few', 'fairness.calibration_gap')).toMatchObject({
			status: 'insufficient',
			reason: 'no row has both a score and an outcome',
		})
		expect((await week(server, 'few', 'fairness.mean_score_difference')).reason).toContain(
			'rows with a score',
		)
	})

	it('names the groups that are too small, but not to those who see no people', async ({ server }) => {
		const rows = Array.from({ length: 5 }, (_, i) => ({
			predictionId: `tiny${i}`,
			version: '1',
			timestamp: formatTime(start + i),
			features: { sex: 'tiny' },
			label: 'decline',
		}))
		await server.post('/v1/models/few/predictions', rows)
		await runJobs(server)
		const path = '/v1/models/few/metrics?window=7d&metric=fairness.four_fifths&group=sex'
		const reasonFor = async (role: string) => {
			const { body } = await server.post('/v1/keys', { name: role, role, models: ['*'] })
			return (await server.fetch(path, { key: body.secret })).body.items[0].reason
		}
		expect(await reasonFor('analyst')).toContain('left out: tiny (5 rows with a decision, fewer than 30)')
		expect(await reasonFor('viewer')).toMatch(/^pass: b against a: .*; left out: groups of too few rows$/)
		const groupsFor = async (role: string, query = '') => {
			const key = await server.keyOf(role)
			const path = `/v1/models/few/metrics?window=7d&metric=fairness.selection_rate${query}`
			const { body } = await server.fetch(path, { key })
			return body.items.map((answer: Json) => answer.subject.group)
		}
		expect(await groupsFor('analyst')).toEqual(['sex=a', 'sex=b', 'sex=tiny'])
		expect(await groupsFor('analyst', '&group=sex%3Dtiny')).toEqual(['sex=tiny'])
		expect(await groupsFor('viewer')).toEqual(['sex=a', 'sex=b'])
		expect(await groupsFor('viewer', '&group=sex%3Dtiny')).toEqual([])
		await mapSlackUser(server.context, admin, { team: 'T1', user: 'U-viewer', role: 'viewer', models: ['*'] })
		expect((await server.plumb('bias few 7d')).shown).toContain('tiny')
		const { shown } = await server.plumb('bias few 7d', 'U-viewer')
		expect(shown).not.toContain('tiny')
		expect(shown).toContain('groups of too few rows')
		const query = { model: 'few', version: '1', environment: 'production', window: '7d' as const }
		const [facts] = await readFacts(server.context, { ...query, froms: [start] })
		// What rules know can be in incidents, which viewers and whole channels read.
		expect(new Set(facts?.subjects.map((s) => s.group))).toEqual(
			new Set([undefined, 'sex', 'sex=a', 'sex=b']),
		)
	})

	it('is computed again for the windows that there are when the model names another decision', async ({
		server,
	}) => {
		const patch = (json: object) => server.fetch('/v1/models/unsaid', { method: 'PATCH', json })
		expect((await patch({ favourable: 'approve' })).body).toMatchObject({
			favourable: 'approve',
			negativeLabel: null,
		})
		await runJobs(server)
		expect(await week(server, 'unsaid', 'fairness.four_fifths')).toMatchObject({
			status: 'ok',
			change: 'another favourable decision',
		})
		expect(await incidents(server, 'unsaid')).toContain('four-fifths sex critical')
		const refused = await patch({ negativeLabel: 'approve', favourable: 'maybe' })
		expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'favourable' }] } })
	})
})
