import { readFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { dayMs, formatTime, hourMs } from '../../src/core/time.ts'
import { startOfTest } from '../support/context.ts'
import { type CreditRow, creditRows } from '../support/credit-data.ts'
import { withServer } from '../support/fixtures.ts'
import { hasPeers } from '../support/peers.ts'
import type { Json, TestServer } from '../support/server.ts'

type Rates = { group: string; n: number } & Record<string, number | string | null>
type Golden = {
	credit: {
		attribute: string
		all: { groups: Rates[]; over: Record<string, number> }
		enough: string[]
		overEnough: Record<string, number>
		smd: number
		selectionP: number
		limitP: number
	}[]
}

// What fairlearn and SciPy answer of the same rows: test/stats/fairness/golden/make.py.
const golden: Golden = JSON.parse(
	await readFile(new URL('../stats/fairness/golden/golden.json', import.meta.url), 'utf8'),
)

const days = 30
const start = startOfTest - days * dayMs
const attributes = ['SEX', 'EDUCATION', 'MARRIAGE', 'AGE']
const it = withServer()
let rows: CreditRow[]

const selected = (row: CreditRow) => Number(row.PAY_0) >= 2
const actual = (row: CreditRow) => Number(row['default.payment.next.month'])

async function send(server: TestServer, path: string, list: Json[]): Promise<void> {
	for (let i = 0; i < list.length; i += 10_000) {
		const { body } = await server.post(`/v1/models/credit/${path}`, list.slice(i, i + 10_000))
		expect([body.accepted, body.rejected]).toEqual([Math.min(10_000, list.length - i), []])
	}
}

/** 30,000 real applicants over thirty days: decided by their last payment, scored by their limit, all outcomes known. */
it.beforeAll(async ({ server }) => {
	if (!hasPeers('credit')) return
	await server.post('/v1/models', {
		model: 'credit',
		task: 'binary',
		positiveLabel: '1',
		favourable: '1',
		sensitive: attributes,
		segments: ['education'],
		bands: { AGE: [30, 40, 50, 60, 70] },
	})
	const data = creditRows(11)
	rows = data.rows
	const features = data.names.map((name) => ({ name, type: 'numeric' }))
	await server.post('/v1/models/credit/versions', { version: '1', features })
	const deployment = { method: 'PUT', json: { champion: '1' } }
	await server.fetch('/v1/models/credit/deployments/production', deployment)
	const perDay = rows.length / days
	await send(
		server,
		'predictions',
		rows.map((row, i) => ({
			predictionId: `a${row.ID}`,
			version: '1',
			timestamp: formatTime(start + Math.floor(i / perDay) * dayMs + (i % 2) * hourMs),
			features: Object.fromEntries(data.names.map((name) => [name, row[name]])),
			segment: { education: String(row.EDUCATION) },
			score: row.LIMIT_BAL,
			label: selected(row) ? 1 : 0,
		})),
	)
	await send(
		server,
		'outcomes',
		rows.map((row) => ({
			predictionId: `a${row.ID}`,
			actual: actual(row),
			timestamp: formatTime(startOfTest - hourMs),
		})),
	)
})
it.afterAll(({ server }) => hasPeers('credit') && server.close())

const decades: Record<string, string> = {
	'below 30': '20',
	'30 to below 40': '30',
	'40 to below 50': '40',
	'50 to below 60': '50',
	'60 to below 70': '60',
	'70 and above': '70',
}
/** Our names of groups as the golden numbers have them: `SEX=1 x MARRIAGE=2` is `1/2`. */
const asGolden = (group: string): string =>
	group
		.split(' x ')
		.map((part) => part.split('=')[1] ?? '')
		.map((value) => decades[value] ?? value)
		.join('/')

/** Rates are rounded at 1e-16; a difference of two is known to that, and not relatively. */
const near = (value: number | null, expected: number, relative = 1e-12) =>
	expect(Math.abs((value ?? Number.NaN) - expected)).toBeLessThanOrEqual(
		relative * Math.abs(expected) + 1e-15,
	)

const metricOf: Record<string, string> = {
	demographicParityDifference: 'fairness.demographic_parity_difference',
	demographicParityRatio: 'fairness.demographic_parity_ratio',
	equalOpportunityDifference: 'fairness.equal_opportunity_difference',
	equalizedOddsDifference: 'fairness.equalized_odds_difference',
	predictiveParityDifference: 'fairness.predictive_parity_difference',
	fprDifference: 'fairness.fpr_difference',
	fnrDifference: 'fairness.fnr_difference',
}

describe.runIf(hasPeers('credit'))('the bias audit of 30,000 real applicants', () => {
	let body: Json
	it.beforeAll(async ({ server }) => {
		body = (await server.fetch('/v1/models/credit/bias')).body
	})
	const attributeOf = (name: string): Json => body.attributes.find((a: Json) => a.attribute === name)
	const disparity = (audit: Json, metric: string): Json =>
		audit.disparities.find((d: Json) => d.metric === metric)

	it('is of all of them', () => {
		expect(body.rows).toEqual({ predictions: 30_000, labelled: 30_000, never: 0, unusable: 0 })
		expect(body.attributes).toHaveLength(4 + 6)
		for (const { rows: counted } of body.attributes)
			expect(counted).toEqual({ total: 30_000, withoutGroup: 0, withoutDecision: 0, withoutOutcome: 0 })
	})

	it.each(golden.credit)('by $attribute: has the rates that fairlearn finds', ({ attribute, all }) => {
		const { groups } = attributeOf(attribute)
		expect(groups.map((g: Json) => asGolden(g.group)).sort()).toEqual(all.groups.map((g) => g.group).sort())
		for (const { group, n, ...rates } of all.groups) {
			const own = groups.find((g: Json) => asGolden(g.group) === group)
			expect(own.counts.n).toBe(n)
			for (const [name, rate] of Object.entries(rates)) {
				// Where there is nothing to divide by, fairlearn says 0 or 1: we say that there is none.
				if (own.rates[name].value === null) expect([null, 0, 1]).toContain(rate)
				else near(own.rates[name].value, rate as number, 1e-14)
			}
		}
	})

	it('has the disparities that fairlearn finds, wherever they are over the same groups', () => {
		let compared = 0
		for (const { attribute, all, enough, overEnough, smd, limitP, selectionP } of golden.credit) {
			const audit = attributeOf(attribute)
			for (const [name, metric] of Object.entries(metricOf)) {
				const { value, excluded } = disparity(audit, metric)
				const left = new Set(excluded.map((e: Json) => asGolden(e.group)))
				const kept = all.groups.map((g) => g.group).filter((g) => !left.has(g))
				if (kept.join() === [...enough].sort().join()) near(value, overEnough[name] as number)
				else if (left.size === 0) near(value, all.over[name] as number)
				else continue
				compared++
			}
			if (enough.length < all.groups.length) continue
			near(disparity(audit, 'fairness.smd').value, smd, 1e-9)
			near(disparity(audit, 'fairness.smd').p, limitP, 1e-6)
			near(disparity(audit, 'fairness.demographic_parity_difference').p, selectionP, 1e-9)
			compared++
		}
		expect(compared).toBeGreaterThanOrEqual(20)
	})

	it('excludes the groups below 2% and says which, and is clear about four fifths where the rows are enough', () => {
		const marriage = attributeOf('MARRIAGE')
		expect(marriage.audit.excluded.map((e: Json) => [e.group, e.n])).toEqual([
			['MARRIAGE=3', 323],
			['MARRIAGE=0', 54],
		])
		const sex = attributeOf('SEX')
		const rate = (value: number) => {
			const own = rows.filter((r) => r.SEX === value)
			return own.filter(selected).length / own.length
		}
		expect(sex.fourFifths.value).toBe(rate(2) / rate(1))
		expect(sex.fourFifths.groups).toEqual(['SEX=1', 'SEX=2'])
		expect(sex.audit.rows.map((r: Json) => r.impactRatio.value).sort()).toEqual([rate(2) / rate(1), 1])
	})

	it('says of SEX within each education what the raw rows say', () => {
		const [check] = attributeOf('SEX').simpson
		let [weighted, weights, conditional] = [0, 0, 0]
		for (let education = 0; education <= 6; education++) {
			const own = rows.filter((r) => r.EDUCATION === education)
			const [a, b] = [own.filter((r) => r.SEX === 1), own.filter((r) => r.SEX === 2)]
			const [x, y] = [a.filter(selected).length, b.filter(selected).length]
			const weight = (a.length * b.length) / own.length
			weighted += weight * (x / a.length - y / b.length)
			weights += weight
			const rejected = own.length - x - y
			conditional += (own.length * ((b.length - y) / rejected - (x + y > 0 ? y / (x + y) : 0))) / rows.length
		}
		expect(check).toMatchObject({
			segment: 'education',
			groups: ['SEX=1', 'SEX=2'],
			strata: 7,
			rowsWithout: 0,
		})
		near(check.within.value, weighted / weights, 1e-10)
		const women = attributeOf('SEX').groups.find((g: Json) => g.group === 'SEX=2')
		near(women.conditional[0].cddpl, conditional, 1e-10)
	})

	it('finds what stands in for marriage, age first, on 20,000 rows that are always the same', async ({
		server,
	}) => {
		const ask = async (query: string) => (await server.fetch(`/v1/models/credit/bias/proxies?${query}`)).body
		const body = await ask('attribute=MARRIAGE&group=1')
		expect(body).toMatchObject({ features: 22, rows: { total: 30_000, sampled: 20_000, withoutGroup: 0 } })
		const [{ auc, top }] = body.groups
		expect(top[0].feature).toBe('AGE')
		expect(top[0].auc.low).toBeGreaterThan(0.65)
		expect(auc.low).toBeGreaterThan(0.7)
		expect(top).toHaveLength(10)
		expect((await ask('attribute=MARRIAGE&group=1')).groups).toEqual(body.groups)
		const [men] = (await ask('attribute=SEX&group=1')).groups
		const [women] = (await ask('attribute=SEX&group=2')).groups
		expect(men.auc.low).toBeGreaterThan(0.5)
		expect(Math.abs(men.auc.value - women.auc.value)).toBeLessThan(0.01)
	})
})
