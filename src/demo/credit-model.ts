import { utf8 } from '../core/bytes.ts'
import { openModel } from '../explain/open-model.ts'

/** The file of the lender's credit model: a logistic regression of who defaults. */
export const creditFile = JSON.stringify({
	format: 'linear-json',
	link: 'logit',
	intercept: -1.4,
	coefficients: { income: -1.2e-5, debt_ratio: 1.8, late_payments: 1, loan_amount: 2.5e-5 },
	means: { income: 44_400, debt_ratio: 0.341, late_payments: 0.233, loan_amount: 13_100 },
	missing: 'mean',
})

const model = openModel('linear-json', utf8(creditFile))

/** What the credit model answers: the lender serves the very file that it registers. */
export const creditScore = (features: Record<string, unknown>): number =>
	model.score(model.margin(model.encode(features).x))[0] as number

/** What an applicant can change, and how far. */
export const creditLimits = {
	income: { direction: 'increase' },
	late_payments: { direction: 'decrease', min: 0, step: 1 },
	debt_ratio: { direction: 'decrease', min: 0, step: 0.01 },
	loan_amount: { direction: 'decrease', min: 500, step: 100 },
}

/** The reasons that the lender gives, in approved words. */
export const creditReasons = {
	method: '5(i)',
	locale: 'en',
	entries: [
		{ code: 'R1', text: 'Income insufficient for amount of credit requested', features: ['income'] },
		{ code: 'R2', text: 'Excessive obligations in relation to income', features: ['debt_ratio'] },
		{
			code: 'R3',
			text: 'Delinquent past or present credit obligations with others',
			features: ['late_payments'],
		},
		{ code: 'R4', text: 'Amount of credit requested too high', features: ['loan_amount'] },
	],
}
