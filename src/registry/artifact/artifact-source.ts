import { collectBytes } from '../../core/collect-bytes.ts'
import { matchesGlob } from '../../core/glob.ts'
import { peerText } from '../../core/peer-text.ts'
import type { Result } from '../../core/result.ts'
import type { ArtifactSource } from '../../ports/artifacts.ts'
import { overLimit, parseS3, readS3, type S3, type S3Setting, s3Client } from './s3.ts'

/** Where model files are stored and read from, as configured. */
export type ArtifactSettings = {
	/** `s3://bucket/prefix` or `file:folder`; absent: beside the database. */
	url: string | undefined
	s3: S3Setting | undefined
	/** The folder that `file:` URIs may point into. */
	files: string | undefined
	hosts: TrustedHosts
}

export const s3Of = (
	{ s3 }: Pick<ArtifactSettings, 's3'>,
	context: { fetch: typeof fetch },
): S3 | undefined => s3 && s3Client(s3, context)

/** The reader of each kind of URI; an absent one is not configured. */
export type SourceReaders = { web: ArtifactSource; s3?: S3 | undefined; file?: ArtifactSource | undefined }

export const failure = (message: string, retryable = false): Result<Uint8Array> => ({
	ok: false,
	error: { message, retryable },
})

const uploadInstead = 'or upload the model file'

/** Reads https, s3 and file URIs, as far as each is configured. */
export function artifactSource({ web, s3, file }: SourceReaders): ArtifactSource {
	return async (uri, maxBytes, sha256) => {
		const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase()
		if (scheme === 'https' || scheme === 'http') return web(uri, maxBytes, sha256)
		if (scheme === 's3') {
			const location = parseS3(uri)
			if (!location || location.key === '') return failure('it must be s3://bucket/key')
			if (!s3)
				return failure(
					`no credentials for S3 are set: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ${uploadInstead}`,
				)
			return readS3(s3, location, maxBytes)
		}
		if (scheme === 'file') {
			if (!file)
				return failure(
					`files are not read by URI: set PLUMBLINE_ARTIFACT_FILES to the folder that they are in, ${uploadInstead}`,
				)
			return file(uri, maxBytes, sha256)
		}
		return failure(
			scheme === undefined
				? `it has no scheme: use https://, s3:// or file://, ${uploadInstead}`
				: `${scheme}: is not read here: use https://, s3:// or file://, ${uploadInstead}`,
		)
	}
}

const maxRedirects = 5
const timeoutMs = 5 * 60_000

/** Globs of `host` or `host:port` that may be read although they are private, or have no TLS. */
export type TrustedHosts = readonly string[]

export const isTrusted = (url: URL, trusted: TrustedHosts): boolean =>
	trusted.some((glob) => matchesGlob(glob, url.hostname) || matchesGlob(glob, url.host))

/** Names that no public host has. `fetch` checks the addresses that public names resolve to. */
const privateName = /^(localhost|[^.]+|.*\.(localhost|local|internal|intranet|lan|home|corp|home\.arpa))\.?$/i
const isAddress = (host: string): boolean => /^[\d.]+$/.test(host) || host.startsWith('[')

/** Why a URL must not be read; undefined when it may. */
function refusalOf(url: URL, trusted: TrustedHosts): string | undefined {
	if (isTrusted(url, trusted)) return undefined
	const allow = `An administrator can allow it with PLUMBLINE_ARTIFACT_HOSTS=${url.host}`
	if (url.protocol !== 'https:') return `only https is read. ${allow}`
	if (privateName.test(url.hostname) || isAddress(url.hostname))
		return `${url.hostname} is not the name of a public host. ${allow}`
	return undefined
}

/**
 * Reads https URLs of public hosts, and any URL of trusted hosts. Redirects are followed under the same rules. `fetch` must
 * not connect to private addresses of hosts that are not trusted.
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
					return failure('a URL that contains a password is not read: use a signed URL, or s3://')
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
