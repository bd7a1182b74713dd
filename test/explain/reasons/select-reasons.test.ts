import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReasonTable } from '../../../src/explain/reasons/reason-table.ts'
import { type SelectionInput, selectReasons } from '../../../src/explain/reasons/select-reasons.ts'

const table = (of: object) => ReasonTable.parse(of)
const simple = table({
	locale: 'en',
	entries: [
		{
			code: 'R1',
			text: { en: 'Delinquent past obligations', de: 'Zahlungsrückstände' },
			features: ['PAY_0', 'PAY_2'],
		},
		{ code: 'R2', text: 'Income insufficient for amount of credit requested', features: ['income'] },
		{ code: 'R3', text: 'Length of employment', features: ['job_months'] },
		{ code: 'R4', text: 'Excessive obligations in relation to income', features: ['debt'] },
		{ code: 'R5', text: 'Too many recent enquiries', features: ['enquiries'], inquiries: true },
		{ code: 'R6', text: 'Temporary residence', features: ['home'] },
	],
})
const select = (contributions: Record<string, number>, more: Partial<SelectionInput> = {}) =>
	selectReasons({
		table: simple,
		row: {},
		contributions: Object.entries(contributions).map(([feature, contribution]) => ({
			feature,
			contribution,
		})),
		adverse: 'high',
		sensitive: ['SEX'],
		...more,
	})
const codes = (selection: ReturnType<typeof select>) =>
	selection.status === 'ok' ? selection.reasons.map((r) => r.code) : selection.status

