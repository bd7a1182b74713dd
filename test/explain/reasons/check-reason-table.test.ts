import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkReasonTable, ReasonTable } from '../../../src/explain/reasons/reason-table.ts'
import { refusedText } from '../../../src/explain/reasons/refused-text.ts'

const faults = (of: object) =>
	checkReasonTable(ReasonTable.parse(of), { sensitive: ['postcode'], features: ['income', 'debt', 'late'] })
const entry = { code: 'R1', text: 'Excessive obligations in relation to income', features: ['debt'] }

describe('a text', () => {
	it.each([
		'You did not meet our internal standards.',
		'Internal policy',
		'internal credit guidelines',
		'Does not satisfy our lending criteria',
		'Applicant failed to achieve a qualifying score',
		'You failed to reach the minimum score',
		'Insufficient score',
		'Low credit score',
		'Credit-score too low',
		'Your score was below the cut-off.',
		'Score not high enough',
		'Did not qualify',
		'Points below threshold',
		'Decision of our credit scoring system',
		'The algorithm declined the application',
		'Other',
		'High risk',
		'Interne Richtlinien',
		'Score zu niedrig',
		'Critères internes',
		'Puntuación insuficiente',
	])('that names no specific reason is refused: %s', (text) => {
		expect(refusedText(text)).toMatch(/not specific/)
	})

	it.each([
		'Sex of the applicant',
		'Marital status',
		'Income from public assistance',
		'National origin',
		'Being a woman',
		'Geschlecht des Antragstellers',
		'État civil',
	])('that names a prohibited basis is refused: %s', (text) => {
		expect(refusedText(text)).toMatch(/prohibited/)
	})

	// The sample reasons of Regulation B, Appendix C, form C-1, have to pass.
	it.each([
		'Credit application incomplete',
		'Insufficient number of credit references provided',
		'Unacceptable type of credit references provided',
		'Unable to verify credit references',
		'Temporary or irregular employment',
		'Unable to verify employment',
		'Length of employment',
		'Income insufficient for amount of credit requested',
		'Excessive obligations in relation to income',
		'Unable to verify income',
		'Length of residence',
		'Temporary residence',
		'Unable to verify residence',
		'No credit file',
		'Limited credit experience',
		'Poor credit performance with us',
		'Delinquent past or present credit obligations with others',
		'Collection action or judgment',
		'Garnishment or attachment',
		'Foreclosure or repossession',
		'Bankruptcy',
		'Number of recent inquiries on credit bureau report',
		'Value or type of collateral not sufficient',
		'Age of automobile',
		'Time since most recent account opening is too short',
		'Proportion of balances to credit limits is too high',
		'Zahlungsrückstände in den letzten sechs Monaten',
	])('that names a specific reason passes: %s', (text) => {
		expect(refusedText(text)).toBeUndefined()
	})
})

