import type { Result } from '../../core/result.ts'
import type { ArtifactSource } from '../../ports/artifacts.ts'
import { parseS3, readS3, type S3 } from './s3.ts'

/** What each kind of URI is read with; what is absent is not set up. */
export type SourceReaders = { web: ArtifactSource; s3?: S3 | undefined; file?: ArtifactSource | undefined }

export const failure = (message: string, retryable = false): Result<Uint8Array> => ({
	ok: false,
	error: { message, retryable },
})

const uploadInstead = 'or upload the model file'

/** Reads https, s3 and file URIs, each only as far as it is set up. */
export function artifactSource({ web, s3, file }: SourceReaders): ArtifactSource {
	return async (uri, maxBytes, sha256) => {
		const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase()
		if (scheme === 'https' || scheme === 'http') return web(uri, maxBytes, sha256)
		if (scheme === 's3') {
			const place = parseS3(uri)
			if (!place || place.key === '') return failure('it must be s3://bucket/key')
			if (!s3)
				return failure(
					`no credentials for S3 are set: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ${uploadInstead}`,
				)
			return readS3(s3, place, maxBytes)
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
