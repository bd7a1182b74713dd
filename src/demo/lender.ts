import { utf8 } from '../core/bytes.ts'
import { dayMs, formatTime, hourMs } from '../core/time.ts'
import { openModel } from '../explain/open-model.ts'
import type { Chance } from './random.ts'

// A fictitious lender, without any real people.
const branches = ['north', 'south', 'east', 'west', 'online'] as const
/** The branches whose source system changed to sending monthly instead of yearly income. */
export const changedBranches: readonly string[] = ['north', 'west']

export type DemoRow = {
	predictionId: string
	version: string
	timestamp: string
	features: Record<string, unknown>
	score: number
	latencyMs: number
	segment: Record<string, string>
}
type DemoOutcome = { predictionId: string; actual: number; timestamp: string }

export type DemoModel = {
	model: Record<string, unknown> & { model: string }
	features: { name: string; type: string; min?: number; values?: string[] }[]
	rowsPerDay: number
	/** The model file, its manifest and lineage, the reason table, and what notices say beyond what is logged. */
	served?: {
		file: string
		format: string
		manifest: object
		lineage: object
		reasons: object
		notices: object
	}
	/** Generates a row. `broken`: the income source has changed. */
	row(chance: Chance, at: number, broken: boolean): DemoRow
}

/** The model file for credit risk: a logistic regression of defaults. */
const creditFile = JSON.stringify({
	format: 'linear-json',
	link: 'logit',
	intercept: -1.4,
	coefficients: { income: -1.2e-5, debt_ratio: 1.8, late_payments: 1, loan_amount: 2.5e-5 },
	means: { income: 44_400, debt_ratio: 0.341, late_payments: 0.233, loan_amount: 13_100 },
	missing: 'mean',
})

const model = openModel('linear-json', utf8(creditFile))

/** The score of the credit model: the lender serves the file that it registers. */
const creditScore = (features: Record<string, unknown>): number =>
	model.score(model.margin(model.encode(features).x))[0] as number

/** What notices and letters say beyond what is logged. No law is declared, so that no clock runs in the demo. */
const creditNotices = {
	creditor: { name: 'Example Lending', address: '1 Example Street, Springfield, IL 62701' },
	agency: { name: 'Consumer Financial Protection Bureau', address: '1700 G Street NW, Washington, DC 20552' },
	actionTaken: 'We declined your application for a loan.',
	consumerReports: [],
	score: { provider: 'Example Lending' },
	procedure:
		'When you apply for a loan, a computer program estimates from your application and from our records how likely it is that a loan like yours is not paid back on time. The higher this estimate is, the less likely we are to lend.',
	role: 'decides',
	contact: 'Write to review@lender.example or to our address, and name the number of your case.',
	corrections: 'Write to data@lender.example, and say which information is wrong and what is right.',
	dataSources: ['Your application', 'Our records of your earlier loans'],
	developer: 'Example Lending, Credit Risk',
}

/** What an applicant can change, and within which limits. */
const creditLimits = {
	income: { direction: 'increase' },
	late_payments: { direction: 'decrease', min: 0, step: 1 },
	debt_ratio: { direction: 'decrease', min: 0, step: 0.01 },
	loan_amount: { direction: 'decrease', min: 500, step: 100 },
}

