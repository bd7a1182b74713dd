import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { dayMs, formatTime } from '../../src/core/time.ts'
import { DemoClient } from '../../src/demo/client.ts'
import { cardFraud, creditRisk, type DemoModel, dayOfTraffic, outcomeOf } from '../../src/demo/lender.ts'
import { Chance } from '../../src/demo/random.ts'
import { jobs } from '../../src/jobs/index.ts'
import { metricIds } from '../../src/metrics/index.ts'
import { openRules } from '../../src/platform/node/load-rules.ts'
import { startOfTest } from '../support/context.ts'
import { testServer } from '../support/server.ts'
import { readAll, readPredictions } from './answers.ts'

// Makes `before.json.br`: a database that holds something of each kind, as this version writes it, and all that this
// version says about it. `upgrade.test.ts` opens it with every later version. Run it again only on a version whose
// storage changes, and keep the older files: node test/upgrade/make.ts NAME

const days = 10
const perDay = { 'credit-risk': 50, 'card-fraud': 4 } as Record<string, number>
const changeDay = 6

const server = await testServer()
const { context, clock } = server
const rules = await openRules(new URL('../../rules', import.meta.url).pathname, context)
context.rules = rules
const client = new DemoClient(server.url, server.adminKey, fetch)
const start = startOfTest - days * dayMs

async function register(demo: DemoModel): Promise<void> {
	const name = demo.model.model
	const path = `/v1/models/${name}`
	await client.call('POST', '/v1/models', demo.model)
	const { features, served } = demo
	if (served) {
		const { file, format, manifest, lineage } = served
		const digest = Buffer.from(
			await crypto.subtle.digest('SHA-256', new TextEncoder().encode(file)),
		).toString('hex')
		const artifact = { format, sha256: digest }
		await client.call('POST', `${path}/versions`, { version: '1', features, artifact, manifest, lineage })
		await client.call('PUT', `${path}/versions/1/artifact`, file)
		const { revision, digest: table } = await client.call<{ revision: number; digest: string }>(
			'POST',
			`${path}/reason-tables`,
			{ table: served.reasons, reason: 'The reasons of the credit policy' },
		)
		for (const who of ['risk officer', 'compliance']) {
			const { secret } = await client.call<{ secret: string }>('POST', '/v1/keys', {
				name: who,
				role: 'approver',
				models: [name],
			})
			await client
				.as(secret)
				.call('POST', `${path}/reason-tables/${revision}/approvals`, { digest: table, reason: 'Read' })
		}
	} else await client.call('POST', `${path}/versions`, { version: '1', features })
	await client.call('POST', `${path}/versions`, { version: '2', features })
	const chance = new Chance(7)
	const rows = Array.from({ length: 600 }, (_, i) => {
		const { features: values, score, segment } = demo.row(chance, start - i * 60_000, false)
		return JSON.stringify({ features: values, score, segment, actual: chance.uniform() < score ? 1 : 0 })
	})
	await client.call('PUT', `${path}/versions/1/baseline`, `${rows.join('\n')}\n`)
	await client.call('PUT', `${path}/deployments/production`, { champion: '2' })
	await client.call('PUT', `${path}/deployments/production`, { champion: '1', challenger: '2' })
}

clock.now = start
for (const demo of [creditRisk, cardFraud]) await register(demo)
await client.call('POST', '/v1/models', { model: 'house-price', task: 'regression', segments: ['region'] })
await client.call('POST', '/v1/models/house-price/versions', {
	version: 'a',
	features: [{ name: 'rooms', type: 'numeric' }],
})

