import { describe, expect } from 'vitest'
import { dayMs } from '../../../../src/core/time.ts'
import { accessExport } from '../../../../src/evidence/reports/templates/access-export.ts'
import { adverseAction } from '../../../../src/evidence/reports/templates/adverse-action.ts'
import { automatedDecision } from '../../../../src/evidence/reports/templates/automated-decision.ts'
import { explanationLetter } from '../../../../src/evidence/reports/templates/explanation-letter.ts'
import { actorOf } from '../../../support/actors.ts'
import { startOfTest } from '../../../support/context.ts'
import { build, incompleteOf, rowsOf, sectionOf, setNotices } from '../../../support/decision-reports.ts'
import { explainingServer, golden, goldenFile, recordOf } from '../../../support/explaining-server.ts'
import { withServer } from '../../../support/fixtures.ts'
import type { Json, TestServer } from '../../../support/server.ts'

const scores: number[] = golden.binary.scores
const labelOf = (score: number) => (score >= 0.5 ? 'declined' : 'approved')
const entries = [
	{ code: 'A', text: { en: 'Delinquent obligations' }, features: ['late'] },
	{ code: 'B', text: { en: 'Income insufficient for the amount requested' }, features: ['income'] },
	{ code: 'C', text: { en: 'Amount of credit held already' }, features: ['limit'] },
]
const evil = '=cmd|<script>@channel\n\nYou are approved'

/** A model of XGBoost whose decisions are known; `loans` has notices and reasons, `bare` has neither. */
const it = withServer(async () => {
	const server = await explainingServer()
	const model = { task: 'binary', positiveLabel: 'declined', threshold: 0.5, sensitive: ['SEX'] }
	const limits = { late: { direction: 'decrease', min: 0, step: 1 }, income: { max: 200_000 } }
	for (const [name, manifest] of [
		['loans', { limits }],
		['bare', {}],
	] as const) {
		await server.register({ model: name, ...model }, { manifest }, goldenFile('binary'), 'xgboost-json')
		await server.logRows(name, (i) => ({
			score: scores[i],
			label: labelOf(scores[i] as number),
			subject: `person-${i % 60}`,
		}))
	}
	await server.approve('loans', entries)
	await setNotices(server, 'loans')
	return server
})

const indexOf = (wanted: (score: number, i: number) => boolean) => scores.findIndex(wanted)
const approved = `p${indexOf((s) => s < 0.5)}`
/** The first declined applicant whose reasons are all in the table. */
async function declinedIn(server: TestServer): Promise<{ id: string; answer: Json }> {
	for (const [i, score] of scores.entries()) {
		if (score < 0.5) continue
		const { body } = await server.fetch(`/v1/models/loans/predictions/p${i}/explanation`)
		if (body.reasonsStatus.status === 'ok' && body.counterfactuals.length > 0)
			return { id: `p${i}`, answer: body }
	}
	throw new Error('Nobody was declined.')
}

