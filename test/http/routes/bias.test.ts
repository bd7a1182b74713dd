import { describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { metrics } from '../../../src/metrics/index.ts'
import { startOfTest } from '../../support/context.ts'
import { type ServerOf, withServer } from '../../support/fixtures.ts'
import { day, loanServer, type Row, rows } from '../../support/loan-model.ts'
import type { Json } from '../../support/server.ts'

const it = withServer(loanServer)
type Server = ServerOf<typeof loanServer>

const read = async (server: Server, query = '', of = 'loan') =>
	(await server.fetch(`/v1/models/${of}/bias?${query}`)).body
const count = (of: (row: Row) => boolean) => rows.filter(of).length

describe('a bias audit', () => {
	let body: Json
	let sex: Json
	it.beforeAll(async ({ server }) => {
		body = await read(server)
		sex = body.attributes[0]
	})
	const groupOf = (name: string) => sex.groups.find((g: Json) => g.group === name)

	it('is of the champion of production in the last thirty days, attribute by attribute and pair by pair', () => {
		expect(body).toMatchObject({
			model: 'loan',
			version: '1',
			environment: 'production',
			period: { from: formatTime(startOfTest - 30 * dayMs), to: formatTime(startOfTest) },
			selected: '1',
			rows: { predictions: rows.length, labelled: count((r) => r.actual !== undefined) },
		})
		expect(body.attributes.map((a: Json) => a.attribute)).toEqual([
			'SEX',
			'REGION',
			'ethnicity',
			'SEX x REGION',
			'SEX x ethnicity',
			'REGION x ethnicity',
		])
		expect(body.attributes.map((a: Json) => a.status)).toEqual(Array.from({ length: 6 }, () => 'ok'))
	})

	it('counts each group as the raw rows do, and what is not known of them', () => {
		for (const value of ['m', 'f', 'x', null]) {
			const own = rows.filter((r) => r.SEX === value)
			const decided = own.filter((r) => r.label !== undefined)
			const labelled = own.filter((r) => r.actual !== undefined)
			const cell = (label: number, actual: number) =>
				own.filter((r) => r.label === label && r.actual === actual).length
			const group = groupOf(`SEX=${value ?? '(missing)'}`)
			expect(group).toMatchObject({
				isKnown: value !== null,
				counts: {
					n: own.length,
					decided: decided.length,
					selected: decided.filter((r) => r.label === 1).length,
					labelled: labelled.length,
					positives: labelled.filter((r) => r.actual === 1).length,
					tp: cell(1, 1),
					fp: cell(1, 0),
					tn: cell(0, 0),
					fn: cell(0, 1),
				},
			})
			expect(group.rates.tpr.value).toBe(cell(1, 1) / (cell(1, 1) + cell(0, 1)))
			expect(group.rates.selectionRate.low).toBeLessThan(group.rates.selectionRate.value)
			expect(group.rates.selectionRate.high).toBeGreaterThan(group.rates.selectionRate.value)
		}
		expect(sex.rows).toEqual({
			total: rows.length,
			withoutGroup: 50,
			withoutDecision: 1,
			withoutOutcome: count((r) => r.actual === undefined),
		})
	})

	it('has the table of an audit: impact ratios, the unknown counted, small groups left out with the reason', () => {
		const [m, f] = [250 / 500, 200 / 500]
		expect(sex.audit).toMatchObject({
			unknown: 50,
			excluded: [{ group: 'SEX=x', n: 9, reason: '9 of 1009 rows, fewer than 2%' }],
		})
		expect(sex.audit.rows).toMatchObject([
			{ group: 'SEX=f', n: 500, selected: 200, selectionRate: f, impactRatio: { value: f / m } },
			{ group: 'SEX=m', n: 500, selected: 250, selectionRate: m, impactRatio: { value: 1, low: 1, high: 1 } },
		])
		const { low, high } = sex.fourFifths
		expect(sex.fourFifths).toMatchObject({
			verdict: 'inconclusive',
			value: f / m,
			groups: ['SEX=m', 'SEX=f'],
		})
		expect([low < 0.8, high > 0.8]).toEqual([true, true])
	})

	it('has every disparity that is a metric, with its two groups and those left out', () => {
		const ids = metrics.filter((m) => m.subject === 'attribute').map((m) => m.id)
		for (const { disparities } of body.attributes) expect(disparities.map((d: Json) => d.metric)).toEqual(ids)
		const [parity] = sex.disparities
		expect(parity).toMatchObject({ status: 'ok', groups: ['SEX=m', 'SEX=f'] })
		expect(parity.value).toBeCloseTo(0.1, 12)
		expect(parity.excluded).toEqual([
			{ group: 'SEX=x', n: 9, reason: '9 rows with a decision, fewer than 30' },
		])
		// Unknown groups are counted, never compared.
		expect(JSON.stringify(sex.disparities)).not.toContain('missing')
		const smd = sex.disparities.find((d: Json) => d.metric === 'fairness.smd')
		expect(smd).toMatchObject({ status: 'insufficient', value: null, p: null, q: null })
		expect(smd.reason).toContain('fewer than two groups')
	})

	it('corrects all its tests as one family', async ({ server }) => {
		const family = (answer: Json) => {
			const tests = answer.attributes.flatMap((a: Json) => a.disparities).filter((d: Json) => d.p !== null)
			const sorted = tests.map((d: Json) => d.p).sort((a: number, b: number) => a - b)
			for (const { p, q } of tests) {
				const ratios = sorted.flatMap((other: number, i: number) =>
					other >= p ? [(other * sorted.length) / (i + 1)] : [],
				)
				expect(q).toBeCloseTo(Math.min(1, ...ratios), 12)
			}
			expect(answer.tests).toBe(tests.length)
			return tests.length
		}
		expect(family(body)).toBeGreaterThan(30)
		expect(family(await read(server, 'attribute=SEX'))).toBeLessThan(10)
	})

	it("finds Simpson's paradox: men are selected more often, and less often in each branch", () => {
		const [check] = sex.simpson
		expect(check).toMatchObject({
			segment: 'branch',
			verdict: 'reversed',
			groups: ['SEX=m', 'SEX=f'],
			strata: 2,
			rowsWithout: 20,
		})
		expect(check.overall.value).toBeCloseTo(0.1, 12)
		expect(check.within.value).toBeCloseTo(-0.2, 1)
	})

	it("has Clarify's metrics of each group, conditional ones too", () => {
		const own = rows.filter((r) => r.SEX === 'f')
		const rest = rows.filter((r) => r.SEX !== 'f')
		const rate = (list: Row[]) =>
			list.filter((r) => r.label === 1).length / list.filter((r) => r.label !== undefined).length
		const { clarify, conditional } = groupOf('SEX=f')
		expect(clarify.ci).toBeCloseTo((rest.length - own.length) / rows.length, 12)
		expect(clarify.dppl).toBeCloseTo(rate(rest) - rate(own), 12)
		expect(clarify.di).toBeCloseTo(rate(own) / rate(rest), 12)
		let sum = 0
		for (const branch of ['a', 'b', undefined]) {
			const decided = rows.filter((r) => r.branch === branch && r.label !== undefined)
			const share = (label: number) => {
				const all = decided.filter((r) => r.label === label)
				return all.filter((r) => r.SEX === 'f').length / all.length
			}
			sum += decided.length * (share(0) - share(1))
		}
		expect(conditional[0].segment).toBe('branch')
		expect(conditional[0].cddpl).toBeCloseTo(sum / count((r) => r.label !== undefined), 12)
		expect(conditional[0].cddl).not.toBeNull()
	})

	it('agrees with the metrics of a window', async ({ server }) => {
		await compute.run(server.context)
		const window = `environment=production&from=${formatTime(day)}&to=${formatTime(day + dayMs)}`
		const { items } = (
			await server.fetch(
				`/v1/models/loan/metrics?metric=fairness.*&window=1d&group=REGION&limit=1000&${window}`,
			)
		).body
		const [audit] = (await read(server, `attribute=REGION&${window}`)).attributes
		const known = new Map(items.map((a: Json) => [`${a.metric} ${a.subject.group}`, a]))
		expect(known.size).toBeGreaterThan(40)
		for (const { metric, value, low, high, p } of audit.disparities)
			expect([metric, value, low, high, p]).toEqual(
				['metric', 'value', 'low', 'high', 'p'].map(
					(member) => (known.get(`${metric} REGION`) as Json)[member],
				),
			)
		for (const { group, clarify } of audit.groups)
			for (const [name, value] of Object.entries(clarify))
				expect(value).toBe((known.get(`fairness.clarify.${name} ${group}`) as Json).value)
	})
})