/** The reason table of the lender. */
const creditReasons = {
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

const round = (x: number, digits = 2) => Math.round(x * 10 ** digits) / 10 ** digits
const logistic = (x: number) => 1 / (1 + Math.exp(-x))

export const creditThreshold = 0.35

export const creditRisk: DemoModel = {
	model: {
		model: 'credit-risk',
		task: 'binary',
		owner: 'lending',
		riskTier: 'high',
		tags: ['credit'],
		positiveLabel: '1',
		favourable: '0',
		threshold: creditThreshold,
		sensitive: ['employment'],
		segments: ['branch'],
	},
	features: [
		{ name: 'income', type: 'numeric', min: 0 },
		{ name: 'debt_ratio', type: 'numeric', min: 0 },
		{ name: 'age', type: 'numeric', min: 18 },
		{ name: 'employment', type: 'categorical', values: ['salaried', 'self-employed', 'retired', 'other'] },
		{ name: 'late_payments', type: 'numeric', min: 0 },
		{ name: 'loan_amount', type: 'numeric', min: 0 },
	],
	rowsPerDay: 1000,
	served: {
		file: creditFile,
		format: 'linear-json',
		manifest: { limits: creditLimits },
		lineage: { run: 'training-2026-01', dataset: 'loans-2023-2025', commit: '9fceb02' },
		reasons: creditReasons,
		notices: creditNotices,
	},
	row(chance, at, broken) {
		const branch = chance.pick(branches)
		const yearly = Math.exp(10.6 + 0.45 * chance.normal())
		const income = round(broken && changedBranches.includes(branch) ? yearly / 12 : yearly, 0)
		const debt = round(Math.min(2, Math.exp(-1.2 + 0.5 * chance.normal())), 3)
		const late = Math.floor(-Math.log(1 - chance.uniform()) * 0.6)
		const loan = round(Math.exp(9.3 + 0.6 * chance.normal()), -2)
		const features = {
			income,
			debt_ratio: debt,
			age: Math.floor(21 + 50 * chance.uniform() ** 1.3),
			employment: chance.uniform() < 0.7 ? 'salaried' : chance.pick(['self-employed', 'retired', 'other']),
			late_payments: late,
			loan_amount: loan,
		}
		return finish(chance, at, features, creditScore(features), { branch })
	},
}

export const cardFraud: DemoModel = {
	model: {
		model: 'card-fraud',
		task: 'binary',
		owner: 'payments',
		riskTier: 'medium',
		tags: ['fraud'],
		positiveLabel: '1',
		favourable: '0',
		threshold: 0.8,
		sensitive: [],
		segments: ['channel'],
	},
	features: [
		{ name: 'amount', type: 'numeric', min: 0 },
		{ name: 'merchant', type: 'categorical' },
		{ name: 'hours_since_last', type: 'numeric', min: 0 },
		{ name: 'foreign', type: 'boolean' },
	],
	rowsPerDay: 660,
	row(chance, at) {
		const amount = round(Math.exp(3.4 + 1.1 * chance.normal()))
		const foreign = chance.uniform() < 0.08
		const hours = round(-Math.log(1 - chance.uniform()) * 20, 1)
		const score = logistic(-3 + 0.5 * Math.log(amount / 30) + (foreign ? 1.5 : 0) + 0.8 * chance.normal())
		const merchant = chance.pick(['grocery', 'fuel', 'travel', 'online', 'restaurant', 'electronics'])
		return finish(chance, at, { amount, merchant, hours_since_last: hours, foreign }, score, {
			channel: chance.pick(['chip', 'web', 'tap']),
		})
	},
}

function finish(
	chance: Chance,
	at: number,
	features: Record<string, unknown>,
	score: number,
	segment: Record<string, string>,
): DemoRow {
	return {
		predictionId: chance.uuid(at),
		version: '1',
		timestamp: formatTime(at),
		features,
		score,
		latencyMs: round(8 + 4 * Math.exp(0.6 * chance.normal()), 1),
		segment,
	}
}

export const historyDays = 60
/** The source changes at the start of this day. */
export const changeDay = 50

/** The traffic of a model on one day. `start`: the first millisecond of the day. */
export function dayOfTraffic(
	model: DemoModel,
	chance: Chance,
	start: number,
	day: number,
	until: number,
): DemoRow[] {
	const rows: DemoRow[] = []
	for (let i = 0; i < model.rowsPerDay; i++) {
		const at = start + Math.floor((i / model.rowsPerDay) * dayMs + chance.uniform() * 1000)
		if (at < until) rows.push(model.row(chance, at, day >= changeDay))
	}
	return rows
}

/** Whether the applicant defaults: the score is the probability. */
export const actualOf = (score: number, chance: Chance): number => (chance.uniform() < score ? 1 : 0)

/** The outcome of a prediction, known some days later. */
export function outcomeOf(row: DemoRow, chance: Chance, now: number): DemoOutcome | undefined {
	const at = Date.parse(row.timestamp) + Math.floor((1 + 9 * chance.uniform()) * dayMs)
	const actual = actualOf(row.score, chance)
	return at <= now - hourMs
		? { predictionId: row.predictionId, actual, timestamp: formatTime(at) }
		: undefined
}