describe('principal reasons', () => {
	it('add up the features of one reason before they are ranked', () => {
		const selection = select({ PAY_0: 0.3, PAY_2: 0.3, income: 0.5, job_months: -0.2 })
		expect(selection).toMatchObject({
			status: 'ok',
			by: 'contributions',
			reasons: [
				{ code: 'R1', features: ['PAY_0', 'PAY_2'], contribution: 0.6 },
				{ code: 'R2', features: ['income'], contribution: 0.5 },
			],
		})
	})

	it('leave out a reason whose features balance each other', () => {
		expect(codes(select({ PAY_0: 0.3, PAY_2: -0.4, income: 0.1 }))).toEqual(['R2'])
	})

	it('are what lowers the score where a low score is bad', () => {
		expect(codes(select({ PAY_0: 12, income: -20, debt: -5 }, { adverse: 'low' }))).toEqual(['R2', 'R4'])
	})

	it('are at most four', () => {
		const all = { PAY_0: 6, income: 5, job_months: 4, debt: 3, home: 2 }
		expect(codes(select(all))).toEqual(['R1', 'R2', 'R3', 'R4'])
		expect(codes(select(all, { table: { ...simple, most: 2 } }))).toEqual(['R1', 'R2'])
	})

	it('are five when enquiries counted and are not among the four', () => {
		const all = { PAY_0: 6, income: 5, job_months: 4, debt: 3, home: 2, enquiries: 1.5 }
		expect(codes(select(all))).toEqual(['R1', 'R2', 'R3', 'R4', 'R5'])
		expect(codes(select({ ...all, enquiries: 9 }))).toEqual(['R5', 'R1', 'R2', 'R3'])
		expect(codes(select({ ...all, enquiries: -1 }))).toEqual(['R1', 'R2', 'R3', 'R4'])
	})

	it('stand in the order of the table when they are equal, to rounding', () => {
		expect(codes(select({ debt: 0.1 + 0.2, income: 0.3, job_months: 0.3 }))).toEqual(['R2', 'R3', 'R4'])
	})

	it('never name a protected feature, and say that it counted', () => {
		const loose = table({
			entries: [{ code: 'A', text: 'Something else about you', features: ['SEX', 'AGE'] }, ...simple.entries],
		})
		const selection = select({ SEX: 3, AGE: 2, income: 1 }, { table: loose })
		expect(selection).toMatchObject({
			reasons: [{ code: 'R2', features: ['income'] }],
			withheld: [{ feature: 'SEX' }, { feature: 'AGE' }],
		})
	})

	it('report features that the table does not cover', () => {
		expect(select({ utilisation: 2, tenure: -1, income: 1 })).toMatchObject({
			status: 'ok',
			uncovered: [{ feature: 'utilisation', contribution: 2 }],
		})
	})

	it('miss a principal feature that the table does not cover, and no other one', () => {
		const partial = table({
			entries: [
				{ code: 'C', text: 'Time since last payment', features: ['c'] },
				{ code: 'D', text: 'Number of accounts', features: ['d'] },
			],
		})
		expect(select({ a: 2.43, b: 1.22, c: -0.5, d: 0.22 }, { table: partial })).toMatchObject({
			status: 'ok',
			reasons: [{ code: 'D' }],
			missing: ['a', 'b'],
		})
		const fifth = { PAY_0: 6, income: 5, job_months: 4, debt: 3, utilisation: 2 }
		expect(select(fifth)).toMatchObject({ missing: [], uncovered: [{ feature: 'utilisation' }] })
		expect(select({ utilisation: 2 })).toMatchObject({ status: 'failed', missing: ['utilisation'] })
	})

	it('leave out what is too small a share of all that counted against the person', () => {
		expect(codes(select({ PAY_0: 10, income: 0.52, debt: 0.4 }))).toEqual(['R1'])
		expect(codes(select({ PAY_0: 10, income: 0.6, debt: 0.4 }))).toEqual(['R1', 'R2'])
		const strict = { ...simple, minShare: 0.2 }
		expect(codes(select({ PAY_0: 10, income: 2, debt: 4 }, { table: strict }))).toEqual(['R1', 'R4'])
		expect(codes(select({ PAY_0: 10, enquiries: 0.01 }))).toEqual(['R1'])
		expect(select({ PAY_0: 10, utilisation: 0.1 })).toMatchObject({ missing: [] })
	})

	it('are one at least, however evenly the contributions are spread', () => {
		const others = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x${i}`, 1]))
		expect(codes(select({ ...others, income: 1.5 }))).toEqual(['R2'])
	})

	it('count against the person in the contributions that the answer shows, too', () => {
		const shown = [
			{ feature: 'PAY_0', contribution: 2 },
			{ feature: 'PAY_2', contribution: -0.1 },
			{ feature: 'income', contribution: -0.3 },
			{ feature: 'debt', contribution: 0.05 },
		]
		const selection = select({ PAY_0: 1, PAY_2: 1, income: 3, debt: 2 }, { shown })
		expect(selection).toMatchObject({ reasons: [{ code: 'R1', features: ['PAY_0'] }] })
		expect(selection.status === 'ok' && selection.reasons.length).toBe(1)
	})

	it.each([
		[{ utilisation: 2 }, /add utilisation/],
		[{ SEX: 1 }, /protected features/],
		[{ income: -1 }, /no feature counted against/],
		[{}, /no feature counted against/],
	])('are an error, never an empty notice: %j', (contributions, reason) => {
		expect(select(contributions as Record<string, number>)).toMatchObject({
			status: 'failed',
			reason: expect.stringMatching(reason),
		})
	})

	it('speak the language that is asked, else the table’s own', () => {
		const text = (locale?: string) => {
			const selection = select({ PAY_0: 1 }, { locale })
			return selection.status === 'ok' && selection.reasons[0]
		}
		expect(text('de')).toMatchObject({ text: 'Zahlungsrückstände', locale: 'de' })
		expect(text('de-AT')).toMatchObject({ locale: 'de' })
		expect(text('fr')).toMatchObject({ text: 'Delinquent past obligations', locale: 'en' })
		expect(text()).toMatchObject({ locale: 'en' })
	})
})

describe('bins and groups', () => {
	const binned = table({
		entries: [
			{
				code: 'NEW',
				text: 'No credit file',
				bins: [{ feature: 'history', missing: true }],
				group: 'history',
			},
			{
				code: 'SHORT',
				text: 'Limited credit experience',
				bins: [{ feature: 'history', to: 12 }],
				group: 'history',
			},
			{ code: 'LONG', text: 'Credit history', features: ['history', 'lines'], group: 'history' },
			{ code: 'HOME', text: 'Temporary residence', bins: [{ feature: 'home', values: ['tent'] }] },
		],
	})
	it.each([
		[{ history: null }, 'NEW'],
		[{ history: 11.9 }, 'SHORT'],
		[{ history: 12 }, 'LONG'],
	])('a value picks its reason: %j is %s', (row, code) => {
		expect(codes(select({ history: 1 }, { table: binned, row }))).toEqual([code])
	})

	it('a group gives one reason, in the words of what weighs most', () => {
		const selection = select(
			{ history: 1, lines: 0.4, home: 1.2 },
			{ table: binned, row: { history: 3, home: 'tent' } },
		)
		expect(selection).toMatchObject({
			reasons: [
				{ code: 'SHORT', features: ['history', 'lines'], contribution: 1.4 },
				{ code: 'HOME', contribution: 1.2 },
			],
		})
	})
})

describe('knock-out rules', () => {
	const knocked = table({
		...simple,
		knockOuts: [
			{ code: 'K1', text: 'Bankruptcy', when: { feature: 'bankrupt', op: '==', value: true } },
			{ code: 'R2', when: { feature: 'income', op: '<', value: 500 } },
			{ code: 'K2', text: 'Unable to verify employment', when: { feature: 'employer', op: 'missing' } },
		],
	})
	it('are the reason when they hold, whatever the score says', () => {
		const row = { bankrupt: true, income: 100, employer: 'x' }
		expect(select({ PAY_0: 9 }, { table: knocked, row })).toMatchObject({
			by: 'knock-out',
			reasons: [
				{ code: 'K1', text: 'Bankruptcy', features: ['bankrupt'], contribution: null },
				{ code: 'R2', features: ['income'], contribution: null },
			],
		})
		expect(codes(select({ PAY_0: 9 }, { table: knocked, row: { income: 900, employer: 'x' } }))).toEqual([
			'R1',
		])
		expect(codes(select({ PAY_0: 9 }, { table: knocked, row: { income: 900 } }))).toEqual(['K2'])
	})
})

it('whatever the contributions: at most five reasons, ranked, each against the person, none twice', () => {
	const names = ['PAY_0', 'PAY_2', 'income', 'job_months', 'debt', 'enquiries', 'home', 'SEX', 'other']
	fc.assert(
		fc.property(
			fc.dictionary(fc.constantFrom(...names), fc.double({ min: -10, max: 10, noNaN: true })),
			fc.constantFrom('high' as const, 'low' as const),
			(contributions, adverse) => {
				const selection = select(contributions, { adverse })
				if (selection.status !== 'ok') return
				const weights = selection.reasons.map(
					(r) => (adverse === 'high' ? 1 : -1) * (r.contribution as number),
				)
				expect(weights.every((w) => w > 0)).toBe(true)
				expect(weights.length).toBeLessThanOrEqual(5)
				const largest = Math.max(...Object.values(contributions).map(Math.abs))
				for (let i = 1; i < weights.length; i++)
					expect((weights[i - 1] as number) - (weights[i] as number)).toBeGreaterThanOrEqual(-2e-9 * largest)
				const features = selection.reasons.flatMap((r) => r.features)
				expect(new Set(features).size).toBe(features.length)
				expect(features).not.toContain('SEX')
			},
		),
	)
})
