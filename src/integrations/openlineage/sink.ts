import type { Context } from '../../context.ts'
import { collectBytes } from '../../core/collect-bytes.ts'
import { peerText } from '../../core/peer-text.ts'
import { secondMs } from '../../core/time.ts'
import type { LineageSink } from '../../ports/lineage.ts'
import { toRunEvent } from './run-event.ts'

export type OpenLineageOptions = {
	/** A URL without a path means `/api/v1/lineage`, where Marquez and others listen. */
	url: string
	apiKey?: string | undefined
	namespace?: string | undefined
}

const timeoutMs = 10 * secondMs
const maxResponseBytes = 2 ** 20
// These reject the event itself, so a retry is useless. Any other failure may be fixed in time.
const final = new Set([400, 413, 415, 422])

/** Sends events over HTTP, as OpenLineage's own clients do. */
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
				const reply = new TextDecoder().decode(await collectBytes(response.body, maxResponseBytes))
				if (response.ok) return { ok: true, value: 'sent' }
				const { status } = response
				const wait = Number(response.headers.get('retry-after')) || 1
				return {
					ok: false,
					error: {
						message: `OpenLineage answered ${status}: ${peerText(reply)}`,
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
