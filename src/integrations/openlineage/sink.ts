import type { Context } from '../../context.ts'
import { collectBytes } from '../../core/collect-bytes.ts'
import { peerText } from '../../core/peer-text.ts'
import { secondMs } from '../../core/time.ts'
import type { LineageSink } from '../../ports/lineage.ts'
import { toRunEvent } from './run-event.ts'

export type OpenLineageOptions = {
	/** With a path it is taken as it is; without one, `/api/v1/lineage` is meant, where Marquez and others listen. */
	url: string
	apiKey?: string | undefined
	namespace?: string | undefined
}

const timeoutMs = 10 * secondMs
const longestAnswer = 2 ** 20
// What is wrong with the event itself: sending it again is no use. All else, a person may mend in time.
const final = new Set([400, 413, 415, 422])

/** Sends events by HTTP, as OpenLineage's own clients do. */
export function openLineageSink(
	context: Pick<Context, 'fetch' | 'publicUrl'>,
	options: OpenLineageOptions,
): LineageSink {
	const endpoint = new URL(options.url).pathname === '/' ? `${options.url}/api/v1/lineage` : options.url
	const headers = {
		'content-type': 'application/json',
		...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
	}
	return {
		send: async (fact, type) => {
			try {
				const event = await toRunEvent(fact, type, {
					namespace: options.namespace ?? 'plumbline',
					producer: context.publicUrl,
				})
				const body = JSON.stringify(event)
				const signal = AbortSignal.timeout(timeoutMs)
				const response = await context.fetch(endpoint, { method: 'POST', headers, body, signal })
				const answer = new TextDecoder().decode(await collectBytes(response.body, longestAnswer))
				if (response.ok) return { ok: true, value: 'sent' }
				const { status } = response
				const wait = Number(response.headers.get('retry-after')) || 1
				return {
					ok: false,
					error: {
						message: `OpenLineage answered ${status}: ${peerText(answer)}`,
						retryable: !final.has(status),
						...(status === 429 ? { retryAfterMs: wait * secondMs } : {}),
					},
				}
			} catch (error) {
				return { ok: false, error: { message: peerText(error), retryable: true } }
			}
		},
	}
}
