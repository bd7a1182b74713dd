import { dayMs, formatTime } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { compute } from '../../src/jobs/compute.ts'
import type { PlumbServer } from './plumb.ts'

export type Applicant = {
	id: string
	day: number
	score: number
	actual: number
	SEX: string
	MARRIAGE: string
}

const perDay = 200

/** Applicants whose scores tell much of the outcome; women are decided positive much more seldom. */
export function applicantsOf(days: number, seed: number): Applicant[] {
	const chance = new Chance(seed)
	return Array.from({ length: days * perDay }, (_, i) => {
		const day = Math.floor(i / perDay)
		const SEX = i % 2 === 0 ? 'm' : 'f'
		const MARRIAGE = i % 40 === 1 ? 'other' : Math.floor(i / 2) % 2 === 0 ? 'single' : 'married'
		const score = Math.min(1, chance.uniform() * (SEX === 'm' ? 1 : 0.7))
		return { id: `a${i}`, day, score, actual: chance.uniform() < score ? 1 : 0, SEX, MARRIAGE }
	})
}

/** A model `lender` in production whose baseline has actuals. */
export async function registerLender(
	server: PlumbServer,
	more: object = {},
	applicants = applicantsOf(10, 1),
) {
	await server.post('/v1/models', {
		model: 'lender',
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
		sensitive: ['SEX', 'MARRIAGE'],
		segments: ['branch'],
		maturity: { coverage: 0.8, delay: '5d' },
		...more,
	})
	const features = ['SEX', 'MARRIAGE'].map((name) => ({ name, type: 'categorical' }))
	await server.post('/v1/models/lender/versions', { version: '1', features })
	const rows = applicants.map(({ score, actual, SEX, MARRIAGE }) => ({
		features: { SEX, MARRIAGE },
		score,
		actual,
	}))
	const stored = await server.fetch('/v1/models/lender/versions/1/baseline', { method: 'PUT', json: rows })
	if (stored.status >= 300) throw new Error(stored.text)
}

export const predict = (server: PlumbServer, applicants: readonly Applicant[], start: number) =>
	server.post(
		'/v1/models/lender/predictions',
		applicants.map(({ id, day, score, SEX, MARRIAGE }, i) => ({
			predictionId: id,
			version: '1',
			timestamp: formatTime(start + day * dayMs + (i % perDay) * 1000),
			features: { SEX, MARRIAGE },
			score,
			segment: { branch: i % 4 === 0 ? 'north' : 'south' },
		})),
	)

export const tellOutcomes = (server: PlumbServer, applicants: readonly Applicant[], at: number) =>
	server.post(
		'/v1/models/lender/outcomes',
		applicants.map(({ id, actual }, i) => ({ predictionId: id, actual, timestamp: formatTime(at + i) })),
	)

export const run = ({ context }: PlumbServer) => compute.run(context)
