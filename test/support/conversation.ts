import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/config.ts'
import { sha256Hex } from '../../src/core/bytes.ts'
import { dayMs, formatTime, hourMs, minuteMs } from '../../src/core/time.ts'
import { creditRisk, creditThreshold } from '../../src/demo/lender.ts'
import { Chance } from '../../src/demo/random.ts'
import { listRuns } from '../../src/jobs/run/recorded-runs.ts'
import { startServer } from '../../src/node.ts'
import { admin } from './actors.ts'
import { processKey } from './process.ts'
import type { Json } from './server.ts'
import { botToken, openWorkspace, SlackPerson, signingSecret, until } from './workspace.ts'

export const model = 'credit-risk'
const rowsPerDay = 1500
const baselineRows = 5000
export const firstDay = Date.parse('2026-03-02T00:00:00Z')
const people = { ana: 'approver', ben: 'approver', carla: 'approver', dora: 'viewer' } as const
export type PersonName = keyof typeof people

/** `serve` makes another system serve a version, before it is deployed here. */
type Options = {
	approvals?: string
	env?: Record<string, string>
	serve?: (version: string) => Promise<unknown>
}

/**
 * The whole service as `plumbline serve` starts it, with its schedules, in a Slack workspace. Its clock runs, and jumps when a
 * test says so. Version 6 of the model served first, then version 7.
 */
export async function openConversation({ approvals, env = {}, serve = async () => {} }: Options = {}) {
	const workspace = await openWorkspace(Object.keys(people))
	const folder = mkdtempSync(join(tmpdir(), 'plumbline-talk-'))
	const rules = join(folder, 'rules')
	mkdirSync(rules)
	writeFileSync(join(rules, 'drift.yaml'), dailyRules)
	if (approvals !== undefined) writeFileSync(join(rules, 'approvals.yaml'), approvals)
	let offset = firstDay - 10 * dayMs - Date.now()
	const now = () => Date.now() + offset
	const logged: string[] = []
	const log = (message: string, fields?: object) =>
		void logged.push(`${message} ${JSON.stringify(fields ?? {})}`)
	const server = await startServer(
		readConfig({
			PLUMBLINE_DATABASE_URL: `file:${join(folder, 'talk.db')}`,
			PLUMBLINE_PORT: '0',
			PLUMBLINE_ADMIN_KEY: processKey,
			PLUMBLINE_RULES: rules,
			PLUMBLINE_PUBLIC_URL: 'https://plumbline.bank.example',
			SLACK_BOT_TOKEN: botToken,
			SLACK_SIGNING_SECRET: signingSecret,
			SLACK_CHANNEL: workspace.channelName,
			SLACK_API_URL: workspace.apiUrl,
			...env,
		}),
		{ now, logger: { info() {}, warn: log, error: log } },
	)
	const call = caller(server.url)
	const chance = new Chance(20_260_301)
	let posted = 0
	const talk = {
		workspace,
		logged,
		url: server.url,
		context: server.context,
		now,
		call,
		jump: (to: number) => {
			offset = to - Date.now()
		},
		/** Rows of a version between two times. `broken`: two branches send their income by the month. */
		async rows(version: string, from: number, to: number, broken = false): Promise<Json[]> {
			talk.jump(to - minuteMs)
			const count = Math.max(1, Math.round((rowsPerDay * (to - from)) / dayMs))
			const rows = Array.from({ length: count }, (_, i) => {
				const row = creditRisk.row(chance, Math.floor(from + ((i + 0.5) / count) * (to - from)), broken)
				return { ...row, version, predictionId: `loan-${1000 + posted++}` }
			})
			const answer = await call('POST', `/v1/models/${model}/predictions`, rows)
			if (answer.accepted !== count) throw new Error(JSON.stringify(answer).slice(0, 500))
			return rows
		},
		person: (name: PersonName) => new SlackPerson(workspace, { url: server.url, now }, name),
		/** Actions and actors of the ledger about an object, in order. */
		async ledger(object: string): Promise<string[]> {
			const path = `/v1/audit/entries?limit=1000&object=${encodeURIComponent(object)}`
			return (await call('GET', path)).items.map(({ action }: Json) => action)
		},
		request: (id: string): Promise<Json> => call('GET', `/v1/requests/${id}`),
		/** The message of the channel that contains a text, once it does. */
		message: (text: string) =>
			until(
				`a message with "${text}"`,
				async () => (await workspace.messages()).find((m) => JSON.stringify(m).includes(text)),
				() => logged,
			),
		/** The message of a request, not that of its incident, which names it too. */
		requestMessage: (id: string) =>
			until(
				`the message of ${id}`,
				async () =>
					(await workspace.messages()).find(({ blocks: [first], text }) => {
						const title = (first as Json)?.text?.text ?? ''
						return title.startsWith('Rollback of') && text.includes(id)
					}),
				() => logged,
			),
		async close() {
			await server.close()
			await workspace.close()
			await rm(folder, { recursive: true, force: true })
		},
	}
	await prepare(talk, serve)
	return talk
}

export type Conversation = Awaited<ReturnType<typeof openConversation>>