describe('the notice of adverse action', () => {
	it('gives the reasons of the explanation, text by text, and is complete', async ({ server }) => {
		const { id, answer } = await declinedIn(server)
		const content = await build(server, adverseAction, { model: 'loans', predictionId: id })
		expect(incompleteOf(content)).toEqual([])
		const reasons = answer.reasons.map(({ code, text }: Json) => [code, text])
		expect(reasons.length).toBeGreaterThan(0)
		expect(rowsOf(content, 'reasons')).toEqual(reasons)
		expect(rowsOf(content, 'score', 'key-factors')).toEqual(reasons)
		expect(Object.fromEntries(rowsOf(content, 'score') as [string, string][])).toMatchObject({
			Score: answer.score,
			'Possible scores': 'from 0 to 1',
			'Provided by': 'First Bank',
		})
		expect(sectionOf(content, 'ecoa-notice').text).toContain('Equal Credit Opportunity Act prohibits')
		expect(content.model?.artifactSha256).toBe(answer.lineage.artifact.sha256)
		expect(JSON.stringify(content)).not.toContain('SEX":1')
	})

	it('is the same twice, also when rows, incidents and tables came in between', async ({ server }) => {
		const { id } = await declinedIn(server)
		const { context } = server
		const cut = { size: 3, root: 'r', at: context.now() }
		const make = () =>
			adverseAction.build(context, actorOf('auditor'), { model: 'loans', predictionId: id }, cut)
		const first = await make()
		server.clock.advance(2 * dayMs)
		const at = new Date(startOfTest - dayMs).toISOString()
		const more = Array.from({ length: 200 }, (_, i) => ({
			predictionId: `more${i}`,
			version: '1',
			timestamp: at,
			features: { late: 9, limit: i, income: 3, SEX: 0 },
			score: 0.1,
			label: 'approved',
		}))
		await server.post('/v1/models/loans/predictions', more)
		await server.approve('loans', [{ ...entries[0], text: { en: 'Another wording' } }])
		await setNotices(server, 'loans', { laws: [] })
		expect(await make()).toEqual(first)
		await server.approve('loans', entries)
		await setNotices(server, 'loans')
	})

	it('says what is missing, and prints no reason, where nothing is set', async ({ server }) => {
		const { id } = await declinedIn(server)
		const content = await build(server, adverseAction, { model: 'bare', predictionId: id })
		expect(incompleteOf(content)).toEqual(['creditor', 'reasons', 'score', 'consumer-reports', 'ecoa-notice'])
		expect(sectionOf(content, 'reasons').tables).toEqual([])
		expect(sectionOf(content, 'reasons').text).toContain('No reason table of bare is approved.')
		for (const section of content.sections.filter((s) => s.status === 'incomplete' && s.id !== 'reasons'))
			expect(section.text).toContain('PUT /v1/models/bare/notices')
	})

	it('prints no reason when the model file does not give the score, or when something else decided', async ({
		server,
	}) => {
		const i = indexOf((s) => s >= 0.5)
		const j = indexOf((s) => s < 0.5)
		const row = (predictionId: string, of: number, score: number) => ({
			predictionId,
			version: '1',
			timestamp: new Date(startOfTest - dayMs).toISOString(),
			features: recordOf(of),
			score,
			label: 'declined',
		})
		await server.post('/v1/models/loans/predictions', [
			row('wrong', i, 0.987),
			row('later', j, scores[j] as number),
		])
		for (const [predictionId, text] of [
			['wrong', 'The registered model file does not give the logged score'],
			['later', 'a later stage declined the application'],
		] as const) {
			const content = await build(server, adverseAction, { model: 'loans', predictionId })
			expect(sectionOf(content, 'reasons')).toMatchObject({ status: 'incomplete', tables: [] })
			expect(sectionOf(content, 'reasons').text).toContain(text)
			expect(rowsOf(content, 'score', 'key-factors')).toBeUndefined()
		}
	})

	it('is refused for a decision in favour of the person, and for one that is not logged', async ({
		server,
	}) => {
		const refused = build(server, adverseAction, { model: 'loans', predictionId: approved })
		await expect(refused).rejects.toMatchObject({
			code: 'invalid',
			message: expect.stringContaining('in favour of the person'),
		})
		const unknown = build(server, adverseAction, { model: 'loans', predictionId: 'nobody' })
		await expect(unknown).rejects.toMatchObject({ code: 'not-found' })
	})
})

describe('over HTTP', () => {
	it('the same notice again is the stored one, with the reasons of the explanation', async ({ server }) => {
		const { id, answer } = await declinedIn(server)
		const input = { template: 'adverse-action', model: 'loans', predictionId: id }
		const made = await server.post('/v1/reports', input)
		const again = await server.post('/v1/reports', input)
		expect([made.status, again.status, again.body]).toEqual([201, 200, made.body])
		const { body } = await server.fetch(`/v1/reports/${made.body.id}.json`)
		const reasons = body.sections.find((s: Json) => s.id === 'reasons')
		expect(reasons.tables[0].rows).toEqual(answer.reasons.map(({ code, text }: Json) => [code, text]))
		expect(body.legalBasis.map((l: Json) => l.article)).toContain('12 CFR 1002.9')
		const pages = await server.fetch(`/v1/reports/${made.body.id}.html`)
		expect(pages.text).toContain('First Bank')
		expect((await server.post('/v1/reports', { ...input, predictionId: approved })).status).toBe(422)
	})
})

describe('the explanation letter', () => {
	it('says what counted, what would have changed the decision, and whom to ask', async ({ server }) => {
		const { id, answer } = await declinedIn(server)
		const content = await build(server, explanationLetter, { model: 'loans', predictionId: id })
		expect(incompleteOf(content)).toEqual([])
		expect(rowsOf(content, 'factors', 'reasons')).toEqual(
			answer.reasons.map(({ code, text }: Json) => [code, text]),
		)
		const [first] = answer.contributions
		expect(rowsOf(content, 'factors')?.[0]?.slice(0, 2)).toEqual([first.feature, first.value])
		const changed = rowsOf(content, 'what-would-change', 'alternatives')?.map(([n, name, , value]) => [
			n,
			name,
			value,
		])
		expect(changed).toEqual(
			answer.counterfactuals.flatMap(({ changes }: Json, i: number) =>
				Object.entries(changes).map(([name, value]) => [i + 1, name, value]),
			),
		)
		expect(sectionOf(content, 'review').text).toContain('review@bank.example')
	})

	it('also explains a decision in favour of the person, and one that cannot be replayed', async ({
		server,
	}) => {
		const kind = await build(server, explanationLetter, { model: 'loans', predictionId: approved })
		expect(incompleteOf(kind)).toEqual([])
		expect(sectionOf(kind, 'decision').text).toBe('The decision was in your favour.')
		const wrong = await build(server, explanationLetter, { model: 'loans', predictionId: 'wrong' })
		expect(incompleteOf(wrong)).toEqual(['factors', 'what-would-change'])
		expect(rowsOf(wrong, 'factors')).toBeUndefined()
	})

	it('has no feature values when its author may not see them', async ({ server }) => {
		const { id, answer } = await declinedIn(server)
		const content = await build(
			server,
			explanationLetter,
			{ model: 'loans', predictionId: id },
			actorOf('viewer'),
		)
		expect(incompleteOf(content)).toEqual(['what-would-change'])
		expect(sectionOf(content, 'factors').tables.at(-1)?.columns).toEqual(['information', 'effect', 'weight'])
		const { income } = recordOf(Number(id.slice(1)))
		expect(answer.contributions.some((c: Json) => c.value === income)).toBe(true)
		expect(JSON.stringify(content)).not.toContain(String(income))
	})
})

