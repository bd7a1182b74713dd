import { collectBytes } from '../../core/collect-bytes.ts'
import { matchesGlob } from '../../core/glob.ts'
import { peerText } from '../../core/peer-text.ts'
import type { ArtifactSource } from '../../ports/artifacts.ts'
import { failure } from './artifact-source.ts'
import { overLimit } from './s3.ts'

const maxRedirects = 5
const timeoutMs = 5 * 60_000

/** Globs of `host` or `host:port` that may be read although they are private, or have no TLS. */
export type TrustedHosts = readonly string[]

export const isTrusted = (url: URL, trusted: TrustedHosts): boolean =>
	trusted.some((glob) => matchesGlob(glob, url.hostname) || matchesGlob(glob, url.host))

/** Names that no public host has. What a public name resolves to is for `fetch` to check. */
const privateName = /^(localhost|[^.]+|.*\.(localhost|local|internal|intranet|lan|home|corp|home\.arpa))\.?$/i
const isAddress = (host: string): boolean => /^[\d.]+$/.test(host) || host.startsWith('[')

/** Why a URL is not to be read; undefined when it may. */
function refusalOf(url: URL, trusted: TrustedHosts): string | undefined {
	if (isTrusted(url, trusted)) return undefined
	const allow = `An administrator can allow it with PLUMBLINE_ARTIFACT_HOSTS=${url.host}`
	if (url.protocol !== 'https:') return `only https is read (limit of the service). ${allow}`
	if (privateName.test(url.hostname) || isAddress(url.hostname))
		return `${url.hostname} is not the name of a public host. ${allow}`
	return undefined
}

/**
 * Reads https URLs of public hosts, and whatever of trusted hosts. A redirect is followed only to where a URL may lead.
 * `fetch` must not connect to private addresses of hosts that are not trusted.
 */
export function webSource(fetch: typeof globalThis.fetch, trusted: TrustedHosts): ArtifactSource {
	return async (uri, maxBytes) => {
		const signal = AbortSignal.timeout(timeoutMs)
		try {
			let url = new URL(uri)
			for (let hop = 0; hop <= maxRedirects; hop++) {
				const refusal = refusalOf(url, trusted)
				if (refusal !== undefined) return failure(refusal)
				if (url.username !== '' || url.password !== '')
					return failure('a URL with a password in it is not read: sign it, or use s3://')
				const response = await fetch(url, { redirect: 'manual', signal })
				const location = response.headers.get('location')
				if (response.status >= 300 && response.status < 400 && location !== null) {
					await response.body?.cancel()
					url = new URL(location, url)
					continue
				}
				if (!response.ok) {
					await response.body?.cancel()
					return failure(`${url.host} answered ${response.status}`, response.status >= 500)
				}
				const expected = response.headers.has('content-encoding')
					? 0
					: Number(response.headers.get('content-length') ?? 0)
				const bytes = await collectBytes(response.body, maxBytes, expected)
				return bytes ? { ok: true, value: bytes } : failure(overLimit(maxBytes))
			}
			return failure(`it redirects more than ${maxRedirects} times`)
		} catch (error) {
			const { cause, message } = error as Error & { cause?: { code?: string; message?: string } }
			return failure(peerText(cause?.message ?? cause?.code ?? message), true)
		}
	}
}
