import type { Context } from '../context.ts'
import { sha256Hex } from '../core/bytes.ts'
import { dayMs, windowStart } from '../core/time.ts'
import type { DemoClient } from './client.ts'
import {
	actualOf,
	cardFraud,
	changedBranches,
	creditRisk,
	creditThreshold,
	type DemoModel,
	type DemoRow,
	dayOfTraffic,
	historyDays,
	outcomeOf,
} from './lender.ts'
import { Chance } from './random.ts'
import { earlierVersion, withoutIncome } from './rollback.ts'

export const demoModels = [creditRisk, cardFraud]
const seed = 20_260_301
const baselineRows = 10_000

/** Registers a model with its version, baseline and deployment. */
async function register(client: DemoClient, demo: DemoModel, before: number): Promise<void> {
	const name = demo.model.model
	await client.call('POST', '/v1/models', demo.model)
	await registerVersion(client, name, demo)
	const chance = new Chance(seed + 1)
	const rows = Array.from({ length: baselineRows }, (_, i) => {
		const { features, score, segment } = demo.row(chance, before - i * 60_000, false)
		return JSON.stringify({ features, score, segment, actual: actualOf(score, chance) })
	})
	await client.call('PUT', `/v1/models/${name}/versions/1/baseline`, `${rows.join('\n')}\n`)
	await client.call('PUT', `/v1/models/${name}/deployments/production`, { champion: '1' })
}

/** Registers the version, and for a model with a file the file and an approved reason table. */
async function registerVersion(client: DemoClient, name: string, demo: DemoModel): Promise<void> {
	const { features, served } = demo
	const path = `/v1/models/${name}`
	if (!served) {
		await client.call('POST', `${path}/versions`, { version: '1', features })
		return
	}
	const { file, format, manifest, lineage, reasons, notices } = served
	const artifact = { format, sha256: await sha256Hex(file) }
	await client.call('POST', `${path}/versions`, { version: '1', features, artifact, manifest, lineage })
	await client.call('PUT', `${path}/versions/1/artifact`, file)
	await client.call('PUT', `${path}/notices`, notices)
	const proposal = { table: reasons, reason: 'The reasons of the credit policy' }
	const { revision, digest } = await client.call<{ revision: number; digest: string }>(
		'POST',
		`${path}/reason-tables`,
		proposal,
	)
	for (const who of ['risk officer', 'compliance']) {
		const key = { name: who, role: 'approver', models: [name] }
		const { secret } = await client.call<{ secret: string }>('POST', '/v1/keys', key)
		const approval = { digest, reason: 'As in the credit policy' }
		await client.as(secret).call('POST', `${path}/reason-tables/${revision}/approvals`, approval)
	}
}

/** `declined`: a recently declined applicant whose income was sent by the month. */
type History = { predictions: number; outcomes: number; firstDay: number; declined: string }

const isDeclined = ({ score, segment }: DemoRow): boolean =>
	score >= creditThreshold && changedBranches.includes(segment.branch ?? '')

/** Registers the models and posts sixty days of traffic, with the outcomes known by now. */
export async function postHistory(client: DemoClient, now: number): Promise<History> {
	// Up to the full hour, so that the story is the same within an hour.
	const until = windowStart('1h', now)
	const today = windowStart('1d', now)
	const firstDay = today - (historyDays - 1) * dayMs
	let predictions = 0
	let outcomes = 0
	let declined = ''
	for (const demo of demoModels) {
		await register(client, demo, firstDay)
		const chance = new Chance(seed)
		const path = `/v1/models/${demo.model.model}`
		let posting = Promise.resolve(0)
		for (let day = 0; day < historyDays; day++) {
			const rows = dayOfTraffic(demo, chance, firstDay + day * dayMs, day, until)
			predictions += await client.rows(`${path}/predictions`, rows)
			if (demo === creditRisk) declined = rows.findLast(isDeclined)?.predictionId ?? declined
			const known = rows.map((row) => outcomeOf(row, chance, until)).filter((o) => o !== undefined)
			// The predictions of the next day are sent while these are stored.
			outcomes += await posting
			posting = client.rows(`${path}/outcomes`, known)
			// A failure is thrown where it is awaited.
			posting.catch(() => {})
		}
		outcomes += await posting
	}
	return { predictions, outcomes, firstDay, declined }
}

const pauseMs = 2000

/** Posts a row of each model every two seconds until `stopped` resolves, scored by the version that is deployed. */
export async function trickle(
	client: DemoClient,
	context: Pick<Context, 'now' | 'logger'>,
	stopped: Promise<void>,
): Promise<void> {
	const chance = new Chance(context.now())
	let going = true
	const end = stopped.then(() => {
		going = false
	})
	while (going) {
		for (const demo of demoModels) {
			await postOne(client, demo, demo.row(chance, context.now(), true)).catch((error) =>
				context.logger.warn('live traffic', { error: String(error) }),
			)
		}
		await Promise.race([end, new Promise((resolve) => setTimeout(resolve, pauseMs).unref())])
	}
}

async function postOne(client: DemoClient, { model }: DemoModel, row: DemoRow): Promise<void> {
	const path = `/v1/models/${model.model}`
	const { champion } = await client.call<{ champion: string }>('GET', `${path}/deployments/production`)
	const features = champion === earlierVersion ? withoutIncome(row.features) : row.features
	await client.rows(`${path}/predictions`, [{ ...row, version: champion, features }])
}