describe('the notice of an automated decision', () => {
	it('names the system, its data, and how to correct them, or what of it is missing', async ({ server }) => {
		const { id } = await declinedIn(server)
		const content = await build(server, automatedDecision, { model: 'loans', predictionId: id })
		expect(incompleteOf(content)).toEqual([])
		expect(rowsOf(content, 'data', 'data-types')).toEqual(
			golden.names.map((name: string) => [name, 'numeric']),
		)
		expect(rowsOf(content, 'data', 'data-sources')).toEqual([['Your application']])
		expect(Object.fromEntries(rowsOf(content, 'system') as [string, string][])).toMatchObject({
			Name: 'loans',
			Version: '1',
			Developer: 'First Bank, Credit Risk',
		})
		const bare = await build(server, automatedDecision, { model: 'bare', predictionId: id })
		expect(incompleteOf(bare)).toEqual(['role', 'system', 'data', 'corrections', 'review'])
	})
})

describe('an access export', () => {
	it('has every row of the person in all models of the scope, with explanations and look-ups', async ({
		server,
	}) => {
		const at = new Date(startOfTest - dayMs).toISOString()
		await server.post('/v1/models/loans/predictions', [
			{
				predictionId: evil,
				version: '1',
				timestamp: at,
				features: recordOf(0),
				score: scores[0],
				subject: evil,
			},
		])
		await server.post('/v1/models/loans/outcomes', [{ predictionId: evil, actual: '=1+1', timestamp: at }])
		await server.post('/v1/models/loans/groups', [{ subject: evil, timestamp: at, groups: { SEX: 1 } }])
		await server.fetch(`/v1/models/loans/predictions/${encodeURIComponent(evil)}/explanation`)
		const content = await build(server, accessExport, { subject: evil })
		expect(content.rows).toEqual({ included: 3, excluded: [] })
		expect(rowsOf(content, 'decisions')?.map((r) => r.slice(0, 2))).toEqual([['loans', evil]])
		expect(rowsOf(content, 'values')?.map((r) => r.slice(3))).toEqual(Object.entries(recordOf(0)))
		expect(rowsOf(content, 'outcomes')?.map((r) => r[3])).toEqual(['=1+1'])
		expect(rowsOf(content, 'attributes')?.map((r) => r.slice(3))).toEqual([['SEX', 1]])
		expect(rowsOf(content, 'disclosures')?.map((r) => r[2])).toContain('read-explanation')
		expect(sectionOf(content, 'summary').text).toContain(JSON.stringify(evil).replace('\\n\\n', '\\\\n\\\\n'))
		const file = (path: string) => String(content.data.find((d) => d.path === path)?.content)
		const whole = JSON.parse(file('subject.json'))
		expect(whole.models.find((m: Json) => m.model === 'loans').predictions[0]).toMatchObject({
			id: evil,
			features: recordOf(0),
		})
		expect(whole.explanations[0]).toMatchObject({ predictionId: evil, replay: { status: 'matched' } })
		expect(file('outcomes.csv')).toContain("'=1+1")
	})

	it('of somebody unknown says that nothing is stored, and is for auditors', async ({ server }) => {
		const content = await build(server, accessExport, { subject: 'nobody' })
		expect(content.rows.included).toBe(0)
		expect(sectionOf(content, 'summary').text).toContain('No data about "nobody" are stored')
		const analyst = build(server, accessExport, { subject: 'nobody' }, actorOf('analyst'))
		await expect(analyst).rejects.toMatchObject({ code: 'forbidden' })
		// It has protected attributes: an analyst does not read the report of an auditor either.
		const made = await server.post('/v1/reports', { template: 'access-export', subject: 'nobody' })
		const statusFor = async (role: 'analyst' | 'approver' | 'auditor', form: string) =>
			(await server.fetch(`/v1/reports/${made.body.id}.${form}`, { key: await server.keyOf(role) })).status
		for (const form of ['json', 'zip']) {
			expect(await statusFor('analyst', form)).toBe(403)
			expect(await statusFor('approver', form)).toBe(200)
			expect(await statusFor('auditor', form)).toBe(200)
		}
	})

	it('leaves out models that are not in the scope', async ({ server }) => {
		const scoped = actorOf('auditor', { models: ['bare'] })
		const content = await build(server, accessExport, { subject: 'person-1' }, scoped)
		expect(rowsOf(content, 'summary', 'counts')).toEqual([['bare', 2, 0, 0, 0]])
	})
})
