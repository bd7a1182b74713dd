import { AppError } from '../../core/errors.ts'
import { toVerification, type Verification } from '../../evidence/ledger/verification.schema.ts'
import { logOfFiles } from '../../ledger/log-files.ts'
import { verifyLog } from '../../ledger/verify-log.ts'
import { callApi } from '../api.ts'
import type { Terminal } from '../command.ts'
import type { VerifyInput } from './verify-input.ts'

/** Verifies the log of a running service; what its entries commit to is verified by the service itself. */
export async function verifyServer(
	terminal: Terminal,
	url: string,
	input: VerifyInput,
): Promise<Verification> {
	const base = url.replace(/\/+$/, '')
	const there = { ...terminal, config: { ...terminal.config, PLUMBLINE_URL: base } }
	const source = logOfFiles((path) => readFile(terminal, `${base}/v1/audit/${path}`))
	const log = await verifyLog(source, input)
	const { body } = await callApi(there, 'POST', '/v1/audit/verification')
	const own = body as Verification
	const failures = own.failures.map(({ where, what }) => ({
		kind: own.status === 'mismatch' ? ('mismatch' as const) : ('unverifiable' as const),
		where: `${where} (found by the service)`,
		what,
	}))
	return toVerification({ ...log, failures: [...log.failures, ...failures] }, own.records)
}

/** What a problem says; of anything else its beginning. */
function detailOf(body: string): string {
	try {
		const { detail } = JSON.parse(body) as { detail?: unknown }
		if (typeof detail === 'string') return detail
	} catch {}
	return body.slice(0, 300)
}

async function readFile({ config }: Terminal, url: string): Promise<Uint8Array | undefined> {
	const key = config.PLUMBLINE_KEY ?? config.PLUMBLINE_ADMIN_KEY
	if (key === undefined)
		throw new AppError('unauthenticated', 'Set PLUMBLINE_KEY to a key of the service with the role auditor.')
	const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } }).catch((cause) => {
		throw new AppError('unavailable', `${url} cannot be read: ${(cause as Error).message}.`, { cause })
	})
	if (response.status === 404) return undefined
	if (!response.ok)
		throw new AppError(
			'unavailable',
			`GET ${url} returned ${response.status}: ${detailOf(await response.text())}`,
		)
	return new Uint8Array(await response.arrayBuffer())
}
