import { dayMs, windowStart } from '../core/time.ts'
import type { DemoClient } from './client.ts'
import {
	actualOf,
	cardFraud,
	creditRisk,
	type DemoModel,
	dayOfTraffic,
	historyDays,
	outcomeOf,
} from './lender.ts'
import { Chance } from './random.ts'

export const demoModels = [creditRisk, cardFraud]
const seed = 20_260_301
const baselineRows = 10_000

/** Registers a model with its version, baseline and deployment. */
async function register(client: DemoClient, demo: DemoModel, before: number): Promise<void> {
	const name = demo.model.model
	await client.call('POST', '/v1/models', demo.model)
	await client.call('POST', `/v1/models/${name}/versions`, { version: '1', features: demo.features })
	const chance = new Chance(seed + 1)
	const rows = Array.from({ length: baselineRows }, (_, i) => {
		const { features, score, segment } = demo.row(chance, before - i * 60_000, false)
		return JSON.stringify({ features, score, segment, actual: actualOf(score, chance) })
	})
	await client.call('PUT', `/v1/models/${name}/versions/1/baseline`, `${rows.join('\n')}\n`)
	await client.call('PUT', `/v1/models/${name}/deployments/production`, { champion: '1' })
}

export type History = { predictions: number; outcomes: number; firstDay: number }

/** Registers the lender's models and posts sixty days of their traffic with the outcomes known by now. */
export async function postHistory(client: DemoClient, now: number): Promise<History> {
	const today = windowStart('1d', now)
	const firstDay = today - (historyDays - 1) * dayMs
	let predictions = 0
	let outcomes = 0
	for (const demo of demoModels) {
		await register(client, demo, firstDay)
		const chance = new Chance(seed)
		const path = `/v1/models/${demo.model.model}`
		for (let day = 0; day < historyDays; day++) {
			const rows = dayOfTraffic(demo, chance, firstDay + day * dayMs, day, now)
			predictions += await client.rows(`${path}/predictions`, rows)
			const known = rows.map((row) => outcomeOf(row, chance, now)).filter((o) => o !== undefined)
			outcomes += await client.rows(`${path}/outcomes`, known)
		}
	}
	return { predictions, outcomes, firstDay }
}
