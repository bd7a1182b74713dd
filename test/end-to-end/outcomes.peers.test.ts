import { describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import type { ReportContent, ReportCut, ReportTemplate } from '../../src/evidence/reports/template.ts'
import { biasAudit } from '../../src/evidence/reports/templates/bias-audit.ts'
import { modelMonitoring } from '../../src/evidence/reports/templates/model-monitoring.ts'
import { compute } from '../../src/jobs/compute.ts'
import { actorOf } from '../support/actors.ts'
import { startOfTest } from '../support/context.ts'
import { type CreditRow, creditRows, scoreOf } from '../support/credit-data.ts'
import { withServer } from '../support/fixtures.ts'
import { hasPeers } from '../support/peers.ts'
import { cutNow, metricRows, rowsOf } from '../support/report-cut.ts'
import type { Json, TestServer } from '../support/server.ts'

const days = 30
const threshold = 0.35
/** Every row of a day within one hour: fewer windows, the same sums. */
const perRow = 3000
const attributes = ['SEX', 'EDUCATION', 'MARRIAGE']

type Sent = { actual: number; at: number }
type Applicant = { id: string; day: number; row: CreditRow; score: number; said: Sent[] }
const it = withServer()
let applicants: Applicant[]
const start = startOfTest
const dayAt = (n: number) => start + n * dayMs

/** 30,000 real applicants over thirty days: a tenth never pays back within sight, one in fifty is corrected. */
function applicantsOf(seed: number): Applicant[] {
	const chance = new Chance(seed)
	return creditRows(seed).rows.map((row, i) => {
		const day = Math.floor(i / 1000)
		const known = dayAt(day) + (1 + chance.uniform() * 39) * dayMs
		const actual = Number(row['default.payment.next.month'])
		const isCorrected = chance.uniform() < 0.02
		const said: Sent[] =
			chance.uniform() < 0.1 ? [] : [{ actual: isCorrected ? 1 - actual : actual, at: known }]
		if (isCorrected && said.length > 0) said.push({ actual, at: known + chance.uniform() * 5 * dayMs })
		return { id: `a${row.ID}`, day, row, score: scoreOf(row), said }
	})
}

async function send(server: TestServer, path: string, rows: Json[]): Promise<void> {
	for (let i = 0; i < rows.length; i += 10_000) {
		const { body } = await server.post(`/v1/models/credit/${path}`, rows.slice(i, i + 10_000))
		expect([body.accepted, body.rejected]).toEqual([Math.min(10_000, rows.length - i), []])
	}
}

/** Moves the clock, and sends what became known since: in an order of its own. */
async function liveUntil(server: TestServer, day: number, since: number): Promise<void> {
	server.clock.now = dayAt(day)
	const chance = new Chance(day)
	const rows = applicants
		.flatMap(({ id, said }) => said.map(({ actual, at }) => ({ predictionId: id, actual, at })))
		.filter(({ at }) => at >= dayAt(since) && at < dayAt(day))
		.map(({ at, ...row }) => ({
			row: { ...row, timestamp: formatTime(Math.floor(at)) },
			key: chance.uniform(),
		}))
		.sort((a, b) => a.key - b.key)
	await send(
		server,
		'outcomes',
		rows.map(({ row }) => row),
	)
	await compute.run(server.context)
}

/** What is known at a time, from the raw rows: the latest that was said of each. */
function knownAt(day: number, atMs: number) {
	return applicants
		.filter((a) => a.day === day)
		.map((a) => ({ ...a, actual: a.said.filter((s) => s.at < atMs).at(-1)?.actual }))
}
type Known = ReturnType<typeof knownAt>

function recompute(rows: Known): Record<string, number> {
	const labelled = rows.filter((r) => r.actual !== undefined)
	const decided = (r: Known[number]) => (r.score >= threshold ? 1 : 0)
	const count = (d: number, a: number) => labelled.filter((r) => decided(r) === d && r.actual === a).length
	const [tp, fp, tn, fn] = [count(1, 1), count(1, 0), count(0, 0), count(0, 1)]
	let won = 0
	for (const a of labelled)
		if (a.actual === 1)
			for (const b of labelled)
				if (b.actual === 0) won += a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0
	const mean = (f: (r: Known[number]) => number) => labelled.reduce((s, r) => s + f(r), 0) / labelled.length
	return {
		'performance.tp': tp,
		'performance.fp': fp,
		'performance.tn': tn,
		'performance.fn': fn,
		'performance.accuracy': (tp + tn) / labelled.length,
		'performance.precision': tp / (tp + fp),
		'performance.recall': tp / (tp + fn),
		'performance.f1': (2 * tp) / (2 * tp + fp + fn),
		'performance.roc_auc': won / ((tp + fn) * (fp + tn)),
		'performance.brier': mean((r) => (r.score - Number(r.actual)) ** 2),
		'performance.log_loss': mean((r) => -Math.log(r.actual === 1 ? r.score : 1 - r.score)),
		'performance.outcome_coverage': labelled.length / rows.length,
	}
}

async function read(server: TestServer, query: string): Promise<Json[]> {
	const items: Json[] = []
	for (let cursor = ''; ; ) {
		const { body } = await server.fetch(`/v1/models/credit/metrics?window=1d&limit=1000&${query}${cursor}`)
		items.push(...body.items)
		if (body.next === null) return items
		cursor = `&cursor=${body.next}`
	}
}
const dayOf = (answer: Json) => Math.round((Date.parse(answer.window.from) - start) / dayMs)

it.beforeAll(async ({ server }) => {
	if (!hasPeers('credit')) return
	server.clock.now = dayAt(days)
	await server.post('/v1/models', {
		model: 'credit',
		task: 'binary',
		positiveLabel: '1',
		threshold,
		sensitive: attributes,
		maturity: { coverage: 0.8, delay: '60d' },
	})
	const features = ['LIMIT_BAL', 'PAY_0', ...attributes].map((name) => ({ name, type: 'numeric' }))
	await server.post('/v1/models/credit/versions', { version: '1', features })
	applicants = applicantsOf(7)
	await send(
		server,
		'predictions',
		applicants.map(({ id, day, row, score }, i) => ({
			predictionId: id,
			version: '1',
			timestamp: formatTime(dayAt(day) + (i % 1000) * perRow),
			features: Object.fromEntries(features.map(({ name }) => [name, row[name]])),
			score,
		})),
	)
	await compute.run(server.context)
})
it.afterAll(({ server }) => hasPeers('credit') && server.close())

describe.runIf(hasPeers('credit'))('outcomes of 30,000 real applicants, 1 to 40 days late', () => {
	let early: Json[]
	const subject = { model: 'credit', period: { from: start, to: dayAt(days) } }
	const build = (server: TestServer, template: ReportTemplate, cut: ReportCut) =>
		template.build(server.context, actorOf('auditor'), subject, cut)
	let earlyCut: ReportCut
	let earlyReport: ReportContent

	it('are provisional first', async ({ server }) => {
		await liveUntil(server, 30, 0)
		early = await read(server, 'metric=performance.*')
		earlyCut = await cutNow(server.context)
		earlyReport = await build(server, modelMonitoring, earlyCut)
		const coverage = early.filter((a) => a.metric === 'performance.outcome_coverage')
		expect(coverage).toHaveLength(days)
		const immature = new Set(coverage.filter((a) => a.value < 0.8).map(dayOf))
		expect(immature.size).toBeGreaterThan(20)
		for (const a of early.filter((x) => x.metric === 'performance.roc_auc'))
			expect(a.provisional).toBe(immature.has(dayOf(a)))
	})

	it.for([
		[30, 30],
		[50, 30],
		[80, 50],
	] as const)('are what the raw rows say on day %i', async ([day, since], { server }) => {
		if (day > since) await liveUntil(server, day, since)
		const answers = await read(server, 'metric=performance.*')
		for (let d = 0; d < days; d += 7) {
			const expected = recompute(knownAt(d, dayAt(day)))
			for (const [id, value] of Object.entries(expected)) {
				const answer = answers.find((a) => a.metric === id && dayOf(a) === d)
				if (/tp|fp|tn|fn|coverage/.test(id)) expect([id, answer?.value]).toEqual([id, value])
				else expect(Math.abs(answer?.value - value)).toBeLessThan(1e-12)
			}
		}
	})

	it('are mature in the end, and say what was known before and why it changed', async ({ server }) => {
		const answers = await read(server, 'metric=performance.roc_auc')
		expect(answers.map((a) => a.provisional)).toEqual(Array.from({ length: days }, () => false))
		expect(answers.filter((a) => !a.change || !a.supersedes)).toEqual([])
		expect(answers.filter((a) => /\d+ (late|corrected) outcome/.test(a.change)).length).toBeGreaterThan(20)
		const history = await read(server, 'metric=performance.roc_auc&history=true')
		const before = early.find((a) => a.metric === 'performance.roc_auc' && dayOf(a) === 0)
		const said = history.filter((a) => dayOf(a) === 0).map((a) => a.value)
		expect(said).toContain(before?.value)
		expect(said.length).toBeGreaterThan(2)
	})

	it('give each group the rates of its raw rows', async ({ server }) => {
		const answers = await read(server, 'metric=fairness.*')
		for (const [group, of] of [
			['SEX=2', (r: CreditRow) => r.SEX === 2],
			['EDUCATION=3', (r: CreditRow) => r.EDUCATION === 3],
			['SEX=1 x MARRIAGE=2', (r: CreditRow) => r.SEX === 1 && r.MARRIAGE === 2],
		] as const)
			for (const d of [0, 13, 29]) {
				const rows = knownAt(d, dayAt(80)).filter((a) => of(a.row))
				const raw = recompute(rows)
				const value = (id: string) =>
					answers.find((a) => a.metric === id && a.subject.group === group && dayOf(a) === d)?.value
				expect(value('fairness.selection_rate')).toBe(
					rows.filter((r) => r.score >= threshold).length / rows.length,
				)
				expect(value('fairness.tpr')).toBe(raw['performance.recall'])
				expect(value('fairness.precision')).toBe(raw['performance.precision'])
			}
		const groups = new Set(answers.map((a) => a.subject.group))
		expect([...groups].filter((g) => !g.includes('='))).toEqual(
			expect.arrayContaining(['SEX', 'EDUCATION', 'MARRIAGE', 'SEX x EDUCATION', 'EDUCATION x MARRIAGE']),
		)
	})

	it('give reports whose deciles and rates are those of the raw rows and of the API', async ({ server }) => {
		const cut = await cutNow(server.context)
		const monitoring = await build(server, modelMonitoring, cut)
		const all = Array.from({ length: days }, (_, d) => knownAt(d, dayAt(80))).flat()
		const labelled = all.filter((r) => r.actual !== undefined)
		const sum = (of: (r: Known[number]) => number) => labelled.reduce((total, r) => total + of(r), 0)
		const last = rowsOf(monitoring, 'deciles').at(-1)
		expect(last).toMatchObject({ decile: 'all', predictions: all.length, labelled: labelled.length })
		expect(last?.observed).toBe(sum((r) => Number(r.actual)) / labelled.length)
		expect(last?.predicted).toBeCloseTo(sum((r) => r.score) / labelled.length, 12)
		const metrics = metricRows(monitoring)
		const answers = await read(server, 'metric=performance.*,fairness.selection_rate,drift.psi')
		expect(answers.filter((point) => !metrics.has(point))).toEqual([])
		const audit = await build(server, biasAudit, cut)
		const period = `from=${formatTime(start)}&to=${formatTime(dayAt(days))}`
		const { body } = await server.fetch(`/v1/models/credit/bias?version=1&${period}`)
		for (const { attribute, audit: table } of body.attributes)
			expect(rowsOf(audit, `attribute:${attribute}`).filter(({ excluded }) => excluded === null)).toEqual(
				table.rows.map(({ group, n, selectionRate, impactRatio }: Json) => ({
					...{ group, n, selectionRate, impactRatio: impactRatio.value, excluded: null },
				})),
			)
		expect(rowsOf(audit, 'fourFifths').map(({ verdict }) => verdict)).toEqual(
			body.attributes.map(() => 'unknown'),
		)
	})

	it('give the report of an earlier cut as it was then', async ({ server }) => {
		expect(await build(server, modelMonitoring, earlyCut)).toEqual(earlyReport)
	})
})