const ids: string[] = []
const chances = new Map([creditRisk, cardFraud].map((demo) => [demo, new Chance(11)]))
for (let day = 0; day < days; day++) {
	clock.now = start + (day + 1) * dayMs
	for (const [demo, chance] of chances) {
		const name = demo.model.model
		const path = `/v1/models/${name}`
		const traffic = { ...demo, rowsPerDay: perDay[name] as number }
		// The lender's income changes at day 50 of its own calendar.
		const rows = dayOfTraffic(traffic, chance, start + day * dayMs, day >= changeDay ? 50 : 0, clock.now)
		await client.rows(`${path}/predictions`, rows)
		await client.rows(
			`${path}/predictions`,
			rows.slice(0, 3).map((row) => ({
				...row,
				version: '2',
				predictionId: `${row.predictionId}-2`,
				score: row.score * 0.9,
			})),
		)
		await client.rows(
			`${path}/outcomes`,
			rows
				.map((row) => outcomeOf(row, chance, clock.now + 12 * dayMs))
				.filter((o) => o !== undefined)
				.map((o) => ({ ...o, timestamp: formatTime(Math.min(Date.parse(o.timestamp), clock.now)) })),
		)
		await client.rows(
			`${path}/outcomes`,
			rows
				.slice(0, 2)
				.map((row) => ({ predictionId: row.predictionId, actual: 1, timestamp: formatTime(clock.now) })),
		)
		if (demo === creditRisk) {
			await client.rows(
				`${path}/groups`,
				rows.slice(0, 40).map((row, i) => ({
					predictionId: row.predictionId,
					timestamp: row.timestamp,
					groups: { region: i % 3 === 0 ? 'rural' : 'urban' },
				})),
			)
			if (day % 4 === 3) ids.push(...rows.slice(0, 2).map((row) => row.predictionId))
		}
	}
	const prices = Array.from({ length: 8 }, (_, i) => ({
		predictionId: `h-${day}-${i}`,
		version: 'a',
		timestamp: formatTime(start + day * dayMs + i * 3_600_000),
		features: { rooms: (i * 7 + day) % 6 },
		score: 100 + ((i * 13 + day) % 50),
		segment: { region: i % 2 ? 'north' : 'south' },
	}))
	await client.rows('/v1/models/house-price/predictions', prices)
	await client.rows(
		'/v1/models/house-price/outcomes',
		prices.map((p, i) => ({
			predictionId: p.predictionId,
			actual: p.score + (i % 5) - 2,
			timestamp: formatTime(clock.now),
		})),
	)
	await server.post('/v1/models/house-price/predictions', [{ predictionId: `bad-${day}` }])
	for (const job of jobs) await job.run(context)
}
const [incident] = (await client.call<{ items: { id: string }[] }>('GET', '/v1/incidents')).items
if (!incident) throw new Error('no incident was opened')
await client.call('POST', `/v1/incidents/${incident.id}/acknowledge`)
await client.call('POST', `/v1/incidents/${incident.id}/comment`, { text: 'The income comes by the month.' })
await client.call('POST', '/v1/silences', { models: ['card-*'], reason: 'Known', expires: '7d' })
await client
	.call('POST', '/v1/requests', {
		kind: 'rollback',
		model: 'credit-risk',
		environment: 'production',
		to: '2',
		reason: 'Income is wrong',
	})
	.catch((_error) => {})
await client.call('PUT', '/v1/slack/users/T1/U1', { role: 'approver', models: ['credit-*'] })
for (const job of jobs) await job.run(context)

// Reading leaves entries in the ledger: the files are those of before.
const { folder } = server
const files = Object.fromEntries(
	readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && !/-(shm|index)$/.test(entry.name))
		.map((entry) => join(entry.parentPath, entry.name))
		.map((path) => [path.slice(folder.length + 1), readFileSync(path).toString('latin1')]),
)
const now = clock.now
const get = (path: string) => server.fetch(path)
const answers = [...(await readAll(get, metricIds)), ...(await readPredictions(get, 'credit-risk', ids))]
const text = JSON.stringify({ now, ids, metricIds, files, answers })
const bytes = brotliCompressSync(Buffer.from(text, 'utf8'), {
	params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
})
writeFileSync(new URL(`${process.argv[2] ?? 'before'}.json.br`, import.meta.url), bytes)
const _size = (n: number) => `${Math.round(n / 1024)} KB`
process.exit(0)
