import { sleep } from '../core/retry.ts'
import type { DemoClient } from './client.ts'
import { cardFraud, creditRisk } from './lender.ts'

/** Somebody with a key of their own. */
export type DemoPerson = { name: string; owner: string; role: string; key: string }
type Vote = { person: string; answer: string; status: string }
type Step = { step: string; ok: boolean; detail: string }

/** A rollback that was asked for, refused to the person who asked, approved by two others, and carried out. */
export type DemoRollback = {
	request: string
	reason: string
	from: string
	to: string
	actionDigest: string
	refused: { person: string; code: string; detail: string }
	votes: Vote[]
	status: string
	steps: Step[]
	/** From the last vote until a process that follows the deployment serves the other version. */
	followedMs: number
	ledger: string[]
	/** A request that is still open, for whoever wants to try it. */
	open: string
}

type Request = {
	id: string
	status: string
	needs: number
	actionDigest: string
	action: { from: string; to: string }
	votes: { vote: string }[]
	execution: { steps: Step[] } | null
}

const name = creditRisk.model.model
const path = `/v1/models/${name}`
/** The version of before: it does without the income. */
export const earlierVersion = '0'
export const withoutIncome = (features: Record<string, unknown>): Record<string, unknown> => {
	const { income: _, ...others } = features
	return others
}

const reason = 'two branches send monthly income, and version 0 does without it'
const waitMs = 20_000

/** Keys for the engineer who asks and for the two who decide. */
export async function invitePeople(client: DemoClient): Promise<DemoPerson[]> {
	const people = ['ana', 'ben', 'carla'].map((person) => ({
		name: person,
		owner: `${person}@bank.example`,
		role: 'approver',
	}))
	return Promise.all(
		people.map(async (person) => {
			const { secret } = await client.call<{ secret: string }>('POST', '/v1/keys', {
				...person,
				expires: '1d',
			})
			return { ...person, key: secret }
		}),
	)
}

/** The whole conversation over HTTP, each call with the key of the person who speaks. */
export async function rollBack(client: DemoClient, people: readonly DemoPerson[]): Promise<DemoRollback> {
	const [ana, ben, carla] = people as [DemoPerson, DemoPerson, DemoPerson]
	const features = creditRisk.features.filter((feature) => feature.name !== 'income')
	await client.call('POST', `${path}/versions`, { version: earlierVersion, features })
	const asked = { kind: 'rollback', model: name, to: earlierVersion, reason }
	const request = await client.as(ana.key).call<Request>('POST', '/v1/requests', asked)
	const refused = await refusal(client, request, ana)
	const first = await approve(client, request, ben, 'the incident shows it')
	const follower = follow(client)
	await follower.known
	const last = await approve(client, request, carla, 'agreed, until the source is fixed')
	const began = performance.now()
	await follower.sees(request.action.to)
	const followedMs = performance.now() - began
	const done = await settled(client, request.id)
	return {
		request: request.id,
		reason,
		...request.action,
		actionDigest: request.actionDigest,
		refused,
		votes: [first, last],
		status: done.status,
		steps: done.execution?.steps ?? [],
		followedMs,
		ledger: await ledgerOf(client, request.id),
		open: await leaveOpen(client, ana),
	}
}

const voteOn = (client: DemoClient, { id, actionDigest }: Request, { key }: DemoPerson, why: string) =>
	client.as(key).answer('POST', `/v1/requests/${id}/votes`, { vote: 'approve', actionDigest, reason: why })

async function refusal(client: DemoClient, request: Request, person: DemoPerson) {
	const { status, body } = await voteOn(client, request, person, 'I am sure')
	const { code, detail } = body as { code: string; detail: string }
	if (status !== 403) throw new Error(`the vote of ${person.name} was answered with ${status}`)
	return { person: person.owner, code, detail }
}

async function approve(client: DemoClient, request: Request, person: DemoPerson, why: string): Promise<Vote> {
	const { status, body } = await voteOn(client, request, person, why)
	if (status !== 201)
		throw new Error(`the vote of ${person.name} was answered with ${status}: ${JSON.stringify(body)}`)
	const { votes, needs, status: now } = body as Request
	return { person: person.owner, answer: `${votes.length} of ${needs}: ${why}`, status: now }
}

type Deployment = { champion: string }

/** A process that serves what the deployment says, as docs/clients/follow.ts does. */
function follow(client: DemoClient) {
	const at = `${path}/deployments/production`
	let etag: string | undefined
	let champion: string | undefined
	const look = async () => {
		const headers = etag === undefined ? {} : { 'if-none-match': etag }
		const {
			status,
			body,
			headers: answered,
		} = await client.answer('GET', `${at}?wait=10s`, undefined, headers)
		if (status !== 200) return
		champion = (body as Deployment).champion
		etag = answered.get('etag') ?? undefined
	}
	return {
		known: look(),
		async sees(version: string): Promise<void> {
			const until = performance.now() + waitMs
			while (champion !== version) {
				if (performance.now() > until) throw new Error(`production serves ${champion}, not ${version}`)
				await look()
			}
		},
	}
}

/** The request once nothing more happens to it. */
async function settled(client: DemoClient, id: string): Promise<Request> {
	for (const until = performance.now() + waitMs; ; await sleep(50)) {
		const request = await client.call<Request>('GET', `/v1/requests/${id}`)
		if (!['approved', 'executing', 'verifying'].includes(request.status) || performance.now() > until)
			return request
	}
}

async function ledgerOf(client: DemoClient, id: string): Promise<string[]> {
	const { items } = await client.call<{ items: { action: string; object: string }[] }>(
		'GET',
		`/v1/audit/entries?object=request:${id}&limit=100`,
	)
	return items.map(({ action }) => action)
}

/** A promotion that one approver can decide on. */
async function leaveOpen(client: DemoClient, ana: DemoPerson): Promise<string> {
	const { model, features } = cardFraud
	await client.call('POST', `/v1/models/${model.model}/versions`, { version: '2', features })
	const asked = {
		kind: 'promotion',
		model: model.model,
		to: '2',
		reason: 'retrained on the outcomes of last month',
	}
	return (await client.as(ana.key).call<Request>('POST', '/v1/requests', asked)).id
}
