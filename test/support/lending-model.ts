import { createHash } from 'node:crypto'
import { dayMs } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { openLinear } from '../../src/explain/formats/linear.ts'
import { startOfTest } from './context.ts'
import type { TestServer } from './server.ts'

/** A logistic model of default: a high score is bad, SEX is protected. */
export const lendingFile = {
	format: 'linear-json',
	link: 'logit',
	intercept: -0.4,
	coefficients: {
		late: 0.9,
		limit: -0.00001,
		income: -0.00002,
		education: { school: 0.3, college: 0.1, university: -0.2 },
		SEX: 0.25,
	},
	means: {
		late: 0.6,
		limit: 60000,
		income: 40000,
		education: { school: 0.3, college: 0.4, university: 0.3 },
		SEX: 0.5,
	},
	missing: 'mean',
}
export const lendingFeatures = [
	{ name: 'late', type: 'numeric' },
	{ name: 'limit', type: 'numeric' },
	{ name: 'income', type: 'numeric' },
	{ name: 'education', type: 'categorical' },
	{ name: 'SEX', type: 'numeric' },
] as const
const bytes = new TextEncoder().encode(JSON.stringify(lendingFile))
const digest = createHash('sha256').update(bytes).digest('hex')

/** What the serving system answers: the same model, run beside the log. */
export function served(features: Record<string, unknown>, file: object = lendingFile): number {
	const model = openLinear(new TextEncoder().encode(JSON.stringify(file)))
	return model.score(model.margin(model.encode(features).x))[0] as number
}

export const declined = { late: 4, limit: 20000, income: 18000, education: 'school', SEX: 1 }
export const approved = { late: 0, limit: 120000, income: 60000, education: 'university', SEX: 0 }

export const reasonTable = {
	locale: 'en',
	entries: [
		{
			code: 'R01',
			text: { en: 'Delinquent credit obligations', de: 'Rückstände bei Krediten' },
			features: ['late'],
		},
		{ code: 'R02', text: { en: 'Income insufficient for amount of credit requested' }, features: ['income'] },
		{ code: 'R03', text: { en: 'Limited credit experience' }, features: ['limit'] },
		{ code: 'R04', text: { en: 'Length of education' }, features: ['education'] },
	],
}

export const decisionAt = startOfTest + 12 * 3600_000

/** Applicants of the week before, and two decisions of the day: `declined` and `approved`. */
export async function registerLending(server: TestServer, count = 600): Promise<void> {
	server.clock.now = startOfTest
	await server.post('/v1/models', {
		model: 'lending',
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
		sensitive: ['SEX'],
	})
	await server.context.artifacts.put(digest, bytes)
	await server.post('/v1/models/lending/versions', {
		version: '1',
		features: lendingFeatures,
		artifact: { sha256: digest, format: 'linear-json' },
		lineage: { run: 'mlflow:4f1c', dataset: 'loans@sha256:77', commit: '9fceb02', image: 'scorer:7' },
	})
	await server.fetch('/v1/models/lending/deployments/production', {
		method: 'PUT',
		json: { champion: '1' },
	})
	server.clock.now = decisionAt + 3600_000
	const chance = new Chance(7)
	const rows = Array.from({ length: count }, (_, i) => {
		const features = {
			late: Math.floor(5 * chance.uniform() ** 2),
			limit: Math.round(10000 + 140000 * chance.uniform()),
			income: Math.round(15000 + 60000 * chance.uniform()),
			education: chance.pick(['school', 'college', 'university']),
			SEX: chance.uniform() < 0.5 ? 1 : 0,
		}
		return prediction(`p${i}`, features, startOfTest - 7 * dayMs + Math.floor((i * 7 * dayMs) / count))
	})
	await log(server, [
		...rows,
		prediction('declined', declined, decisionAt),
		prediction('approved', approved, decisionAt),
	])
}

export const prediction = (
	predictionId: string,
	features: Record<string, unknown>,
	at: number,
	score = served(features),
) => ({ predictionId, version: '1', timestamp: new Date(at).toISOString(), features, score })

export const log = async (server: TestServer, rows: object[]): Promise<void> => {
	const answer = await server.post('/v1/models/lending/predictions', rows)
	if (answer.body.accepted !== rows.length) throw new Error(answer.text)
}

/** Brings the table into force: proposed by one, approved by two others. */
export async function approveReasons(server: TestServer, table: object = reasonTable): Promise<number> {
	const path = '/v1/models/lending/reason-tables'
	const made = await server.post(path, { table, reason: 'first' }, { key: await server.keyOf('analyst') })
	const { revision, digest: shown } = made.body
	for (const _ of [1, 2])
		await server.post(
			`${path}/${revision}/approvals`,
			{ digest: shown, reason: 'read' },
			{ key: await server.keyOf('approver') },
		)
	return revision
}
