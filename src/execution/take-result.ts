import { eq } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { noteDelivery } from '../db/deliveries.ts'
import { type RequestStatus, requests } from '../db/schema.ts'
import type { Action } from '../ports/executors.ts'
import { openExecutor } from './claim.ts'
import { recordResult } from './result.ts'

/**
 * Takes the result that a target calls back with. Its signature takes the place of a key; a message that was about one request
 * is not taken for another. Throws `not-found`, `unauthenticated`, `invalid`, `conflict` and `not-open`.
 */
export async function takeResult(
	context: Context,
	request: string,
	headers: Headers,
	body: Uint8Array,
): Promise<{ status: 'done' | 'failed' }> {
	const id = headers.get('webhook-id') ?? ''
	if (id === '' || !headers.has('webhook-timestamp') || !headers.has('webhook-signature')) throw unsigned()
	const [row] = await context.db.select().from(requests).where(eq(requests.id, request))
	if (!row) throw new AppError('not-found', `There is no request "${request.slice(0, 100)}".`)
	const action = JSON.parse(row.action) as Action
	const { executor } = await openExecutor(context, action)
	if (!executor.resultOf)
		throw new AppError('conflict', `${executor.name}, which carries out ${request}, takes no results.`)
	const result = await executor.resultOf(headers, body)
	if (!result) throw unsigned()
	const isForeign = id.startsWith('req_') && id !== request
	if (isForeign || (await noteDelivery(context, { source: 'result', id, object: request })) === 'other')
		throw new AppError('conflict', `The message ${id} was about another request than ${request}.`)
	if (notStarted.has(row.status))
		throw new AppError('not-open', `${request} is ${row.status}, so no result is expected.`)
	await recordResult(context, request, result)
	return { status: result.status }
}

const notStarted: ReadonlySet<string> = new Set<RequestStatus>([
	'pending',
	'rejected',
	'cancelled',
	'expired',
])

const unsigned = () =>
	new AppError(
		'unauthenticated',
		'The signature is missing, wrong or more than five minutes old. Sign the body as in Standard Webhooks, with the secret of the executor.',
	)