/** The packaged rules of a day, of which the clock of a test can make whole ones. */
const dailyRules = readFileSync(new URL('../../rules/drift.yaml', import.meta.url), 'utf8')
	.replace(/^ *inhibited_by: .*\n/gm, '')
	.split(/^(?= {2}- name: )/m)
	.filter((part, i) => i === 0 || /name: (feature|score)-drift\n/.test(part))
	.join('')

/** Calls the service with a key; throws unless it is done. */
const caller =
	(url: string) =>
	async (method: string, path: string, body?: unknown, key = processKey): Promise<Json> => {
		const isText = typeof body === 'string'
		const response = await fetch(url + path, {
			method,
			headers: {
				authorization: `Bearer ${key}`,
				'content-type': isText ? 'application/octet-stream' : 'application/json',
			},
			...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
		})
		const text = await response.text()
		if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
		return text === '' ? undefined : JSON.parse(text)
	}

async function prepare(
	{ call, workspace, jump }: Conversation,
	serve: NonNullable<Options['serve']>,
): Promise<void> {
	const path = `/v1/models/${model}`
	const { served, features } = creditRisk
	if (!served) throw new Error('the model has no file')
	// The tier is raised once both versions have served: from then on every change needs two people.
	await call('POST', '/v1/models', { ...creditRisk.model, riskTier: 'low' })
	const chance = new Chance(7)
	const baseline = Array.from({ length: baselineRows }, (_, i) => {
		const { features, score, segment } = creditRisk.row(chance, firstDay - i * minuteMs, false)
		return { features, score, segment }
	})
	const artifact = { sha256: await sha256Hex(served.file), format: served.format }
	jump(firstDay - 2 * dayMs)
	for (const version of ['6', '7']) {
		const { manifest, lineage } = served
		await call('POST', `${path}/versions`, { version, features, artifact, manifest, lineage })
		await call('PUT', `${path}/versions/${version}/artifact`, served.file)
		await call('PUT', `${path}/versions/${version}/baseline`, baseline)
		await serve(version)
		await call('PUT', `${path}/deployments/production`, { champion: version })
	}
	await approveReasons(call, served.reasons)
	await call('PATCH', path, { riskTier: 'high' })
	for (const [name, role] of Object.entries(people)) {
		const owner = `${name}@bank.example`
		await call('PUT', `/v1/slack/users/${workspace.team}/${workspace.idOf(name)}`, { role, owner })
	}
}

async function approveReasons(call: Conversation['call'], table: object): Promise<void> {
	const path = `/v1/models/${model}/reason-tables`
	const { revision, digest } = await call('POST', path, { table, reason: 'The reasons of the credit policy' })
	for (const owner of ['risk@bank.example', 'compliance@bank.example']) {
		const { secret } = await call('POST', '/v1/keys', { name: owner, role: 'approver', owner })
		await call('POST', `${path}/${revision}/approvals`, { digest, reason: 'As in the policy' }, secret)
	}
}

/** Two good days of version 7, and a third on which two branches send monthly income: an incident in the channel at midnight. */
export async function untilIncident(talk: Conversation): Promise<{ declined: string; incident: string }> {
	for (const day of [0, 1]) await talk.rows('7', firstDay + day * dayMs, firstDay + (day + 1) * dayMs)
	talk.jump(firstDay + 2 * dayMs + minuteMs)
	await computed(talk)
	const rows = await talk.rows('7', firstDay + 2 * dayMs, firstDay + 3 * dayMs, true)
	const declined = rows.findLast(
		(row) => row.score >= creditThreshold && ['north', 'west'].includes(row.segment.branch),
	)
	// A job that is summing the day while it is posted must not end after its midnight.
	await idle(talk)
	talk.jump(firstDay + 3 * dayMs + minuteMs)
	await talk.message('income has drifted')
	const { items } = await talk.call('GET', `/v1/incidents?model=${model}`)
	if (items.length !== 1) throw new Error(`there are ${items.length} incidents: ${JSON.stringify(items)}`)
	// The applications of the night.
	await talk.rows('7', firstDay + 3 * dayMs, firstDay + 3 * dayMs + 9 * hourMs, true)
	talk.jump(firstDay + 3 * dayMs + 9 * hourMs)
	return { declined: (declined as Json).predictionId, incident: items[0].id }
}

/** Until no job runs. */
const idle = (talk: Conversation) =>
	until('the end of the jobs', async () => {
		const runs = await listRuns(talk.context, admin, { limit: 50 })
		return runs.every((run) => run.status !== 'running') ? true : undefined
	})

/** Until the jobs that a jump of the clock made due have run. */
async function computed(talk: Conversation): Promise<void> {
	const since = formatTime(talk.now() - minuteMs)
	await until('the jobs', async () => {
		const runs = await listRuns(talk.context, admin, { limit: 50 })
		const done = (job: string) =>
			runs.some((run) => run.job === job && run.status === 'ok' && run.startedAt >= since)
		return done('compute') && done('evaluate-rules') ? true : undefined
	})
}

/** The rest of the day with version 6, whose source sends yearly income, and the midnight after it. */
export async function restOfDay(talk: Conversation): Promise<void> {
	const [from, to] = [firstDay + 3 * dayMs + 9.5 * hourMs, firstDay + 4 * dayMs]
	await talk.rows('6', from, to)
	await idle(talk)
	talk.jump(to + minuteMs)
}
