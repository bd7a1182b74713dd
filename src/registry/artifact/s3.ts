import { AwsClient } from 'aws4fetch'
import { collectBytes } from '../../core/collect-bytes.ts'
import { AppError } from '../../core/errors.ts'
import { peerText } from '../../core/peer-text.ts'
import type { Result } from '../../core/result.ts'
import { type Attempt, retry } from '../../core/retry.ts'
import type { ArtifactStore } from '../../ports/artifacts.ts'

/** How to reach S3 or a compatible service. Without `endpoint`: Amazon's in the region. */
export type S3Setting = {
	accessKeyId: string
	secretAccessKey: string
	sessionToken?: string | undefined
	region: string
	endpoint?: string | undefined
}
export type S3Location = { bucket: string; key: string }

const timeoutMs = 10 * 60_000
const tries = 3
const pauseMs = 200

/** Parses `s3://bucket/key`; undefined for any other text. The key may be empty. */
export function parseS3(uri: string): S3Location | undefined {
	const match = /^s3:\/\/([^/?#]+)\/?(.*)$/s.exec(uri)
	return match ? { bucket: match[1] as string, key: (match[2] as string).replace(/\/+$/, '') } : undefined
}

const pathOf = (key: string): string => key.split('/').map(encodeURIComponent).join('/')

function urlOf({ endpoint, region }: S3Setting, { bucket, key }: S3Location): string {
	if (endpoint !== undefined) return `${endpoint.replace(/\/+$/, '')}/${bucket}/${pathOf(key)}`
	// A bucket with dots has no certificate of its own.
	if (bucket.includes('.')) return `https://s3.${region}.amazonaws.com/${bucket}/${pathOf(key)}`
	return `https://${bucket}.s3.${region}.amazonaws.com/${pathOf(key)}`
}

export type S3 = (
	method: 'GET' | 'HEAD' | 'PUT',
	location: S3Location,
	init?: RequestInit,
) => Promise<Response>

/** Signed requests, retried when the service is busy or the connection breaks. */
export function s3Client(setting: S3Setting, context: { fetch: typeof fetch }): S3 {
	const { accessKeyId, secretAccessKey, sessionToken, region } = setting
	const client = new AwsClient({
		accessKeyId,
		secretAccessKey,
		...(sessionToken === undefined ? {} : { sessionToken }),
		region,
		service: 's3',
	})
	const once = async (method: string, location: S3Location, init: RequestInit): Promise<Response> =>
		context.fetch(
			await client.sign(urlOf(setting, location), {
				...init,
				method,
				signal: AbortSignal.timeout(timeoutMs),
			}),
		)
	const pauseAfter = (attempt: Attempt<Response>): number | undefined => {
		if (attempt.number === tries) return undefined
		if (attempt.ok) {
			const { status, body } = attempt.value
			if (status < 500 && status !== 429) return undefined
			// A connection that broke makes it reject, which changes nothing.
			body?.cancel().catch(() => {})
		}
		return pauseMs * attempt.number
	}
	return async (method, location, init = {}) => {
		try {
			return await retry(() => once(method, location, init), pauseAfter)
		} catch (cause) {
			throw new AppError('unavailable', `S3 cannot be reached: ${reasonOf(cause)}`, { cause })
		}
	}
}

const reasonOf = (error: unknown): string =>
	peerText((error as { cause?: { code?: string } }).cause?.code ?? error)

/** An S3 error for the person who has to fix it: `403 AccessDenied`. */
async function refusal(response: Response): Promise<string> {
	const code = /<Code>([^<]+)<\/Code>/.exec(await response.text())?.[1]
	return `${response.status}${code === undefined ? '' : ` ${code}`}`
}

/** Objects of a bucket below a prefix, named by their digest. */
export function s3Store(s3: S3, { bucket, key: prefix }: S3Location): ArtifactStore {
	const locationOf = (digest: string): S3Location => ({
		bucket,
		key: [prefix, digest.slice(0, 2), digest].filter((part) => part !== '').join('/'),
	})
	const failed = async (what: string, response: Response) =>
		new AppError(
			'unavailable',
			`The artefact store s3://${bucket} ${what}: ${await refusal(response)}. Check PLUMBLINE_ARTIFACTS_URL and the AWS settings.`,
		)
	return {
		async has(digest) {
			const response = await s3('HEAD', locationOf(digest))
			if (response.ok) return true
			if (response.status === 404) return false
			throw await failed('cannot be reached', response)
		},
		async get(digest) {
			const response = await s3('GET', locationOf(digest))
			if (response.ok) return new Uint8Array(await response.arrayBuffer())
			const text = await response.clone().text()
			if (response.status === 404 && !text.includes('NoSuchBucket')) return undefined
			throw await failed('cannot be read', response)
		},
		async put(digest, bytes) {
			// The service checks the bytes against the digest.
			const headers = { 'x-amz-content-sha256': digest, 'content-type': 'application/octet-stream' }
			const body = bytes as Uint8Array<ArrayBuffer>
			const response = await s3('PUT', locationOf(digest), { body, headers })
			if (!response.ok) throw await failed('rejected the file', response)
		},
	}
}

/** One object, up to a size. */
export async function readS3(s3: S3, location: S3Location, maxBytes: number): Promise<Result<Uint8Array>> {
	const fault = (message: string, retryable: boolean): Result<Uint8Array> => ({
		ok: false,
		error: { message, retryable },
	})
	try {
		const response = await s3('GET', location)
		if (!response.ok) return fault(`S3 answered ${await refusal(response)}`, response.status >= 500)
		const bytes = await collectBytes(
			response.body,
			maxBytes,
			Number(response.headers.get('content-length') ?? 0),
		)
		return bytes ? { ok: true, value: bytes } : fault(overLimit(maxBytes), false)
	} catch (error) {
		return fault(peerText(error), true)
	}
}

export const overLimit = (maxBytes: number): string =>
	`it is over the limit of ${maxBytes} bytes (limit artifactBytes; PLUMBLINE_LIMIT_ARTIFACT_BYTES raises it)`
