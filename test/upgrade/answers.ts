import { createHash } from 'node:crypto'
import type { Answered } from '../support/server.ts'

/** Texts that are written when somebody asks may be worded better by a later version. */
// `lookup`: the entry of the read itself, after those of the reads before it. The test compares it with the ledger.
const worded = new Set([
	'lookup',
	'reason',
	'detail',
	'message',
	'nextStep',
	'notes',
	'help',
	'description',
	'chain',
])
const withoutWording = (key: string, value: unknown) => (worded.has(key) && value !== null ? '…' : value)
/** The title of a problem goes by its code; that of an incident is stored. */
const withoutTitle = (key: string, value: unknown) => (key === 'title' ? '…' : withoutWording(key, value))

const maxKept = 20_000
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')

type Fetch = (path: string) => Promise<Answered>
export type Recorded = { path: string; status: number; body: unknown }

const sorted = (attributes: string): string => (attributes.match(/[\w:-]+="[^"]*"/g) ?? []).sort().join(' ')

/** An answer without its wording. Of a picture: without the text in it, and with sorted attributes. */
export const withoutWords = ({ path, status, body }: Recorded): Recorded => ({
	path,
	status,
	body:
		typeof body === 'string' && body.startsWith('<svg')
			? body
					.replace(/>[^<]+</g, '><')
					.replace(/<(\w+)( [^>]*[^/>])/g, (_, name, own) => `<${name} ${sorted(own)}`)
			: JSON.parse(JSON.stringify(body, status < 400 ? withoutWording : withoutTitle) ?? 'null'),
})

/** All pages of a list, one after another. */
async function pages(fetch: Fetch, path: string): Promise<Recorded[]> {
	const found: Recorded[] = []
	for (let next: string | null = path; next !== null; ) {
		const { status, body, text } = await fetch(next)
		// Pages of hundreds of values are kept as their digest: the database holds what they are made of.
		const kept = body === undefined ? text : JSON.parse(JSON.stringify(body, withoutWording))
		const isLarge = text.length > maxKept
		found.push({ path: next, status, body: isLarge ? digestOf(JSON.stringify(kept)) : kept })
		const cursor: unknown = body?.next
		next =
			typeof cursor === 'string'
				? `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`
				: null
	}
	return found
}

/**
 * What a service says about all that its database holds. The ledger comes first, since some look-ups
 * are noted in it. `metricIds`: those of the version that wrote the database, since later ones have more.
 */
export async function readAll(fetch: Fetch, metricIds: readonly string[]): Promise<Recorded[]> {
	const found: Recorded[] = []
	const read = async (path: string): Promise<Recorded[]> => {
		const answers = await pages(fetch, path)
		found.push(...answers)
		return answers
	}
	// biome-ignore lint/suspicious/noExplicitAny: answers of every kind, looked into for the names of what there is
	const items = (answers: Recorded[]): any[] => answers.flatMap(({ body }) => (body as any).items ?? [])
	await read('/v1/audit/entries?limit=500')
	for (const list of ['keys', 'jobs', 'silences', 'slack/users']) await read(`/v1/${list}?limit=100`)
	for (const { id } of items(await read('/v1/incidents?limit=100'))) await read(`/v1/incidents/${id}`)
	for (const { id } of items(await read('/v1/requests?limit=100'))) await read(`/v1/requests/${id}`)
	for (const { model, task } of items(await read('/v1/models?limit=100'))) {
		const path = `/v1/models/${model}`
		await read(path)
		for (const { version } of items(await read(`${path}/versions`))) await read(`${path}/versions/${version}`)
		for (const { environment } of items(await read(`${path}/deployments`))) {
			await read(`${path}/deployments/${environment}`)
			await read(`${path}/deployments/${environment}/history`)
			await read(`${path}/deployments/${environment}/comparison`)
		}
		for (const window of ['1h', '1d', '7d'])
			await read(`${path}/metrics?window=${window}&metric=${metricIds}&limit=1000`)
		await read(
			`${path}/metrics?window=7d&metric=drift.psi,quality.null_rate,performance.roc_auc,estimated.roc_auc,performance.rmse&limit=20`,
		)
		await read(`${path}/replays?limit=100`)
		for (const { revision } of items(await read(`${path}/reason-tables`)))
			await read(`${path}/reason-tables/${revision}`)
		await read(`${path}/bias`)
		await read(`${path}/segments/worst`)
		await read(`${path}/importance`)
		if (task === 'binary') await read(`${path}/importance.svg`)
	}
	return found
}

/** What it says about single predictions. */
export async function readPredictions(
	fetch: Fetch,
	model: string,
	ids: readonly string[],
): Promise<Recorded[]> {
	const found: Recorded[] = []
	for (const id of ids)
		for (const part of ['', '/explanation', '/explanation.svg'])
			found.push(...(await pages(fetch, `/v1/models/${model}/predictions/${id}${part}`)))
	for (const id of ids) found.push(...(await pages(fetch, `/v1/models/${model}/groups/${id}`)))
	found.push(...(await pages(fetch, `/v1/lineage?from=prediction:${model}/${ids[0]}`)))
	found.push(...(await pages(fetch, '/v1/lineage?from=commit:9fceb02')))
	found.push(...(await pages(fetch, '/v1/lineage/predictions?from=commit:9fceb02&limit=100')))
	return found
}