describe('a reason table', () => {
	it('without faults passes', () => {
		const table = {
			entries: [
				entry,
				{
					code: 'R2',
					text: { en: 'No credit file', fr: 'Aucun dossier' },
					bins: [{ feature: 'late', missing: true }],
				},
			],
			knockOuts: [{ code: 'R2', when: { feature: 'bureau', op: 'missing' } }],
		}
		expect(faults(table)).toEqual([])
	})

	it.each([
		['nothing', { entries: [] }, 'entries', /empty/],
		[
			'a refused text in any language',
			{ entries: [{ ...entry, text: { en: 'Debt', de: 'Interne Richtlinien' } }] },
			'entries.0.text.de',
			/not specific/,
		],
		[
			'a sensitive attribute',
			{ entries: [{ ...entry, features: ['postcode'] }] },
			'entries.0.features.0',
			/protected/,
		],
		[
			'a prohibited basis by name',
			{ entries: [{ ...entry, features: ['marital_status'] }] },
			'entries.0.features.0',
			/protected/,
		],
		[
			'a knock-out by a prohibited basis',
			{
				entries: [entry],
				knockOuts: [{ code: 'K', text: 'Too young', when: { feature: 'AGE', op: '<', value: 18 } }],
			},
			'knockOuts.0.when.feature',
			/protected/,
		],
		[
			'a feature that is not scored',
			{ entries: [{ ...entry, features: ['shoe_size'] }] },
			'entries.0.features.0',
			/not scored/,
		],
		[
			'a code twice',
			{ entries: [entry, { ...entry, text: 'Debt', features: ['late'] }] },
			'entries.1.code',
			/twice/,
		],
		[
			'a feature twice',
			{ entries: [entry, { ...entry, code: 'R2', text: 'Debt' }] },
			'entries.1.features.0',
			/already/,
		],
		[
			'a text twice',
			{ entries: [entry, { ...entry, code: 'R2', features: ['late'] }] },
			'entries.1.text',
			/repeats the text/,
		],
		['an entry without features', { entries: [{ code: 'R1', text: 'Debt' }] }, 'entries.0', /no features/],
		[
			'a knock-out without a text',
			{ entries: [entry], knockOuts: [{ code: 'K', when: { feature: 'late', op: 'missing' } }] },
			'knockOuts.0.code',
			/no text/,
		],
		[
			'overlapping bins',
			{
				entries: [
					{ ...entry, bins: [{ feature: 'late', to: 5 }] },
					{ code: 'B', text: 'Late', bins: [{ feature: 'late', from: 4 }] },
				],
			},
			'entries.1.bins.0',
			/shares values/,
		],
		[
			'a bin within another that is not its neighbour',
			{
				entries: [
					{
						...entry,
						bins: [
							{ feature: 'late', from: 0, to: 9 },
							{ feature: 'late', from: 1, to: 2 },
							{ feature: 'late', from: 5, to: 6 },
						],
					},
				],
			},
			'entries.0.bins.2',
			/with entries\.0\.bins\.0/,
		],
		[
			'one value in two bins',
			{
				entries: [
					{
						...entry,
						bins: [
							{ feature: 'late', values: ['1', 2] },
							{ feature: 'late', values: [1] },
						],
					},
				],
			},
			'entries.0.bins.1',
			/shares values/,
		],
		[
			'missing values in two bins',
			{
				entries: [
					{
						...entry,
						bins: [
							{ feature: 'late', missing: true },
							{ feature: 'late', missing: true },
						],
					},
				],
			},
			'entries.0.bins.1',
			/shares values/,
		],
		[
			'an empty bin',
			{ entries: [{ ...entry, bins: [{ feature: 'late' }] }] },
			'entries.0.bins.0',
			/one of them/,
		],
	])('with %s is refused with the place', (_, table, path, message) => {
		expect(faults(table)).toContainEqual({ path, message: expect.stringMatching(message) })
	})

	it('as the documentation shows it passes', () => {
		const page = readFileSync(new URL('../../../docs/explain.md', import.meta.url), 'utf8')
		const table = ReasonTable.parse(
			JSON.parse(/```json\n([\s\S]*?"entries"[\s\S]*?)```/.exec(page)?.[1] ?? ''),
		)
		expect(checkReasonTable(table, { sensitive: [] })).toEqual([])
	})

	it('of 200,000 bins is checked at once: bins that touch share nothing', () => {
		const bins = Array.from({ length: 200_000 }, (_, i) => ({ feature: 'late', from: i, to: i + 1 }))
		const table = ReasonTable.parse({ entries: [{ ...entry, bins }] })
		expect(checkReasonTable(table, { sensitive: [] })).toEqual([])
	})

	it('may name the age of something other than a person', () => {
		const table = ReasonTable.parse({ entries: [{ ...entry, features: ['account_age'] }] })
		expect(checkReasonTable(table, { sensitive: [] })).toEqual([])
	})
})
